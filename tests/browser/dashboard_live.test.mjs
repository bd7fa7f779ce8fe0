// Live numbers in the dashboard: a visit in one browser shows in another, whatever breaks in between.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startServer } from '../support/http_server.mjs';
import { call } from '../support/client.mjs';
import { Front } from '../support/front.mjs';
import { poll } from '../support/waiters.mjs';
import { startWorkerd } from '../support/workerd.mjs';
import { assertAccessible, painted, picture, settled, startPages, startSite } from './dashboard_support.mjs';
import { newContext } from './support.mjs';

const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0';

const now = (page) => page.getByRole('region', { name: 'Right now' });
const state = (page) => now(page).getByRole('status').textContent();
const people = async (page) => Number(await now(page).locator('.people strong').textContent());
const lately = async (page) => Number(/([\d,]+) views? in the last 30 minutes/.exec(await now(page).textContent())?.[1].replace(',', ''));
const shows = (page, views) => poll(async () => (await lately(page)) === views, `${views} views in the last 30 minutes`);
const isLive = (page) => poll(async () => (await state(page)) === 'Live', 'the WebSocket');

/** A site with its own origin and the snippet on each page. */
const startBlog = (t, front) =>
  startServer(t, (_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><title>t</title><link rel=icon href=data:,><script defer src="${front().url}/footfall.js"></script>`);
  });

test('a visit in one browser shows in another, without a request', async (t) => {
  let front;
  const blog = await startBlog(t, () => front);
  ({ front } = await startSite(t, { vars: { ALLOWED_ORIGINS: blog } }));
  const page = await (await startPages(t, front))();
  await page.getByRole('heading', { name: 'No visit yet' }).waitFor();
  await isLive(page);
  const asked = asks(page);
  const visitor = await (await newContext(t)).newPage();
  const counted = visitor.waitForResponse((response) => response.url().endsWith('/visit'));
  await visitor.goto(`${blog}/first`);
  await counted;
  const answered = performance.now();
  await shows(page, 1);
  // The delay is measured but not asserted, because the machine may be busy. The page gets a message and sends no request, which makes it fast.
  t.diagnostic(`shown ${Math.round(performance.now() - answered)} ms after the visit was answered`);
  assert.equal(asked(), 0);
  assert.equal(await people(page), 1);
  // The sums change without a click.
  await poll(async () => (await page.locator('.cards strong').first().textContent()) === '1', 'the sum');
  await page.getByRole('region', { name: 'Pages', exact: true }).getByText('/first').waitFor();
  await assertAccessible(page, 'live');
});

test('after a kill and a restart, the page recovers by itself, and its numbers are right', async (t) => {
  const storage = mkdtempSync(join(tmpdir(), 'footfall-live-'));
  t.after(() => rmSync(storage, { recursive: true, force: true }));
  const vars = { STATS: 'public' };
  const start = () => startWorkerd(t, { vars, storage });
  const first = await start();
  const front = await new Front(first.url).listen(t);
  const page = await (await startPages(t, front))();
  await isLive(page);
  const visit = (n) => call(`${front.url}/counter`, { method: 'POST', headers: { origin: front.url, 'user-agent': AGENT, 'content-type': 'text/plain' }, body: JSON.stringify({ id: `visit-${n}` }) });
  for (let n = 0; n < 5; n += 1) assert.equal((await visit(n)).visit, 'counted');
  await shows(page, 5);
  await first.stop();
  await poll(async () => (await state(page)) !== 'Live', 'the loss');
  const second = await start();
  front.worker = second.url;
  await isLive(page);
  await shows(page, 5);
  for (let n = 4; n < 8; n += 1) assert.equal((await visit(n)).visit, n === 4 ? 'duplicate' : 'counted');
  await shows(page, 8);
  assert.equal(await people(page), 1);
});

test('if no WebSocket gets through, the page polls, and switches when one does', async (t) => {
  const { front } = await startSite(t, { past: { days: 2 } });
  front.upgrades = false;
  const page = await (await startPages(t, front))();
  await poll(async () => (await state(page)) === 'Every 10 seconds', 'the page asks');
  assert.ok(Number.isInteger(await lately(page)));
  front.upgrades = true;
  await isLive(page);
});

test('a page that is left closes its WebSocket, so that the browser may keep it, and opens another when it is shown again', async (t) => {
  const { footfall, front } = await startSite(t);
  const page = await (await startPages(t, front))();
  await isLive(page);
  const happens = (event) => page.evaluate((name) => dispatchEvent(new PageTransitionEvent(name, { persisted: true })), event);
  assert.ok(front.ends > 0);
  await happens('pagehide');
  await poll(() => front.ends === 0, 'the end of the WebSocket');
  await call(`${footfall.url}/`, { headers: { 'user-agent': AGENT } });
  await happens('pageshow');
  await shows(page, 1);
});

/** The requests for what a WebSocket would send. */
function asks(page) {
  const asked = [];
  page.on('request', (request) => new URL(request.url()).pathname.endsWith('/live') && asked.push(request));
  return () => asked.length;
}

test('if a proxy swallows WebSockets, the page does not wait for ever', async (t) => {
  const { front } = await startSite(t, { past: { days: 2 } });
  front.swallows = true;
  const page = await (await startPages(t, front))('/dashboard/default', { clock: true });
  await poll(() => front.ends > 0, 'the WebSocket that gets no answer');
  await page.clock.fastForward(10_500);
  await poll(async () => (await state(page)) === 'Every 10 seconds', 'the page asks');
  front.swallows = false;
  front.drop();
  await isLive(page);
});

test('a page that polled and was left polls again when it is shown again', async (t) => {
  const { front } = await startSite(t, { past: { days: 2 } });
  front.upgrades = false;
  const page = await (await startPages(t, front))();
  await poll(async () => (await state(page)) === 'Every 10 seconds', 'the page asks');
  const asked = asks(page);
  for (const event of ['pagehide', 'pageshow']) await page.evaluate((name) => dispatchEvent(new PageTransitionEvent(name, { persisted: true })), event);
  await poll(() => asked() > 0, 'a question');
  front.upgrades = true;
  await isLive(page);
});

test('a hidden page sends no requests, and sends them at once when it is shown', async (t) => {
  const { front } = await startSite(t, { past: { days: 2 } });
  front.upgrades = false;
  const page = await (await startPages(t, front))('/dashboard/default', { clock: true });
  await poll(async () => {
    await page.clock.fastForward(1_000);
    return (await state(page)) === 'Every 10 seconds';
  }, 'the page asks');
  await settled(page);
  const look = (looks) => page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event('visibilitychange'));
  }, !looks);
  await look(false);
  // Requests in flight may end.
  await page.clock.fastForward(11_000);
  await painted(page);
  const before = front.paths.length;
  for (let minute = 0; minute < 5; minute += 1) {
    await page.clock.fastForward(60_000);
    await painted(page);
  }
  // It sends none for the next day either.
  await page.clock.fastForward(24 * 3_600_000);
  await painted(page);
  assert.deepEqual(front.paths.slice(before), []);
  const asked = asks(page);
  const tomorrow = await page.evaluate(() => new Date().toISOString().slice(0, 10));
  await look(true);
  await poll(() => asked() > 0, 'a question');
  await page.clock.fastForward(6_000);
  await poll(() => front.paths.slice(before).some((path) => path.includes(`to=${tomorrow}`)), 'the day that it is now');
  // The browser complains if the Worker ends in the middle of an answer.
  front.upgrades = true;
  await isLive(page);
  await settled(page);
});

test('pictures of the live dashboard', async (t) => {
  const { footfall, front } = await startSite(t, { past: { days: 120 } });
  for (let n = 0; n < 60; n += 1) await call(`${footfall.url}/`, { headers: { 'user-agent': AGENT, 'cf-connecting-ip': `203.0.113.${n % 23}` } });
  const page = await (await startPages(t, front))();
  await isLive(page);
  assert.equal(await people(page), 23);
  await settled(page);
  await picture(page, 'dashboard-live');
});
