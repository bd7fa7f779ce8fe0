// /healthz tries everything that a visit needs, and reports what fails.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertProblem } from '../support/answers.mjs';
import { call, post, views } from '../support/client.mjs';
import { poll } from '../support/waiters.mjs';
import { canFillDisk, startWorkerd } from '../support/workerd.mjs';

const health = (footfall) => call(`${footfall.url}/healthz`);

/** The Worker caches the result for a second. */
const becomes = (footfall, wanted) => poll(async () => {
  const answer = await health(footfall);
  return answer.status === wanted && answer;
}, `${wanted} at /healthz`);

test('F29: /healthz fails on a full disk, no view is invented, and counting resumes when there is room', { skip: !canFillDisk && 'no prlimit here' }, async (t) => {
  const footfall = await startWorkerd(t, { fillable: true });
  for (let n = 0; n < 20; n += 1) assert.equal((await post(footfall, { page: '/a', id: `before-${n}` })).visit, 'counted');
  assert.equal((await health(footfall)).status, 200);
  footfall.limitFiles(36 * 1024);
  const { json } = await becomes(footfall, 503);
  assert.match(json.error, /nothing can be stored|where its storage fails/);
  const refused = await post(footfall, { page: '/a', id: 'while-full' });
  assert.deepEqual([refused.status, refused.visit], [502, 'unknown'], refused.text);
  assert.equal((await health(footfall)).status, 503);
  assert.equal(await views(footfall), 20);
  footfall.limitFiles();
  await becomes(footfall, 200);
  assert.equal((await post(footfall, { page: '/a', id: 'while-full' })).visit, 'counted', 'it had not been stored');
  for (const id of ['while-full', 'before-19']) assert.equal((await post(footfall, { page: '/a', id })).visit, 'duplicate');
  assert.equal(await views(footfall), 21);
});

test('/healthz writes at most a row a second, counts nothing, and reports how full the memory of ids is', async (t) => {
  const footfall = await startWorkerd(t, { vars: { STATS: 'public' }, crossings: true, collect: ['footfall'] });
  const { json } = await health(footfall);
  assert.deepEqual([json.status, json.ids_percent, json.server_ids_percent], ['ok', 0, 0]);
  const before = await footfall.crossings();
  const began = performance.now();
  for (let n = 0; n < 50; n += 1) assert.equal((await health(footfall)).status, 200);
  const seconds = Math.ceil((performance.now() - began) / 1000);
  const calls = (await footfall.crossings()).shardCalls - before.shardCalls;
  assert.ok(calls <= seconds, `${calls} calls of the shard in ${seconds} s`);
  assert.equal(await views(footfall), 0);
  assert.deepEqual((await call(`${footfall.url}/api/sites/default/pages`)).json.pages, []);
});

test('/healthz reports a hanging shard and a hanging object of the days', async (t) => {
  for (const [binding, name] of [['SHARD', 'default/0'], ['DAYS', 'default']]) {
    const footfall = await startWorkerd(t, { breakable: true, vars: { COUNTER_TIMEOUT_MS: 600 } });
    await footfall.hang(binding, name);
    assertProblem(await health(footfall), 503);
  }
});
