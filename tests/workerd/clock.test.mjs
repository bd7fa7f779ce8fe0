// F28: a clock that is wrong for a while. A test cannot set the runtime's clock, so these set the clock of Footfall's isolate, which its objects
// share.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { call, post, views } from '../support/client.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const DAY = 24 * 60 * 60 * 1000;
const BLOG = 'https://blog.example';
const READER = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0', origin: BLOG, 'cf-connecting-ip': '203.0.113.7' };
const vars = { ALLOWED_ORIGINS: BLOG, STATS: 'public', SHARDS: 2 };

/** Sends visits of each kind. All are counted, those with ids once. */
async function assertCounts(footfall, name) {
  for (const [visit, headers] of [[{ id: `${name}-page` }, READER], [{ id: `${name}-server` }, {}]]) {
    assert.equal((await post(footfall, { page: '/a', ...visit }, headers)).visit, 'counted', `${name}: ${JSON.stringify(visit)}`);
    assert.equal((await post(footfall, { page: '/a', ...visit }, headers)).visit, 'duplicate', name);
  }
  for (const headers of [READER, {}]) assert.equal((await post(footfall, { page: '/a' }, headers)).visit, 'counted', name);
  assert.equal((await call(`${footfall.url}/`, { headers: { 'cf-connecting-ip': '203.0.113.8' } })).text, 'Welcome to my site!', name);
}

for (const days of [1, 2, 3000]) {
  test(`F28: a clock that is ${days} days ahead for one visit does not stop counting, in the same process or the next`, async (t) => {
    const storage = mkdtempSync(join(tmpdir(), 'footfall-clock-'));
    t.after(() => rmSync(storage, { recursive: true, force: true }));
    const footfall = await startWorkerd(t, { storage, vars, clockAheadMs: 1, collect: ['footfall'] });
    await assertCounts(footfall, 'before');
    await footfall.setClockAhead(days * DAY);
    await assertCounts(footfall, 'ahead');
    await footfall.setClockAhead(1);
    await assertCounts(footfall, 'after');
    assert.equal(await views(footfall), 15);
    await footfall.setClockAhead(days * DAY);
    assert.equal((await post(footfall, { page: '/a', id: 'again' }, READER)).visit, 'counted');
    await footfall.stop();

    const next = await startWorkerd(t, { storage, vars });
    await assertCounts(next, 'next');
    for (const name of ['before', 'ahead', 'after', 'next']) assert.equal((await post(next, { page: '/a', id: `${name}-page` }, READER)).visit, 'duplicate', name);
    assert.equal(await views(next), 21);
    // There are two readers. One who came before and after may be counted twice, because the earlier hashes are deleted.
    const { json } = await call(`${next.url}/visitors?fresh=1`);
    assert.ok(json.visitors >= 2 && json.visitors <= 6, JSON.stringify(json));
  });
}

test('after its clock was ahead, an isolate still counts, and reports excluded visits', async (t) => {
  const footfall = await startWorkerd(t, { vars: { ...vars, SHARDS: 1, EXCLUDED_PAGES: '/draft' }, clockAheadMs: 2 * DAY, collect: ['footfall'] });
  assert.equal((await post(footfall, { page: '/draft' }, READER)).visit, 'excluded');
  await assertCounts(footfall, 'ahead');
  await footfall.setClockAhead(1);
  await assertCounts(footfall, 'after');
  assert.equal((await post(footfall, { page: '/draft' }, READER)).visit, 'excluded');
  // This visit carries the tally.
  await post(footfall, { page: '/a' });
  const { json } = await call(`${footfall.url}/api/sites/default/excluded`);
  assert.deepEqual(json.excluded.map(({ reason, visits }) => [reason, visits]), [['page', 1]], "today's tally");
});
