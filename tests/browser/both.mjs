// Pages in Chromium and in Firefox, told the same things: Puppeteer drives Firefox by WebDriver BiDi.

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

/** Whether there is a Firefox. */
const skip = { Chromium: false, Firefox: !programOf('firefox-esr') && 'Firefox is not installed' };

/** Runs a test once in each browser. `work` gets the test's context and the browser's name. */
export function inBoth(name, work) {
  for (const program of Object.keys(PROGRAMS)) test(`${name} (${program})`, { skip: skip[program] }, (t) => work(t, program));
}

/** The browsers that the tests of a file share, by their names, once a test has asked for them. */
const shared = {};
after(() => Promise.all(Object.values(shared).map(async (browser) => (await browser).close())));

/**
 * A tab in a context of its own, with its own storage and cache, and what its console says. A browser that a program drives says so (`navigator.webdriver`); `driven` lets
 * it, as the script counts no such browser.
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
