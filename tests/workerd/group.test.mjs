// Batches of many isolates that arrive together share a journal row; each isolate gets its own answer, and what it is told is stored.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { call, views } from '../support/client.mjs';
import { poll } from '../support/waiters.mjs';
import { startWorkerd } from '../support/workerd.mjs';
import { LANES } from '../../tools/workerd/plain_workers.mjs';

const TOKEN = 'a-token-of-the-test';

function start(t, storage) {
  const services = { isolates: { source: LANES, objects: [['SHARD', 'Shard', 'footfall']] } };
  return startWorkerd(t, { storage, services, expose: ['footfall', 'isolates'], vars: { ADMIN_TOKEN: TOKEN } });
}

/** Lets isolates post, each its next batch when it has the answer to the last. Returns what they were told. */
async function post(server, asked) {
  const answer = await fetch(`http://127.0.0.1:${server.ports.isolates}/?${new URLSearchParams({ first: 1, from: 0, ...asked })}`);
  const told = await answer.json();
  assert.equal(told.error, undefined);
  return told;
}

/** The shard's counters of batches, of retries and of journal rows. */
async function counters(server) {
  const { text } = await call(`${server.url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } });
  return ['batches', 'replayed', 'rows'].map((name) => Number(new RegExp(`^footfall_shard_${name}_total\\{[^}]*\\} (\\d+)$`, 'm').exec(text)[1]));
}

test('many isolates share rows, and each is told what is stored of its own batch', async (t) => {
  const storage = mkdtempSync(join(tmpdir(), 'footfall-group-'));
  t.after(() => rmSync(storage, { recursive: true, force: true }));
  const server = await start(t, storage);
  const [lanes, rounds] = [40, 24];
  const { counted } = await post(server, { lanes, rounds });
  assert.equal(counted, rounds * ((lanes * (lanes + 1)) / 2));
  const [batches, replayed, rows] = await counters(server);
  assert.deepEqual([batches, replayed], [lanes * rounds, (lanes * rounds) / 4], 'each batch counted once');
  t.diagnostic(`${rows} rows for ${batches} batches`);
  // They post in step, so there are about as many rows as rounds, and as the first rounds have until the shard knows them.
  assert.ok(rows >= rounds && rows < batches / 4, `${rows} rows for ${batches} batches`);
  assert.equal(await views(server), counted);
  await server.stop();

  const after = await start(t, storage);
  assert.equal(await views(after), counted, 'they are in the database');
  assert.equal(await views(after, { page: '/lane-7' }), 7 * rounds);
  await post(after, { lanes, rounds: 2, from: rounds });
  assert.equal(await views(after, { page: '/lane-7' }), 7 * (rounds + 2));
});

test('one isolate waits for nobody', async (t) => {
  const server = await start(t);
  const rounds = 200;
  await post(server, { lanes: 1, rounds });
  const [batches, , rows] = await counters(server);
  assert.deepEqual([batches, rows], [rounds, rounds], 'a row for each batch, at once');
});

test('when an object is thrown away, each batch that waited in it is sent again and counts once', async (t) => {
  const services = { isolates: { source: LANES, objects: [['SHARD', 'Shard', 'footfall']] } };
  const server = await startWorkerd(t, { breakable: true, services, expose: ['footfall', 'isolates'] });
  const [lanes, rounds] = [12, 200];
  let done = false;
  const posted = post(server, { lanes, rounds, pause: 1 }).finally(() => (done = true));
  for (let last = 0, times = 0; times < 10 && !done; times += 1) {
    await poll(async () => (await views(server)) > last || done, 'more batches');
    last = await views(server);
    await server.throwAway('SHARD', 'default/0');
  }
  const { counted, again } = await posted;
  t.diagnostic(`${again} calls met an object that was gone`);
  assert.equal(await views(server), counted);
  assert.equal(await views(server, { page: '/lane-7' }), 7 * rounds);
});
