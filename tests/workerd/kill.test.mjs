// Repeated kill -9 of workerd under load, with the embedded counter on disk: acknowledged visits are there, none is invented, and sending everything
// again settles the unknown ones.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { call, post, views } from '../support/client.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const CLIENTS = 32;
/** The acknowledged visits before the kill. The number differs in each round, so that the kill hits different moments. */
const ROUNDS = [40, 150, 333, 600];

/** The isolates of the test of shared rows. Each has few visits at a time, so a row of the shard is often shared by several isolates. */
const ISOLATES = 8;
/** How often that test kills. `FOOTFALL_KILLS=100 npm test -- workerd kill` kills more often. */
const KILLS = Number(process.env.FOOTFALL_KILLS ?? 6);

const OWNER = 'a-token-of-the-owner';

/** Sends visits from many clients, to all isolates in turn, until the server is gone. Calls `onAck` for each acknowledgement. */
async function load(server, { name, onAck }) {
  const acked = [];
  const unknown = [];
  const client = async (number) => {
    for (let n = 0; ; n += 1) {
      const id = `${name}-${number}-${n}`;
      try {
        const { status, visit, text } = await post({ url: server.urls[number % server.urls.length] }, { page: '/killed', id });
        assert.deepEqual([status, visit], [200, 'counted'], text);
      } catch (error) {
        if (error.code === 'ERR_ASSERTION') throw error;
        unknown.push(id);
        return;
      }
      acked.push(id);
      onAck(acked.length);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
  return { acked, unknown };
}

async function inChunks(items, work) {
  const results = [];
  for (let at = 0; at < items.length; at += CLIENTS) results.push(...(await Promise.all(items.slice(at, at + CLIENTS).map(work))));
  return results;
}

test('after kill -9, no acknowledged visit is missing, and no view is invented', async (t) => {
  const storage = mkdtempSync(join(tmpdir(), 'footfall-killed-'));
  t.after(() => rmSync(storage, { recursive: true, force: true }));
  let counted = 0;
  for (const [round, acks] of ROUNDS.entries()) {
    const server = await startWorkerd(t, { storage });
    assert.equal(await views(server), counted, `round ${round}: the count of the round before`);
    const { acked, unknown } = await load(server, { name: `r${round}`, onAck: (n) => n === acks && server.stop() });
    assert.ok(acked.length >= acks, 'the kill ended the load');

    const after = await startWorkerd(t, { storage });
    const found = (await views(after)) - counted;
    assert.ok(found >= acked.length, `round ${round}: ${acked.length} acknowledged, ${found} counted`);
    assert.ok(found <= acked.length + unknown.length, `round ${round}: ${acked.length + unknown.length} tried, ${found} counted`);
    t.diagnostic(`round ${round}: ${acked.length} acknowledged, ${unknown.length} in doubt, ${found} counted`);

    const again = await inChunks(acked, (id) => post(after, { page: '/killed', id }));
    assert.deepEqual(again.filter(({ json }) => json?.duplicate !== true).map(({ text }) => text), [], 'acknowledged, but unknown to the counter');
    assert.equal((await views(after)) - counted, found, 'a duplicate was counted');

    // A client without an answer sends again with the same id, and is counted once in any case.
    const settled = await inChunks(unknown, (id) => post(after, { page: '/killed', id }));
    assert.equal(settled.filter(({ visit }) => visit === 'counted').length, acked.length + unknown.length - found);
    counted += acked.length + unknown.length;
    assert.equal(await views(after, { page: '/killed' }), counted, 'each id once');
    await after.stop();
  }
});

test('batches of many isolates share rows, and after each of many kills no acknowledged visit is missing', async (t) => {
  const storage = mkdtempSync(join(tmpdir(), 'footfall-killed-'));
  t.after(() => rmSync(storage, { recursive: true, force: true }));
  const sum = { acked: 0, unknown: 0, batches: 0, rows: 0 };
  let counted = 0;
  const ids = [];
  for (let round = 0; round < KILLS; round += 1) {
    const server = await startWorkerd(t, { storage, isolates: ISOLATES, vars: { ADMIN_TOKEN: OWNER } });
    // Another number of acknowledgements in each round, so that the kill hits different moments.
    const acks = 40 + ((round * 67) % 400);
    let asked;
    const { acked, unknown } = await load(server, {
      name: `k${round}`,
      onAck: (n) => n === acks && (asked = shardCounts(server).finally(() => server.stop())),
    });
    const { batches, rows } = await asked;
    const after = await startWorkerd(t, { storage });
    const found = (await views(after)) - counted;
    assert.ok(found >= acked.length && found <= acked.length + unknown.length, `kill ${round}: ${acked.length} acknowledged, ${unknown.length} in doubt, ${found} counted`);
    await after.stop();
    counted += found;
    ids.push(...acked, ...unknown);
    for (const [name, more] of Object.entries({ acked: acked.length, unknown: unknown.length, batches, rows })) sum[name] += more;
  }
  t.diagnostic(`${KILLS} kills: ${sum.acked} acknowledged, ${sum.unknown} in doubt, ${counted} counted; ${sum.batches} batches in ${sum.rows} rows`);
  assert.ok(sum.rows > 0 && sum.rows < sum.batches, `${sum.batches} batches in ${sum.rows} rows: none shared a row`);

  const last = await startWorkerd(t, { storage, isolates: ISOLATES });
  const settled = await inChunks(ids, (id) => post(last, { page: '/killed', id }));
  assert.equal(settled.filter(({ visit }) => visit === 'counted').length, ids.length - counted, 'each visit in doubt was counted once, then or now');
  assert.equal(await views(last), ids.length);
});

/** The batches and the rows of the journal since the shard started. */
async function shardCounts(server) {
  const { text } = await call(`${server.url}/metrics`, { headers: { authorization: `Bearer ${OWNER}` } });
  const of = (name) => Number(new RegExp(`^${name}\\S* (\\d+)$`, 'm').exec(text)?.[1]);
  return { batches: of('footfall_shard_batches_total'), rows: of('footfall_shard_rows_total') };
}

test('welcomed visitors are counted, even if workerd is killed while others wait', async (t) => {
  const storage = mkdtempSync(join(tmpdir(), 'footfall-killed-'));
  t.after(() => rmSync(storage, { recursive: true, force: true }));
  const server = await startWorkerd(t, { storage });
  let tried = 0;
  let welcomed = 0;
  const visitor = async () => {
    for (;;) {
      tried += 1;
      const answer = await call(`${server.url}/`).catch(() => undefined);
      if (answer === undefined) return;
      assert.equal(answer.text, 'Welcome to my site!');
      welcomed += 1;
      if (welcomed === 300) server.stop();
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, visitor));
  const after = await startWorkerd(t, { storage });
  const counted = await views(after, { page: '/' });
  assert.ok(counted >= welcomed && counted <= tried, `${welcomed} welcomed, ${counted} counted, ${tried} tried`);
});
