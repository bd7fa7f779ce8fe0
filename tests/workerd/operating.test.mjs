// For operators: health, metrics, and the log.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertProblem } from '../support/answers.mjs';
import { call, post } from '../support/client.mjs';
import { startFakeCounter } from '../support/fake_counter.mjs';
import { poll } from '../support/waiters.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const READER = 'a-reader-of-a-test-0';
const OWNER = 'owner-of-a-test-0123';
const metrics = (footfall, token = READER, query = '') => call(`${footfall.url}/metrics${query}`, { headers: { authorization: `Bearer ${token}` } });

/** The samples of a Prometheus text, by name and labels without the isolate's. */
function samples({ text }) {
  const lines = text.trimEnd().split('\n');
  for (const line of lines) assert.match(line, /^(# (HELP|TYPE) footfall_\w+ .+|footfall_\w+\{[^{}]*\} \d+)$/);
  return Object.fromEntries(lines.filter((line) => !line.startsWith('#')).map((line) => {
    const [, name, value] = /^(.*) (\d+)$/.exec(line.replace(/isolate="[0-9a-f]{8}",?/, ''));
    return [name, Number(value)];
  }));
}

test('/healthz calls a real shard', async (t) => {
  const footfall = await startWorkerd(t);
  const { status, json, headers } = await call(`${footfall.url}/healthz`);
  assert.deepEqual([status, json.status, headers.get('cache-control')], [200, 'ok', 'no-store']);
  assert.ok(Number.isInteger(json.shard_ms) && json.shard_ms < 2_000);
  assert.equal((await call(`${footfall.url}/healthz`, { method: 'HEAD' })).status, 200);
  assertProblem(await call(`${footfall.url}/healthz`, { method: 'POST' }), 405);
});

test('/metrics reports the outcomes of visits, the size of batches, and the contents of a shard', async (t) => {
  const footfall = await startWorkerd(t, { vars: { SITES: 'default,blog', STATS_TOKEN: READER, ADMIN_TOKEN: OWNER, EXCLUDED_PAGES: '/draft', SHARDS: '2' } });
  const before = samples(await metrics(footfall));
  assert.equal(before['footfall_visits_total{outcome="counted"}'], 0);
  for (const id of ['a', 'b', 'a']) await post(footfall, { page: '/a', id });
  assert.equal((await post(footfall, { page: '/draft' })).visit, 'excluded');
  await Promise.all(Array.from({ length: 60 }, () => post(footfall, { page: '/b' })));
  const is = samples(await metrics(footfall, OWNER));
  assert.equal(is['footfall_visits_total{outcome="counted"}'], 62);
  assert.equal(is['footfall_visits_total{outcome="duplicate"}'], 1);
  assert.equal(is['footfall_visits_total{outcome="excluded"}'], 1);
  assert.equal(is['footfall_batch_visits_sum{}'], 63);
  assert.ok(is['footfall_batch_visits_count{}'] < 63 && is['footfall_batch_visits_bucket{le="+Inf"}'] === is['footfall_batch_visits_count{}']);
  const both = (name) => is[`${name}{site="default",shard="0"}`] + is[`${name}{site="default",shard="1"}`];
  assert.equal(both('footfall_shard_counted_total'), 62);
  assert.equal(both('footfall_shard_duplicates_total'), 1);
  assert.equal(both('footfall_shard_views'), 62);
  assert.equal(both('footfall_shard_ids'), 2);
  assert.equal(both('footfall_shard_storage_failures_total') + both('footfall_shard_superseded_total') + both('footfall_shard_replayed_total'), 0);
  const today = Math.floor(Date.now() / 86_400_000);
  for (const shard of [0, 1]) assert.ok([0, today].includes(is[`footfall_shard_hashes_day{site="default",shard="${shard}"}`]), 'the day of the first visit with an id or a visitor, if any');
  assert.equal(is['footfall_lapsed_total{}'], 0);
  assert.equal(is['footfall_problems_total{event="read_failed"}'], 0);
  assert.equal(is['footfall_parked{}'], 0);
  assert.ok(is['footfall_memory_pages{}'] > 10);
  assert.equal(samples(await metrics(footfall, READER, '?site=blog'))['footfall_shard_views{site="blog",shard="0"}'], 0);
});

test('/metrics needs a token', async (t) => {
  const open = await startWorkerd(t, { vars: { STATS: 'public' } });
  assertProblem(await metrics(open), 403);
  const closed = await startWorkerd(t, { vars: { ADMIN_TOKEN: OWNER } });
  const both = await startWorkerd(t, { vars: { STATS: 'public', STATS_TOKEN: READER } });
  assert.equal((await metrics(both, READER)).status, 200, 'the token reads it even if the numbers are public');
  assertProblem(await metrics(both, OWNER), 403);
  assertProblem(await metrics(closed, READER), 401);
  assert.equal((await metrics(closed, OWNER)).status, 200);
  assertProblem(await metrics(closed, OWNER, '?site=none'), 404);
});

test('LOG_VISITS decides how many visits are logged, with outcome, wait and batch, and nothing about the visitors', async (t) => {
  const logged = (footfall) => footfall.logs().split('\n').filter((line) => line.includes('"event":"visit"')).map((line) => JSON.parse(line));
  const all = await startWorkerd(t, { vars: { LOG_VISITS: 1 } });
  await post(all, { page: '/secret-page', id: 'a' }, { 'user-agent': 'Secret/1', 'cf-connecting-ip': '203.0.113.7' });
  await post(all, { page: '/secret-page', id: 'a' });
  await Promise.all(Array.from({ length: 40 }, () => post(all, {})));
  await poll(() => logged(all).length === 42, 'a line for each visit');
  const lines = logged(all);
  for (const line of lines) assert.deepEqual(Object.keys(line), ['event', 'outcome', 'wait_ms', 'batch']);
  assert.deepEqual(lines.slice(0, 2).map(({ outcome, batch }) => [outcome, batch]), [['counted', 1], ['duplicate', 1]]);
  assert.ok(lines.every(({ wait_ms: wait, batch }) => wait >= 0 && wait < 5_000 && batch >= 1 && batch <= 40), JSON.stringify(lines));
  assert.ok(lines.some(({ batch }) => batch > 1), 'some shared a batch');
  assert.doesNotMatch(all.logs(), /secret|203\.0\.113/i);
  const counter = await startFakeCounter(t);
  const elsewhere = await startWorkerd(t, { vars: { LOG_VISITS: 1, COUNTER_URL: counter.url }, outbound: 'loopback' });
  await call(`${elsewhere.url}/`);
  await counter.behave('status', { status: 404 });
  await call(`${elsewhere.url}/`);
  await poll(() => logged(elsewhere).length === 2, 'a line for each visit of a counter elsewhere');
  assert.deepEqual(logged(elsewhere).map(({ outcome, batch }) => [outcome, batch]), [['counted', 0], ['failed', 0]]);
  const none = await startWorkerd(t);
  await post(none, {});
  const some = await startWorkerd(t, { vars: { LOG_VISITS: '10' } });
  await Promise.all(Array.from({ length: 300 }, () => post(some, {})));
  await poll(() => logged(some).length === 30, 'a tenth of the lines');
  assert.equal(logged(none).length, 0);
});
