// Pages in Chromium and in Firefox, told the same things: Puppeteer drives Firefox by WebDriver BiDi.

import { test } from 'node:test';
import puppeteer from 'puppeteer-core';
import { chromiumBinary, firefoxBinary } from '../../tools/browsers.mjs';
import { AGENT } from './support.mjs';

const PROGRAMS = {
  Chromium: async () => ({
    browser: 'chrome',
    executablePath: await chromiumBinary(),
    args: ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-blink-features=AutomationControlled', `--user-agent=${AGENT}`],
    ignoreDefaultArgs: ['--enable-automation'],
  }),
  Firefox: async () => ({ browser: 'firefox', executablePath: await firefoxBinary(), extraPrefsFirefox: { 'remote.prefs.recommended': true } }),
};

/** Runs a test once in each browser. `work` gets the test's context and the browser's name. */
export function inBoth(name, work) {
  for (const program of Object.keys(PROGRAMS)) test(`${name} (${program})`, (t) => work(t, program));
}

/**
 * A tab in a browser of its own, and what its console says. A browser that a program drives says so (`navigator.webdriver`); `driven` lets
 * it, as the script counts no such browser.
 */
export async function openTab(t, program, { driven = false } = {}) {
  const browser = await puppeteer.launch(await PROGRAMS[program]());
  t.after(() => browser.close());
  const tab = await browser.newPage();
  await tab.evaluateOnNewDocument((is) => Object.defineProperty(Navigator.prototype, 'webdriver', { get: () => is }), driven);
  const lines = [];
  tab.on('console', (message) => lines.push(message.text()));
  tab.on('pageerror', (error) => lines.push(`error: ${error.message}`));
  return { tab, lines };
}
