// Shared by the tests of the dashboard: a Worker with a past, its dashboard in Chromium, axe, and pictures.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../../tools/pins.mjs';
import { Front } from '../support/front.mjs';
import { poll } from '../support/waiters.mjs';
import { startWorkerd } from '../support/workerd.mjs';
import { history } from './history.mjs';
import { newContext } from './support.mjs';

export const OWNER = 'owner-of-a-test-0123';
export const READER = 'reader-of-a-test-0123';

/** The directory for pictures. FOOTFALL_PICTURES can name docs/images, to renew those in the documents. */
const PICTURES = process.env.FOOTFALL_PICTURES ?? join(ROOT, 'dist', 'pictures');

const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** The browser's own messages about answers that are errors and about a network that is down. Tests that expect them say so. */
const EXPECTED = /Failed to load resource|WebSocket connection to/;

/** Starts a Worker behind a front. `past` comes from {@link history}; without it, nothing was ever counted. */
export async function startSite(t, { past, vars, ...more } = {}) {
  const all = Object.entries({ STATS: 'public', ADMIN_TOKEN: OWNER, ...vars }).filter(([, value]) => value !== undefined);
  const footfall = await startWorkerd(t, { vars: Object.fromEntries(all), ...more });
  if (past) {
    const answer = await fetch(`${footfall.url}/api/sites/default/import`, { method: 'POST', headers: { authorization: `Bearer ${OWNER}` }, body: history(past) });
    assert.equal(answer.status, 200, await answer.text());
  }
  const front = await new Front(footfall.url).listen(t);
  return { footfall, front };
}

/**
 * Opens pages of a front: `open(path, options)`. With `clock`, the test moves the page's clock. A request to another origin or a complaint in the
 * page's console fails the test.
 */
export async function startPages(t, front, { expected = /WebSocket/ } = {}) {
  const complaints = [];
  const elsewhere = [];
  t.after(() => assert.deepEqual({ complaints, elsewhere }, { complaints: [], elsewhere: [] }));
  return async (path = '/dashboard/default', { clock = false, ...options } = {}) => {
    const context = await newContext(t, { viewport: { width: 1280, height: 900 }, locale: 'en-GB', timezoneId: 'UTC', ...options });
    context.on('weberror', (error) => complaints.push(String(error.error())));
    context.on('console', (message) => {
      const text = message.text();
      if (['error', 'warning'].includes(message.type()) && !(EXPECTED.test(text) && expected.test(text))) complaints.push(text);
    });
    const own = [front.url, front.url.replace('http', 'ws'), 'blob:'];
    const look = (url) => own.some((start) => url.startsWith(start)) || elsewhere.push(url);
    context.on('request', (request) => look(request.url()));
    if (clock) await context.clock.install();
    await context.addInitScript(() => {
      globalThis.shifts = 0;
      new PerformanceObserver((list) => list.getEntries().forEach(({ value }) => (globalThis.shifts += value))).observe({ type: 'layout-shift', buffered: true });
    });
    const page = await context.newPage();
    page.on('websocket', (socket) => look(socket.url()));
    await page.goto(`${front.url}${path}`);
    return page;
  };
}

/**
 * Starts a site with a `past` and opens its dashboard, at `path`, in a page that shows everything. `expected` is as for {@link startPages}, and
 * the other options are those of a page.
 */
export async function openDashboard(t, past, path, { expected, ...options } = {}) {
  const { footfall, front } = await startSite(t, { past });
  const open = await startPages(t, front, { expected });
  const page = await open(path, options);
  await settled(page);
  return { footfall, front, open, page };
}

/** Waits until a click has been drawn and its requests were sent: the page sends them after the next frame. */
export const painted = (page) => page.evaluate(async () => {
  for (let frame = 0; frame < 3; frame += 1) await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
});

/** Waits until everything is loaded. */
export async function settled(page) {
  await poll(async () => {
    await painted(page);
    return (await page.locator('.chart').count()) === 1 && (await page.locator('[aria-busy], .skeleton, .loading').count()) === 0;
  }, 'the dashboard');
}

/** Checks that axe finds nothing against WCAG 2.2 A and AA or its own best practices. */
export async function assertAccessible(page, what) {
  // Evaluated rather than inserted, because the page's policy allows no other scripts.
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(' | ')}`);
  });
  assert.deepEqual(found, [], what);
}

/** Takes a picture of the whole page and checks it with axe. */
export async function picture(page, name) {
  await assertAccessible(page, name);
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true, animations: 'disabled' });
}
