// More isolates than any site has today post to one shard within a minute, each a lone visit: all are taken, and each gets its receipt again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { views } from '../support/client.mjs';
import { batchCall, readReceipt } from '../support/shard_calls.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const SHARD = ['SHARD', 'default/0'];
const ISOLATES = 20_000;
/** Calls that are posted at once. */
const AT_ONCE = 1_000;
/** Of src/counting/protocol/answer.rs. */
const SUPERSEDED = 1;

/** When all of this happens by Footfall's clock: within the minute for which a batch can be retried, however slow the machine is. */
const DAY = Math.floor(Date.now() / 86_400_000);
const NOON = (DAY + 0.5) * 86_400_000;

/** The names of isolates are random; these are spread as well. */
const nameOf = (n) => (BigInt.asUintN(64, BigInt(n) * 0x9e3779b97f4a7c15n) << 64n) | BigInt.asUintN(64, BigInt(n) * 0xd6e8feb86659fd93n);

const call = (n, sequence) => batchCall({ isolate: nameOf(n), sequence, day: DAY, pages: [`/${n % 100}`], visits: [{ visitor: n }] });

/** Posts calls, and returns the answers in their order. */
async function postAll(server, calls) {
  const answers = [];
  for (let first = 0; first < calls.length; first += AT_ONCE) {
    await server.setClockAhead(NOON - Date.now());
    answers.push(...(await server.postCalls(...SHARD, calls.slice(first, first + AT_ONCE))).map(readReceipt));
  }
  return answers;
}

test('20,000 isolates post to one shard, and a retry of each gets its receipt, also after the object restarted', async (t) => {
  const server = await startWorkerd(t, { breakable: true, clockAheadMs: NOON - Date.now(), collect: ['footfall'] });
  const calls = Array.from({ length: ISOLATES }, (_, n) => call(n, 7));
  const first = await postAll(server, calls);
  const expected = Array.from({ length: ISOLATES }, (_, n) => [1 + Math.floor(n / 100)]);
  const sorted = (receipts) => receipts.map((receipt) => JSON.stringify(receipt)).sort();
  assert.deepEqual(sorted(first), sorted(expected), 'each visit counted, and none was refused');
  assert.equal(await views(server), ISOLATES);

  for (const after of ['at once', 'after a restart of the object']) {
    assert.deepEqual(await postAll(server, calls), first, after);
    const late = calls.slice(0, AT_ONCE).map((_, n) => call(n, 6));
    assert.deepEqual(await postAll(server, late), late.map(() => ({ refused: SUPERSEDED })), after);
    assert.equal(await views(server), ISOLATES, after);
    await server.throwAway(...SHARD);
  }
});
