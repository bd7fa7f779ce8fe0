// The dashboard while an answer is on its way, and when none comes: it never shows one number for another, and never retries too often.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poll } from '../support/waiters.mjs';
import { openDashboard, painted, READER, settled, startPages, startSite } from './dashboard_support.mjs';

const day = (ago) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);

/** Holds back the answers to those of a page's requests that `which` picks, until they are released. */
async function hold(page, which) {
  const held = [];
  const hand = (route) => (which(new URL(route.request().url())) ? void held.push(route) : route.continue());
  await page.route('**/api/**', hand);
  return {
    count: () => held.length,
    async release() {
      await page.unroute('**/api/**', hand);
      for (const route of held) await route.continue().catch(() => {});
    },
  };
}

/** Sets whether the page is visible. */
const look = (page, looks) => page.evaluate((hidden) => {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event('visibilitychange'));
}, !looks);

/** Whether a request is for the period before: for its sums with `compare`, for its chart with past days. */
const isOfBefore = ({ searchParams }) => searchParams.has('compare') || searchParams.get('to') !== day(0);

test('sums of different periods are not compared, and those of another period are pale', async (t) => {
  const { page } = await openDashboard(t, { days: 120 });
  const views = page.locator('.cards > div').first();
  const now = await views.textContent();
  assert.match(now, /from [\d,]+ in the period before/);
  const opacity = () => page.locator('.cards').evaluate((cards) => getComputedStyle(cards).opacity);
  assert.equal(await opacity(), '1');
  const all = await hold(page, ({ pathname }) => pathname.endsWith('/summary'));
  await page.getByRole('link', { name: '7 days' }).click();
  await poll(async () => (await opacity()) < 0.9, 'sums of 30 days, which are pale');
  await all.release();
  await poll(async () => (await opacity()) === '1' && /from/.test(await views.textContent()), 'the sums of 7 days');
  const earlier = await hold(page, isOfBefore);
  await page.getByRole('link', { name: '90 days' }).click();
  await poll(async () => earlier.count() >= 2 && (await page.getByRole('slider').getAttribute('aria-valuemax')) === '89', '90 days, and the questions of the period before');
  assert.doesNotMatch(await views.textContent(), /from/);
  assert.equal(await page.locator('path.earlier').count(), 0);
  await earlier.release();
  await settled(page);
  await poll(async () => (await page.locator('path.earlier').count()) === 1, 'the period before');
});

test('a filter is not compared with all views', async (t) => {
  const { front, page } = await openDashboard(t, { days: 120 });
  const earlier = await hold(page, isOfBefore);
  await page.getByRole('region', { name: 'Pages', exact: true }).getByRole('link', { name: '/about' }).click();
  const label = () => page.getByRole('slider').getAttribute('aria-valuetext');
  const { series } = await (await fetch(`${front.url}/api/sites/default/series?page=/about`)).json();
  await poll(async () => (await label()).includes(`: ${series.at(-1).views} view`), 'the views of the page');
  assert.doesNotMatch(await label(), /the period before/);
  await earlier.release();
  await poll(async () => /the period before/.test(await label()), 'those of the page before');
  // Requests in flight end before the Worker does.
  await settled(page);
});

test('everything that is loading says so', async (t) => {
  const { front, page } = await openDashboard(t, { days: 30 });
  const lists = await hold(page, ({ pathname }) => !/summary|live/.test(pathname));
  await page.goto(`${front.url}/dashboard/default?period=7d`);
  await poll(() => lists.count() >= 8, 'the questions');
  for (const name of ['Views and visitors', 'Pages', 'Referrers', 'Countries', 'Devices', 'Campaigns', 'Not counted']) {
    assert.equal(await page.getByRole('region', { name, exact: true }).getByRole('status').textContent(), 'Loading', name);
  }
  await lists.release();
  await settled(page);
});

test('a list keeps its names while another is loading', async (t) => {
  const { page } = await openDashboard(t, { days: 30 });
  const medium = await hold(page, ({ searchParams }) => searchParams.get('by') === 'medium');
  const names = () => page.getByRole('region', { name: 'Campaigns' }).locator('tbody a').allTextContents();
  const campaigns = await names();
  await page.getByRole('link', { name: 'Medium' }).click();
  await poll(() => medium.count() > 0, 'the question');
  await painted(page);
  assert.deepEqual(await names(), campaigns);
  await medium.release();
  await poll(async () => (await names()).includes('mail'), 'the media');
});

/** Opens a dashboard with a clock that the test moves, then cuts its network, and lets the page notice. */
async function openAndCut(t) {
  const { front, page } = await openDashboard(t, { days: 30 }, '/dashboard/default', { expected: /net::ERR|WebSocket/, clock: true });
  front.cut = true;
  front.drop();
  await page.evaluate(() => dispatchEvent(new Event('online')));
  return { front, page };
}

test('without answers, retries come after longer and longer waits, and the error is announced once', async (t) => {
  const { front, page } = await openAndCut(t);
  const said = page.locator('.stale [role=status]');
  await said.waitFor();
  const first = await said.elementHandle();
  const text = await said.textContent();
  const asked = () => front.paths.filter((path) => path.includes('/summary')).length;
  const waits = () => page.getByText('The next try is at').count();
  for (let tries = 0; tries < 4; tries += 1) {
    const before = asked();
    // Longer than any wait.
    await page.clock.fastForward(61_000);
    await poll(async () => asked() > before && (await waits()) === 1, 'a failed try');
  }
  await painted(page);
  const before = asked();
  await page.clock.fastForward(30_000);
  await painted(page);
  assert.equal(asked(), before, 'after four tries, the next is a minute away');
  assert.ok(await first.evaluate((element, was) => element.isConnected && element.textContent === was, text), 'it is not announced again with each try');
});

test('when the WebSocket returns, so do the numbers', async (t) => {
  const { front, page } = await openAndCut(t);
  await page.locator('.stale').waitFor();
  // After so many tries, the next one is a minute away, and that of the WebSocket half a minute.
  for (let tries = 0; tries < 5; tries += 1) {
    await page.clock.fastForward(61_000);
    await page.getByText('The next try is at').waitFor();
    await painted(page);
  }
  front.cut = false;
  // From here on, the test moves the clock, so the numbers come before the minute is over, however busy the machine is.
  await page.clock.pauseAt(await page.evaluate(() => Date.now() + 31_000));
  for (let ms = 0; (await page.locator('.stale').count()) > 0; ms += 4) {
    assert.ok(ms < 20_000, 'they come before the minute is over');
    await page.clock.runFor(4);
  }
});

test('numbers are as old as their answer, even in a page that stayed open', async (t) => {
  const { front, page } = await openDashboard(t, { days: 30 }, '/dashboard/default', { expected: /net::ERR|WebSocket/, clock: true });
  const clock = () => page.evaluate(() => Math.floor(Date.now() / 1_000));
  const loaded = await clock();
  await look(page, false);
  front.cut = true;
  front.drop();
  await page.clock.fastForward(3 * 3_600_000);
  await painted(page);
  await look(page, true);
  const [, time] = /These numbers are from (\d\d:\d\d:\d\d)/.exec(await page.locator('.stale').textContent());
  const age = (await clock()) - loaded;
  assert.ok(age >= 3 * 3_600, `${age} s`);
  const said = new Date(`1970-01-01T${time}Z`).getTime() / 1_000;
  assert.ok((loaded - said + 86_400) % 86_400 < 60, `loaded at ${new Date(loaded * 1_000).toISOString()}, numbers are from ${time}`);
});

test('after a token was refused for a while, the page asks for it and accepts it again', async (t) => {
  const { front } = await startSite(t, { past: { days: 10 }, vars: { STATS: 'token', STATS_TOKEN: READER } });
  const page = await (await startPages(t, front, { expected: /401|WebSocket/ }))();
  const login = async () => {
    await page.getByLabel('Token').fill(READER);
    await page.getByRole('button', { name: 'Show the numbers' }).click();
    await settled(page);
  };
  await login();
  const refuse = (route) => route.fulfill({ status: 401, json: { error: 'a token is needed' } });
  await page.route('**/api/**', refuse);
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await page.getByLabel('Token').waitFor();
  await page.unroute('**/api/**', refuse);
  await login();
});
