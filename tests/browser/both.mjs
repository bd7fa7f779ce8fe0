// Opens pages in Chromium and in Firefox with one interface. Puppeteer drives Firefox with WebDriver BiDi.

import { after, test } from 'node:test';
import puppeteer from 'puppeteer-core';
import { chromiumBinary, programOf } from '../../tools/programs.mjs';
import { AGENT } from './support.mjs';

const PROGRAMS = {
  Chromium: async () => ({
    browser: 'chrome',
    executablePath: await chromiumBinary(),
    args: ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-blink-features=AutomationControlled', `--user-agent=${AGENT}`],
    ignoreDefaultArgs: ['--enable-automation'],
  }),
  Firefox: async () => ({ browser: 'firefox', executablePath: programOf('firefox-esr'), extraPrefsFirefox: { 'remote.prefs.recommended': true } }),
};

/** The reason to skip a browser's tests, or false. */
const skip = { Chromium: false, Firefox: !programOf('firefox-esr') && 'Firefox is not installed' };

/** Defines a test for each browser. `work` gets the test's context and the browser's name. */
export function inBoth(name, work) {
  for (const program of Object.keys(PROGRAMS)) test(`${name} (${program})`, { skip: skip[program] }, (t) => work(t, program));
}

/** The browsers that the tests of a file share, by name, started on demand. */
const shared = {};
after(() => Promise.all(Object.values(shared).map(async (browser) => (await browser).close())));

/**
 * A tab in a context of its own, with its own storage and cache, and its console messages. A browser that a program drives says so
 * (`navigator.webdriver`), and the script does not count it. Unless `driven` is set, this hides it.
 */
export async function openTab(t, program, { driven = false } = {}) {
  shared[program] ??= PROGRAMS[program]().then((options) => puppeteer.launch(options));
  const context = await (await shared[program]).createBrowserContext();
  t.after(() => context.close());
  const tab = await context.newPage();
  await tab.evaluateOnNewDocument((is) => Object.defineProperty(Navigator.prototype, 'webdriver', { get: () => is }), driven);
  const lines = [];
  tab.on('console', (message) => lines.push(message.text()));
  tab.on('pageerror', (error) => lines.push(`error: ${error.message}`));
  return { tab, lines };
}
