// Batches of many isolates that arrive together share a journal row; each isolate gets its own answer, and what it is told is stored.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { call, views } from '../support/client.mjs';
import { batchCall, readReceipt } from '../support/shard_calls.mjs';
import { poll } from '../support/waiters.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const TOKEN = 'a-token-of-the-test';
const SHARD = ['SHARD', 'default/0'];

const start = (t, more) => startWorkerd(t, { ...more, breakable: true, vars: { ADMIN_TOKEN: TOKEN } });

/** The batches of isolates 1 to `lanes` in a round. The isolate n sends n visits of a page of its own, so each receipt is known beforehand. */
function batches(lanes, round) {
  const day = Math.floor(Date.now() / 86_400_000);
  const of = (n) => ({ isolate: (1n << 100n) + BigInt(n), sequence: round + 1, day, pages: [`/of-${n}`], visits: Array(n).fill({}) });
  return Array.from({ length: lanes }, (_, at) => batchCall(of(at + 1)));
}

/** The receipts of {@link batches}: the views of each page after each visit. */
const receipts = (lanes, round) => Array.from({ length: lanes }, (_, at) => Array.from({ length: at + 1 }, (_, visit) => round * (at + 1) + visit + 1));

/** Lets all isolates post at once. */
const post = async (server, calls) => (await server.postCalls(...SHARD, calls)).map(readReceipt);

/** How many visits `lanes` isolates send in a round. */
const visits = (lanes) => (lanes * (lanes + 1)) / 2;

/** The shard's counters of batches, of retries and of journal rows. */
async function counters(server) {
  const { text } = await call(`${server.url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } });
  return ['batches', 'replayed', 'rows'].map((name) => Number(new RegExp(`^footfall_shard_${name}_total\\{[^}]*\\} (\\d+)$`, 'm').exec(text)[1]));
}

test('many isolates share rows, and each is told what is stored of its own batch', async (t) => {
  const storage = mkdtempSync(join(tmpdir(), 'footfall-group-'));
  t.after(() => rmSync(storage, { recursive: true, force: true }));
  const server = await start(t, { storage });
  const [lanes, rounds] = [40, 25];
  for (let round = 0; round < rounds; round += 1) {
    // Each is posted twice at once, as a retry may be.
    const calls = batches(lanes, round);
    const expected = receipts(lanes, round);
    assert.deepEqual(await post(server, [...calls, ...calls]), [...expected, ...expected], `round ${round}`);
  }
  const [written, replayed, rows] = await counters(server);
  assert.deepEqual([written, replayed], [lanes * rounds, lanes * rounds], 'each batch counted once');
  t.diagnostic(`${rows} rows for ${written} batches`);
  assert.ok(rows >= rounds && rows < written / 4, `${rows} rows for ${written} batches`);
  assert.equal(await views(server), rounds * visits(lanes));
  await server.stop();

  const after = await start(t, { storage });
  assert.equal(await views(after), rounds * visits(lanes), 'they are in the database');
  assert.deepEqual(await post(after, batches(lanes, rounds - 1)), receipts(lanes, rounds - 1), 'and so are their receipts');
  assert.equal(await views(after, { page: '/of-7' }), 7 * rounds);
});

test('one isolate waits for nobody', async (t) => {
  const server = await start(t);
  for (let round = 0; round < 50; round += 1) assert.deepEqual(await post(server, batches(1, round)), receipts(1, round));
  const [written, , rows] = await counters(server);
  assert.deepEqual([written, rows], [50, 50], 'a row for each batch, at once');
});

test('when an object is thrown away, each batch that waited in it is sent again and counts once', async (t) => {
  const server = await start(t);
  // In a fresh object, two are written at once, and the third waits for their next ones, for 25 ms.
  const [lanes, rounds] = [3, 40];
  let lost = 0;
  for (let round = 0; round < rounds; round += 1) {
    const calls = batches(lanes, round);
    const posted = post(server, calls).catch(() => {
      lost += 1;
      return post(server, calls);
    });
    await poll(async () => (await views(server)) > round * visits(lanes), 'the first of them');
    await server.throwAway(...SHARD);
    assert.deepEqual(await posted, receipts(lanes, round), `round ${round}`);
  }
  t.diagnostic(`in ${lost} of ${rounds} rounds, the object was gone before all had their answers`);
  assert.ok(lost > 0);
  assert.equal(await views(server), rounds * visits(lanes));
});
