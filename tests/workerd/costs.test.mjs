// The cost of a visit in numbers that are the same on any machine: calls between JavaScript and wasm. `npm run bench` measures time; these tests fail
// when a change makes a visit more expensive by accident. `tests/costs.rs` has the costs of the pure half, and tests/workerd/deploy.test.mjs that
// of the download.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertWelcome } from '../support/answers.mjs';
import { call } from '../support/client.mjs';
import { MIXED, WAVE } from '../../tools/workerd/plain_workers.mjs';
import { startWorkerd } from '../support/workerd.mjs';

/**
 * A visit that posts only for itself, with the shard's part. These are the costs when this was written; a change that needs more raises them here.
 */
const ALONE = { into: 10, out: 35 };

/** A visit among many, most of which wait for the POST of another. */
const AMONG_MANY = { into: 6.5, out: 13.5 };

const BROWSER = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0.0.0', 'cf-connecting-ip': '203.0.113.7' };

/** The most rounds that are tried until one stays within the budget. */
const ROUNDS = 40;

/**
 * The calls of a visit in a steady state; the first visits set up what all later ones share. On a busy machine, a visit that waits long checks whether
 * it has to lead, which costs more. So this returns the first round within the budget, or else the last. No round can cost less than the visits do.
 */
async function perVisit(footfall, visits, budget, visit) {
  await visit(visits);
  let spent;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = await footfall.crossings();
    await visit(visits);
    const after = await footfall.crossings();
    spent = { into: (after.into - before.into) / visits, out: (after.out - before.out) / visits };
    if (isWithin(spent, budget)) break;
  }
  return spent;
}

const isWithin = (spent, budget) => spent.into <= budget.into && spent.out <= budget.out;

function assertWithin(spent, budget, what) {
  const text = `${what}: ${spent.into.toFixed(1)} calls into wasm and ${spent.out.toFixed(1)} out of it a visit`;
  assert.ok(isWithin(spent, budget), `${text}; the budget is ${budget.into} and ${budget.out}`);
  return text;
}

test('a visit alone stays within its calls between JavaScript and wasm', async (t) => {
  const footfall = await startWorkerd(t, { crossings: true, collect: ['footfall'] });
  const spent = await perVisit(footfall, 100, ALONE, async (visits) => {
    for (let n = 0; n < visits; n += 1) assertWelcome(await call(`${footfall.url}/`, { headers: BROWSER }));
  });
  t.diagnostic(assertWithin(spent, ALONE, 'alone'));
});

test('a visit among 250 stays within its calls between JavaScript and wasm', async (t) => {
  const counter = { source: 'export default { fetch: () => Response.json({}) };' };
  const wave = { source: WAVE, services: { FOOTFALL: 'footfall', COUNTER: 'counter' } };
  const footfall = await startWorkerd(t, { crossings: true, collect: ['footfall'], services: { wave, counter }, expose: ['footfall', 'wave'] });
  const spent = await perVisit(footfall, 250, AMONG_MANY, async (visits) => {
    const answer = await fetch(`http://127.0.0.1:${footfall.ports.wave}/?visits=${visits}`);
    assert.deepEqual(Object.values((await answer.json()).answers), [visits]);
  });
  t.diagnostic(assertWithin(spent, AMONG_MANY, 'among 250'));
});

test('all ways to count share batches, with one call of the shard for each', async (t) => {
  const mixed = { source: MIXED, services: { FOOTFALL: 'footfall' } };
  const vars = { ALLOWED_ORIGINS: 'https://blog.example', STATS: 'public' };
  const footfall = await startWorkerd(t, { vars, crossings: true, collect: ['footfall'], services: { mixed }, expose: ['footfall', 'mixed'] });
  const send = async (rounds, first) => {
    const answer = await fetch(`http://127.0.0.1:${footfall.ports.mixed}/?rounds=${rounds}`, { headers: { 'test-first': String(first) } });
    return answer.json();
  };
  await send(1, 0);
  const before = await footfall.crossings();
  assert.deepEqual(await send(100, 8), { '200 counted': 700, '200 bot': 100 });
  const calls = (await footfall.crossings()).shardCalls - before.shardCalls;
  // 700 requests with 1,600 views: a batch has at most 512, and the first goes alone.
  t.diagnostic(`${calls} calls of the shard for 1,600 views`);
  assert.ok(calls >= 4 && calls <= 8, `${calls} calls`);
  const { json } = await call(`${footfall.url}/counter`);
  assert.equal(json.views, 101 * 16);
  const { json: excluded } = await call(`${footfall.url}/api/sites/default/excluded`);
  assert.deepEqual(excluded.excluded.map(({ reason, visits }) => [reason, visits]), [['bot', 101]], 'tallies went along');
});
