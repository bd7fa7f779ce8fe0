// A site without SHARDS: its shards report what they carry, and the record of the next day may have more of them. And where objects are.
//
// Ten minutes of 700 calls a second are too long for a test. So one test measures a load that a test can make, and the others write a higher
// one into the shard's database, as a shard stores it (src/counting/ledger/load.rs).

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { assertProblem } from '../support/answers.mjs';
import { call, post, views } from '../support/client.mjs';
import { poll } from '../support/waiters.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const DAY = 24 * 60 * 60 * 1000;
const MINUTE = 60_000;
const OWNER = 'owner-of-a-test-0123';

/** From now to noon of the day after tomorrow, so that no test crosses a real midnight; and the number of that day. */
const NOON = 2 * DAY - (Date.now() % DAY) + DAY / 2;
const FIRST = Math.floor((Date.now() + NOON) / DAY);

const vars = { STATS: 'public', ADMIN_TOKEN: OWNER };

/** A directory for counts, and servers on it: `start(days, more)` is at noon, so many days after the first. */
function site(t) {
  const storage = mkdtempSync(join(tmpdir(), 'footfall-growth-'));
  t.after(() => rmSync(storage, { recursive: true, force: true }));
  const start = (days, { vars: own, ...more } = {}) => startWorkerd(t, { storage, vars: { ...vars, ...own }, clockAheadMs: NOON + days * DAY, ...more });
  return { storage, start };
}

async function metrics(server) {
  const { text } = await call(`${server.url}/metrics`, { headers: { authorization: `Bearer ${OWNER}` } });
  const value = (name, shard) => Number(new RegExp(`^${name}\\{site="default"${shard === undefined ? '' : `,shard="${shard}"`}\\} (\\d+)$`, 'm').exec(text)?.[1]);
  return { shards: value('footfall_shards'), most: value('footfall_shards_most'), load: (shard) => value('footfall_shard_load', shard) };
}

const summary = async (server) => (await call(`${server.url}/api/sites/default/summary`)).json;

const files = (storage) => {
  const folder = join(storage, 'footfall-Shard');
  return readdirSync(folder).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name)).map((name) => join(folder, name));
};

/** Makes each shard remember that on a day it had so many calls a second for ten minutes. */
function carried(storage, day, calls) {
  for (const file of files(storage)) {
    const database = new DatabaseSync(file);
    const load = new Uint32Array(22).fill(calls * 60, 1, 11);
    load[0] = day;
    database.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES ('load', ?)").run(new Uint8Array(load.buffer));
    database.close();
  }
}

test('a shard reports the calls that it had in ten minutes, also after its minute is over, and reads do not count', async (t) => {
  const { start } = site(t);
  const footfall = await start(0, { collect: ['footfall'] });
  for (let minute = 0; minute < 10; minute += 1) {
    await footfall.setClockAhead(NOON + minute * MINUTE);
    assert.deepEqual([(await metrics(footfall)).load(0), (await metrics(footfall)).most], [0, 64], `after ${minute} minutes`);
    // One after the other, so that each is a call.
    for (let n = 0; n < 61; n += 1) assert.equal((await post(footfall, { id: `${minute}-${n}` })).status, 200);
    for (let n = 0; n < 20; n += 1) await views(footfall);
  }
  await footfall.setClockAhead(NOON + 10 * MINUTE);
  const is = await metrics(footfall);
  assert.deepEqual([is.shards, is.load(0)], [1, 1]);
  const { shards, max_shards: most } = await summary(footfall);
  assert.deepEqual([shards, most], [1, 64]);
});

test('after a busy day there are more shards, visits go on and count once, and the same load leads to no more', async (t) => {
  const { storage, start } = site(t);
  const few = await start(0);
  const ids = Array.from({ length: 60 }, (_, n) => `visit-${n}`);
  await Promise.all(ids.map((id) => post(few, { id })));
  assert.match(few.logs(), /"event":"site_begins","site":"default","jurisdiction":"none"/);
  await few.stop();
  carried(storage, FIRST, 801);

  // Until midnight nothing changes.
  const same = await start(0);
  assert.equal((await metrics(same)).shards, 1);
  assert.equal((await metrics(same)).load(0), 801);
  await same.stop();

  const more = await start(1);
  // All ask for the record of the new day at once. Those of yesterday are known, wherever they lead to now.
  const again = await Promise.all(ids.map((id) => post(more, { id })));
  assert.deepEqual(again.filter(({ json }) => json?.duplicate !== true).map(({ text }) => text), []);
  await Promise.all(ids.map((id) => post(more, { id: `new-${id}` })));
  assert.equal(await views(more), 2 * ids.length);
  assert.equal(files(storage).length, 2);
  assert.match(more.logs(), /"event":"site_grows","site":"default","shards":2/);
  assert.equal(more.logs().match(/site_grows/g).length, 1, 'one search for all who asked');
  assert.deepEqual([(await metrics(more)).shards, (await metrics(more)).most], [2, 64]);
  const { shards, max_shards: most } = await summary(more);
  assert.deepEqual([shards, most], [2, 64]);
  await more.stop();
  // Half of the load in each.
  carried(storage, FIRST + 1, 401);

  const settled = await start(2);
  for (const id of ids) assert.equal((await post(settled, { id: `new-${id}` })).json.duplicate, true);
  assert.equal(await views(settled), 2 * ids.length);
  assert.equal((await metrics(settled)).shards, 2);
  assert.doesNotMatch(settled.logs(), /site_grows|not_grown/);
});

test('MAX_SHARDS holds, the owner is told, and a number in SHARDS fixes it', async (t) => {
  const { storage, start } = site(t);
  const capped = { vars: { MAX_SHARDS: 2 } };
  const first = await start(0, capped);
  await post(first, { id: 'a' });
  await first.stop();
  carried(storage, FIRST, 1_400);

  const full = await start(1, capped);
  assert.equal((await post(full, { id: 'b' })).status, 200);
  assert.deepEqual([(await metrics(full)).shards, (await metrics(full)).most], [2, 2]);
  assert.match(full.logs(), /"event":"not_grown","why":"MAX_SHARDS allows fewer/);
  await full.stop();
  carried(storage, FIRST + 1, 900);

  const fixed = await start(2, { vars: { SHARDS: 2 } });
  assert.equal((await post(fixed, { id: 'c' })).status, 200);
  assert.deepEqual([(await metrics(fixed)).shards, (await metrics(fixed)).most], [2, 2]);
  assert.equal((await summary(fixed)).max_shards, undefined);
  assert.doesNotMatch(fixed.logs(), /site_grows|not_grown/);
  assert.equal(await views(fixed), 3);
});

test('a shard that does not say what it carries delays a new day by less than visits wait', async (t) => {
  const { storage, start } = site(t);
  const first = await start(0, { vars: { SHARDS: 4 } });
  await post(first, { id: 'a' });
  await first.stop();

  const next = await start(1, { breakable: true, vars: { COUNTER_TIMEOUT_MS: 5_000 } });
  await next.hang('SHARD', 'default/3');
  const begun = performance.now();
  const took = [];
  const answers = await Promise.all(Array.from({ length: 20 }, async (_, n) => {
    const answer = await post(next, { id: `visit-${n}` });
    if (answer.status === 200) took.push(performance.now() - begun);
    return answer;
  }));
  assert.ok(took.length >= 8, `${took.length} of 20 counted`);
  assert.ok(answers.every(({ status }) => [200, 504].includes(status)), 'those of the other three shards');
  assert.ok(Math.min(...took) < 1_500, `the first after ${Math.min(...took)} ms`);
  assert.ok(files(storage).length <= 4);
});

test('where the platform has no such jurisdiction, nothing is counted elsewhere, and the log says why', async (t) => {
  const { storage, start } = site(t);
  const footfall = await start(0, { vars: { JURISDICTION: 'eu', HOME: 'weur', COUNTER_TIMEOUT_MS: 400 } });
  const { status, text } = await call(`${footfall.url}/`);
  assert.deepEqual([status, text], [502, 'Error registering your visit']);
  assertProblem(await call(`${footfall.url}/counter`), 502);
  await poll(() => /visit_failed.*Jurisdiction restrictions are not implemented/.test(footfall.logs()), 'the reason in the log');
  assert.deepEqual(files(storage), [], 'no object was made');
});
