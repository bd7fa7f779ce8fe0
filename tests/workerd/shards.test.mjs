// A site with several shards: counts add up, ids outlive isolates, and a read fails as a whole.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { call, post, views } from '../support/client.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const SHARDS = 8;
const DAY = 24 * 60 * 60 * 1000;

test('visits are spread over the shards, and every number is the sum of all', async (t) => {
  const storage = mkdtempSync(join(tmpdir(), 'footfall-shards-'));
  t.after(() => rmSync(storage, { recursive: true, force: true }));
  const server = await startWorkerd(t, { storage, vars: { SHARDS } });
  const ids = Array.from({ length: 200 }, (_, n) => `visit-${n}`);
  const answers = await Promise.all(ids.map((id, n) => post(server, { page: `/${n % 2}`, id })));
  for (const { status, json } of answers) assert.deepEqual([status, json.duplicate], [200, false]);
  assert.equal(await views(server), 200);
  assert.equal(await views(server, { page: '/1' }), 100);
  const last = await post(server, { page: '/1', id: 'one-more', show: 'views' });
  const { age_ms: age, ...json } = last.json;
  assert.deepEqual([json, Number.isInteger(age)], [{ site: 'default', page: '/1', views: 101, duplicate: false }, true]);
  const databases = readdirSync(join(storage, 'footfall-Shard')).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name));
  assert.equal(databases.length, SHARDS);

  await server.stop();
  const after = await startWorkerd(t, { storage, vars: { SHARDS } });
  const again = await Promise.all(ids.map((id) => post(after, { page: '/0', id })));
  assert.deepEqual(again.filter(({ json }) => json.duplicate !== true), []);
  assert.equal(await views(after), 201);
});

test('a different number of shards changes nothing on the same day', async (t) => {
  const storage = mkdtempSync(join(tmpdir(), 'footfall-shards-'));
  t.after(() => rmSync(storage, { recursive: true, force: true }));
  const few = await startWorkerd(t, { storage, vars: { SHARDS: 2 } });
  const ids = Array.from({ length: 50 }, (_, n) => `visit-${n}`);
  await Promise.all(ids.map((id) => post(few, { id })));
  await few.stop();

  for (const shards of [8, 1]) {
    const many = await startWorkerd(t, { storage, vars: { SHARDS: shards } });
    const again = await Promise.all(ids.map((id) => post(many, { id })));
    assert.deepEqual(again.filter(({ json }) => json.duplicate !== true), [], `${shards} shards`);
    assert.equal(await views(many), 50, `${shards} shards`);
    await many.stop();
  }
});

test("on the next day, more shards count, yesterday's ids are known, and only the number of its visitors is left", async (t) => {
  const storage = mkdtempSync(join(tmpdir(), 'footfall-shards-'));
  t.after(() => rmSync(storage, { recursive: true, force: true }));
  const visit = (server, address) => call(`${server.url}/`, { headers: { 'cf-connecting-ip': address } });
  const visitors = async (server, day) => (await call(`${server.url}/visitors?fresh=1&day=${day}`)).json.visitors;
  const dayAt = (ms) => new Date(ms).toISOString().slice(0, 10);
  const ids = Array.from({ length: 60 }, (_, n) => `visit-${n}`);

  // At noon of the next two days, so that no test crosses a real midnight.
  const noon = DAY - (Date.now() % DAY) + DAY / 2;
  const [first, second] = [noon, noon + DAY].map((ahead) => dayAt(Date.now() + ahead));
  const few = await startWorkerd(t, { storage, vars: { SHARDS: 2 }, clockAheadMs: noon });
  await Promise.all(ids.map((id) => post(few, { id })));
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.1']) await visit(few, address);
  assert.equal(await visitors(few, first), 2);
  await few.stop();

  const many = await startWorkerd(t, { storage, vars: { SHARDS: 8 }, clockAheadMs: noon + DAY / 2 + 60_000 });
  const again = await Promise.all(ids.map((id) => post(many, { id })));
  assert.deepEqual(again.filter(({ json }) => json?.duplicate !== true).map(({ text }) => text), []);
  assert.equal(await views(many), ids.length + 3);
  await Promise.all(ids.map((id) => post(many, { id: `new-${id}` })));
  await visit(many, '192.0.2.1');
  assert.equal(await views(many), 2 * ids.length + 4);
  assert.deepEqual([await visitors(many, first), await visitors(many, second)], [2, 1]);
  await many.stop();

  const databases = (of) => readdirSync(join(storage, of)).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name));
  assert.equal(databases('footfall-Shard').length, 8);
  const days = new DatabaseSync(join(storage, 'footfall-Days', databases('footfall-Days')[0]));
  const salts = days.prepare('SELECT length(salt) AS bytes FROM days ORDER BY day').all().map(({ bytes }) => bytes);
  days.close();
  assert.deepEqual(salts, [0, 16], 'the salt of the past day is deleted');
});

test('a hanging shard stops only its own visits, and no read leaves it out', async (t) => {
  const server = await startWorkerd(t, { breakable: true, vars: { SHARDS: 2, COUNTER_TIMEOUT_MS: 5_000 } });
  const ids = Array.from({ length: 40 }, (_, n) => `visit-${n}`);
  await post(server, { id: 'wakes-the-day' });
  await server.hang('SHARD', 'default/1');
  const answers = await Promise.all(ids.map((id) => post(server, { id })));
  const by = (status) => answers.filter((answer) => answer.status === status).length;
  assert.ok(by(200) >= 5 && by(504) >= 5 && by(200) + by(504) === ids.length, `${by(200)} counted, ${by(504)} too late`);
  for (const { visit } of answers.filter(({ status }) => status === 504)) assert.match(visit, /^(unknown|failed)$/);
  assert.equal((await call(`${server.url}/counter`)).status, 504, 'a partial sum is an error');

  await server.throwAway('SHARD', 'default/1');
  for (const id of ids) assert.equal((await post(server, { id })).status, 200);
  assert.equal(await views(server), ids.length + 1, 'each id once, even if the hanging calls arrived');
});

test('with several shards, a visit waits for its own shard only, and has sums if it asks for them', async (t) => {
  const server = await startWorkerd(t, { breakable: true, vars: { SHARDS: 2, COUNTER_TIMEOUT_MS: 5_000 } });
  const read = async (query = '') => (await call(`${server.url}/numbers?page=/a${query}`)).json;
  // Their ids spread them over both shards.
  for (let n = 0; n < 20; n += 1) {
    const { status, json } = await post(server, { page: '/a', id: `visit-${n}` });
    assert.deepEqual([status, json.views], [200, undefined], 'the views were not asked for');
  }
  const first = await read();
  assert.ok(first.views === 20 && first.age_ms >= 0, JSON.stringify(first));
  // What this isolate posts is in the sum that it keeps.
  const asked = await post(server, { page: '/a', id: 'asks', show: 'views' });
  assert.deepEqual([asked.json.views, (await read()).views], [21, 21]);
  assert.ok((await read()).age_ms > 0, 'kept, not asked for again');
  const { age_ms: age, ...fresh } = await read('&fresh=1');
  assert.deepEqual(fresh, { site: 'default', page: '/a', views: 21 });
  assert.ok(age < 5_000);
  await server.hang('SHARD', 'default/1');
  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => post(server, { page: '/a', id: `late-${n}` })));
  const counted = answers.filter(({ status }) => status === 200).length;
  assert.ok(counted >= 3 && counted <= 17, `${counted} of 20 are counted while the other shard hangs`);
  assert.equal((await call(`${server.url}/numbers?page=/a&fresh=1`)).status, 504, 'no sum is invented');
  await server.throwAway('SHARD', 'default/1');
});

test('requests that want the same sum at once ask the shards once', async (t) => {
  const server = await startWorkerd(t, { breakable: true, vars: { SHARDS: 2, COUNTER_TIMEOUT_MS: 20_000 } });
  await post(server, { page: '/a', id: 'wakes-the-day' });
  await server.stall('SHARD', 'default/1');
  const reads = Array.from({ length: 50 }, () => call(`${server.url}/numbers`));
  await server.isStalled('SHARD', 'default/1');
  await server.goOn('SHARD', 'default/1');
  for (const { status, json } of await Promise.all(reads)) assert.deepEqual([status, json.views], [200, 1]);
  const { text } = await call(`${server.url}/numbers?fresh=1`);
  assert.equal(JSON.parse(text).views, 1);
});

test('a slow POST does not hold up the visits behind it', async (t) => {
  const server = await startWorkerd(t, { breakable: true, vars: { COUNTER_TIMEOUT_MS: 20_000 } });
  await post(server, { id: 'wakes-the-day' });
  await server.stall('SHARD', 'default/0');
  let stalled = true;
  const held = post(server, { id: 'held' }).finally(() => (stalled = false));
  await server.isStalled('SHARD', 'default/0');
  const behind = await Promise.all(Array.from({ length: 20 }, (_, n) => post(server, { id: `behind-${n}` })));
  for (const { status, json } of behind) assert.deepEqual([status, json.duplicate], [200, false]);
  assert.ok(stalled, 'they were answered while the first was on its way');
  // The same for a single visit behind it, which no other visit can take along.
  assert.equal((await post(server, { id: 'alone' })).status, 200);
  await server.goOn('SHARD', 'default/0');
  assert.equal((await held).status, 200);
  assert.equal(await views(server), 23);
});

test('an overloaded error leaves the outcome unknown, unless its message says that the call never arrived', async (t) => {
  const server = await startWorkerd(t, { breakable: true });
  await post(server, { id: 'wakes-the-day' });
  for (const [words, visit, counted] of [
    ['Durable Object is overloaded. Too many requests queued.', 'failed', 0],
    ['Durable Object storage operation exceeded timeout which caused object to be reset.', 'unknown', 1],
  ]) {
    const before = await views(server);
    await server.overload('SHARD', 'default/0', words);
    const answer = await post(server, { id: words.slice(0, 40).replaceAll(' ', '-') });
    assert.deepEqual([answer.status, answer.visit, answer.headers.get('retry-after')], [503, visit, '10'], words);
    assert.equal(await views(server), before + counted, 'not sent again at once');
    const again = await post(server, { id: words.slice(0, 40).replaceAll(' ', '-') });
    assert.deepEqual([again.status, again.json.duplicate], [200, counted === 1], 'the same id settles it');
    assert.equal(await views(server), before + 1);
  }
});

test('without the day\'s record, visits without an id are counted, and those with one are refused', async (t) => {
  const server = await startWorkerd(t, { breakable: true, vars: { COUNTER_TIMEOUT_MS: 3_000 } });
  await server.hang('DAYS', 'default');
  const start = performance.now();
  const welcome = await call(`${server.url}/`, { headers: { 'cf-connecting-ip': '192.0.2.1' } });
  assert.deepEqual([welcome.status, welcome.visit], [200, 'counted']);
  // A visit waits three eighths of its time for the record. Without that wait, it would have no visitor on a busy day. If it waited its whole time,
  // it would not be counted.
  const waited = performance.now() - start;
  assert.ok(waited > 1_100, `it waited ${waited} ms for the record`);
  const refused = await post(server, { id: 'x' });
  assert.deepEqual([refused.status, refused.visit, refused.headers.get('retry-after')], [503, 'failed', '5']);
});

test('sites are counted separately', async (t) => {
  const server = await startWorkerd(t, { vars: { SITES: 'blog,docs', SHARDS: 2 } });
  await post(server, { site: 'blog', page: '/' });
  await post(server, { site: 'docs', page: '/a', id: 'same' });
  await post(server, { site: 'blog', page: '/a', id: 'same' });
  assert.equal(await views(server, { site: 'blog' }), 2);
  assert.equal(await views(server, { site: 'docs' }), 1);
});
