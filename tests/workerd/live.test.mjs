// Live numbers on the real Worker, with and without a WebSocket: they come soon, at most every second, cost nothing while nothing happens, and are
// right again after any failure.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertProblem } from '../support/answers.mjs';
import { call, post } from '../support/client.mjs';
import { poll } from '../support/waiters.mjs';
import { protocols, refusal, sum, told, Watcher } from '../support/watcher.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const TOKEN = 'a-token-of-a-test-0123';
const PUBLIC = { STATS: 'public' };

const visit = (server, address = '203.0.113.7', headers = {}) => call(`${server.url}/`, { headers: { 'cf-connecting-ip': address, ...headers } });
const read = (server, headers = {}) => call(`${server.url}/api/sites/default/live`, { headers });

/** Sends a visit and measures the time from its answer to a watcher's message. The time is not asserted, because the machine may be busy. */
async function seenAfter(watcher, views, make) {
  await make();
  const answered = performance.now();
  const { came } = await watcher.until((message) => told(message).views === views, `${views} views`);
  return came - answered;
}

test('a watcher gets a visit soon, and a request returns it at once', async (t) => {
  const server = await startWorkerd(t, { vars: PUBLIC });
  const watcher = new Watcher(server.url, { protocols: ['footfall'] });
  const first = await watcher.until(() => true, 'a greeting');
  assert.equal(watcher.protocol, 'footfall');
  assert.deepEqual(Object.keys(JSON.parse(first.text)), ['site', 'at', 'minute', 'views', 'people']);
  assert.deepEqual([first.site, first.minute, first.views.length, first.people.length], ['default', Math.floor(first.at / 60_000), 30, 5]);
  assert.deepEqual(told(first), { views: 0, people: 0 });
  const waits = [];
  for (let views = 1; views <= 5; views += 1) waits.push(await seenAfter(watcher, views, () => visit(server)));
  t.diagnostic(`shown after ${waits.map(Math.round).join(', ')} ms`);
  assert.deepEqual(told(watcher.last), { views: 5, people: 1 }, 'the same visitor');
  await seenAfter(watcher, 6, () => visit(server, '203.0.113.8'));
  await seenAfter(watcher, 7, () => visit(server, '203.0.113.9', { 'sec-gpc': '1' }));
  assert.deepEqual(told(watcher.last), { views: 7, people: 2 }, 'a visitor who opted out adds a view and no person');
  const { json, headers } = await read(server);
  assert.deepEqual(told(json), { views: 7, people: 2 });
  assert.equal(headers.get('cache-control'), 'no-store');
  assert.deepEqual(await watcher.close(), { code: 1000, reason: '' });
});

test('several shards are one site, and messages and answers agree', async (t) => {
  const server = await startWorkerd(t, { vars: { ...PUBLIC, SHARDS: '4', SITES: 'default,blog' } });
  const [one, two] = [new Watcher(server.url), new Watcher(server.url)];
  const elsewhere = new Watcher(server.url, { site: 'blog' });
  await Promise.all([one, two, elsewhere].map((watcher) => watcher.until(() => true, 'a greeting')));
  // The id may take a view to another shard than its visitor.
  await Promise.all(Array.from({ length: 40 }, (_, n) => visit(server, `203.0.113.${n % 10}`, n % 2 ? { 'idempotency-key': `id${n}` } : {})));
  await Promise.all(Array.from({ length: 10 }, (_, n) => post(server, { page: '/a', id: `server-${n}` })));
  for (const watcher of [one, two]) {
    await watcher.until((message) => told(message).views === 50 && told(message).people === 10, '50 views of 10');
  }
  const { json } = await read(server);
  assert.deepEqual(told(json), { views: 50, people: 10 });
  assert.deepEqual(told(elsewhere.last), { views: 0, people: 0 }, 'sites are separate');
});

test('clients that may read may watch, and no others', async (t) => {
  const path = '/api/sites/default/live';
  const closed = await startWorkerd(t);
  assertProblem(await read(closed), 403);
  assertProblem(await refusal(closed, path), 403);
  const server = await startWorkerd(t, { vars: { STATS_TOKEN: TOKEN, ALLOWED_ORIGINS: 'https://blog.example' } });
  for (const offered of [['footfall'], protocols('another-token-of-a-test'), [`footfall.bearer.${TOKEN}`], ['footfall.bearer.']]) {
    assertProblem(await refusal(server, path, { 'sec-websocket-protocol': offered.join(', ') }), 401, offered);
  }
  assertProblem(await refusal(server, path), 401);
  assertProblem(await refusal(server, path, { authorization: 'Bearer wrong-wrong-wrong-wrong' }), 401);
  assertProblem(await read(server), 401);
  assert.equal((await read(server, { authorization: `Bearer ${TOKEN}` })).status, 200);
  assertProblem(await refusal(server, '/api/sites/none/live', { authorization: `Bearer ${TOKEN}` }), 404);
  assertProblem(await refusal(server, `${path}?token=${TOKEN}`), 401);
  assertProblem(await refusal(server, path, {}, 'POST'), 405);
  const right = { 'sec-websocket-protocol': protocols(TOKEN).join(', ') };
  assertProblem(await refusal(server, path, { ...right, origin: 'https://evil.example' }), 403);
  for (const origin of [undefined, 'https://blog.example', `http://127.0.0.1:${server.port}`]) {
    const answer = await refusal(server, path, { ...right, ...(origin && { origin }), host: `127.0.0.1:${server.port}` });
    assert.deepEqual([answer.status, answer.headers.get('sec-websocket-protocol')], [101, 'footfall'], origin);
  }
  const watcher = new Watcher(server.url, { protocols: protocols(TOKEN) });
  await watcher.until(() => true, 'a greeting');
  assert.equal(watcher.protocol, 'footfall');
});

test('1,000 visits cause few messages, and the last one has all', async (t) => {
  const server = await startWorkerd(t, { vars: PUBLIC, crossings: true, collect: ['footfall'] });
  const watcher = new Watcher(server.url);
  await watcher.until(() => true, 'a greeting');
  const began = performance.now();
  const before = (await server.crossings()).liveCalls;
  let left = 1_000;
  const client = async () => {
    while (left > 0) {
      left -= 1;
      await visit(server);
    }
  };
  await Promise.all(Array.from({ length: 16 }, client));
  await watcher.until((message) => told(message).views === 1_000, '1,000 views');
  const took = performance.now() - began;
  const gaps = watcher.messages.slice(2).map(({ at }, n) => at - watcher.messages[n + 1].at);
  assert.ok(gaps.every((gap) => gap >= 990), `messages ${gaps.join(', ')} ms apart`);
  assert.ok(watcher.messages.length <= 3 + took / 1_000, `${watcher.messages.length} messages in ${took} ms`);
  const calls = (await server.crossings()).liveCalls - before;
  assert.ok(calls <= 2 + took / 750, `${calls} calls in ${took} ms`);
  t.diagnostic(`1,000 visits in ${Math.round(took)} ms: ${calls} calls of the watchers' object, ${watcher.messages.length} messages`);
});

test('without watchers, a visit causes no push', async (t) => {
  const server = await startWorkerd(t, { vars: PUBLIC, crossings: true, collect: ['footfall'] });
  const calls = async () => (await server.crossings()).liveCalls;
  await visit(server);
  await poll(async () => (await calls()) === 1, 'the one call of a new shard');
  /** Sends visits for longer than a push may wait. */
  const quiet = async () => {
    const before = await calls();
    for (const end = Date.now() + 1_600; Date.now() < end; ) await visit(server);
    return (await calls()) - before;
  };
  assert.equal(await quiet(), 0, 'nobody has come yet');
  const watcher = new Watcher(server.url);
  await watcher.until(() => true, 'a greeting');
  const before = await calls();
  await poll(async () => {
    await visit(server);
    return (await calls()) >= before + 2;
  }, 'the pushes of the shards');
  await watcher.close();
  await poll(async () => {
    await visit(server);
    return (await quiet()) === 0;
  }, 'the last call');
  const again = new Watcher(server.url);
  const { views } = (await read(server)).json;
  assert.equal(sum((await again.until(() => true, 'a greeting')).views), sum(views));
  await seenAfter(again, sum(views) + 1, () => visit(server));
});

test('an idle watcher costs nothing: its object hibernates, and its WebSocket stays', async (t) => {
  // Timers that bound a wait are not stopped, and fire without effect, here after half a second.
  const vars = { ...PUBLIC, COUNTER_TIMEOUT_MS: 500 };
  const server = await startWorkerd(t, { vars, crossings: true, collect: ['footfall'] });
  await visit(server);
  const watcher = new Watcher(server.url);
  await watcher.until((message) => told(message).views === 1, 'a greeting');
  await seenAfter(watcher, 2, () => visit(server));
  let before;
  // The runtime evicts an object 10 seconds after its last call, and does not report it.
  for (let pings = 1; pings <= 14; pings += 1) {
    if (pings === 4) before = await server.crossings();
    watcher.send('ping');
    await watcher.heard(pings);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  assert.deepEqual(await server.crossings(), before, 'eleven seconds and eleven pings without a call into wasm');
  await seenAfter(watcher, 3, () => visit(server));
  assert.equal((await server.crossings()).liveWakes, before.liveWakes + 1, 'the object was evicted and woke');
  assert.deepEqual([watcher.others, watcher.closed], [Array(14).fill('pong'), undefined]);
});

test('an object that was thrown away asks for its numbers again', async (t) => {
  const server = await startWorkerd(t, { vars: { ...PUBLIC, SHARDS: '2' }, breakable: true });
  const watcher = new Watcher(server.url);
  await watcher.until(() => true, 'a greeting');
  for (let n = 0; n < 20; n += 1) await visit(server, `203.0.113.${n}`);
  await watcher.until((message) => told(message).views === 20, '20 views');
  for (const shard of ['default/0', 'default/1']) await server.throwAway('SHARD', shard);
  await seenAfter(watcher, 21, () => visit(server));
  assert.equal(told(watcher.last).people, 20);

  await server.throwAway('LIVE', 'default');
  assert.equal((await watcher.end()).code, 1006);
  await visit(server);
  const again = new Watcher(server.url);
  assert.deepEqual(told(await again.until(() => true, 'a greeting')), { views: 22, people: 20 });
  await seenAfter(again, 23, () => visit(server));
});

test('without the answer of a hanging shard there is no sum: all watchers are closed, and a request gets an error', async (t) => {
  const server = await startWorkerd(t, { vars: { ...PUBLIC, SHARDS: '2', COUNTER_TIMEOUT_MS: 500 }, breakable: true });
  await visit(server);
  await server.hang('SHARD', 'default/1');
  const watcher = new Watcher(server.url);
  assertProblem(await read(server), 504);
  await poll(() => server.logs().match(/"event":"live_failed"/g)?.length === 2, 'both to be told in the log');
  // Waits for the close frame, not the end: the runtime keeps the connection of a closed WebSocket until the object's calls are over.
  await poll(() => watcher.closing, 'it to be let go');
  assert.deepEqual(watcher.messages, []);
  await server.throwAway('SHARD', 'default/1');
  const again = new Watcher(server.url);
  assert.deepEqual(told(await again.until(() => true, 'a greeting')), { views: 1, people: 1 });
});

test('after kill -9 and a restart the numbers are right, and old minutes drop out', async (t) => {
  const storage = mkdtempSync(join(tmpdir(), 'footfall-live-'));
  t.after(() => rmSync(storage, { recursive: true, force: true }));
  const server = await startWorkerd(t, { storage, vars: PUBLIC });
  const watcher = new Watcher(server.url);
  await watcher.until(() => true, 'a greeting');
  for (let n = 0; n < 30; n += 1) await visit(server, `203.0.113.${n % 10}`);
  // A report writes the journal into the tables. Later visits are only in the journal.
  await call(`${server.url}/api/sites/default/summary`);
  for (let n = 0; n < 12; n += 1) await visit(server, `203.0.113.${n}`);
  await server.stop();
  assert.equal((await watcher.end()).code, 1006);

  const after = await startWorkerd(t, { storage, vars: PUBLIC });
  const again = new Watcher(after.url);
  assert.deepEqual(told(await again.until(() => true, 'a greeting')), { views: 42, people: 12 });
  await seenAfter(again, 43, () => visit(after));
  assert.deepEqual(told((await read(after)).json), { views: 43, people: 12 });
  await after.stop();

  const later = await startWorkerd(t, { storage, vars: PUBLIC, clockAheadMs: 10 * 60_000 });
  const { views, people } = (await read(later)).json;
  assert.deepEqual([sum(views), sum(views.slice(-9)), sum(people)], [43, 0, 0], 'ten minutes later, no visitor is there');
  await later.stop();
  const latest = await startWorkerd(t, { storage, vars: PUBLIC, clockAheadMs: 32 * 60_000 });
  assert.deepEqual(told((await read(latest)).json), { views: 0, people: 0 });
});

test('a shard that is thrown away before its push leaks nothing', async (t) => {
  const server = await startWorkerd(t, { vars: PUBLIC, breakable: true, crossings: true, collect: ['footfall'] });
  const ids = 8_000;
  let sent = 0;
  const client = async () => {
    while (sent < ids) {
      sent += 1;
      await visit(server, `203.0.${sent >> 8}.${sent & 255}`, { 'idempotency-key': `id${sent}` });
    }
  };
  await Promise.all(Array.from({ length: 32 }, client));
  const watcher = new Watcher(server.url);
  await watcher.until((message) => told(message).views === ids, 'all views');
  const round = async () => {
    for (let n = 0; n < 5; n += 1) {
      // The first push is sent at once, and the second would be 750 ms later, when the shard is gone.
      for (const address of ['203.0.113.7', '203.0.113.8']) await visit(server, address);
      await server.throwAway('SHARD', 'default/0');
    }
    return (await server.settledMemory()).wasmBytes;
  };
  await round();
  const before = await round();
  const after = [await round(), await round()].at(-1);
  t.diagnostic(`${before} bytes, ${after} after ten more`);
  // A shard with 8,000 ids and visitors has about 1 MB.
  assert.ok(after - before < 3_000_000, `ten shards left ${after - before} bytes behind`);
});

test('without the binding of its objects, only live fails', async (t) => {
  const server = await startWorkerd(t, { vars: PUBLIC, unbound: ['LIVE'] });
  const visits = () => Array.from({ length: 20 }, (_, n) => visit(server, `203.0.113.${n}`));
  const before = visits();
  const upgrade = refusal(server, '/api/sites/default/live');
  for (const { status } of await Promise.all([...before, ...visits()])) assert.equal(status, 200);
  assertProblem(await upgrade, 502);
  assert.match(server.logs(), /"event":"live_failed"/);
  assert.deepEqual(told((await read(server)).json), { views: 40, people: 20 });
});

test('whatever a watcher sends, the others are not affected', async (t) => {
  const server = await startWorkerd(t, { vars: PUBLIC });
  const quiet = new Watcher(server.url);
  await quiet.until(() => true, 'a greeting');
  const chatty = new Watcher(server.url);
  await chatty.until(() => true, 'a greeting');
  for (const said of ['', 'x', 'PING', '{"views":7}', new Uint8Array(64)]) chatty.send(said);
  chatty.send('ping');
  await chatty.heard(1);
  await seenAfter(chatty, 1, () => visit(server));
  assert.deepEqual(chatty.others, ['pong'], 'other messages get no answer');
  for (const said of ['x'.repeat(65), 'x'.repeat(900_000), new Uint8Array(1_000)]) {
    const loud = new Watcher(server.url);
    await loud.until(() => true, 'a greeting');
    loud.send(said);
    assert.equal((await loud.end()).code, 1008);
  }
  const path = '/api/sites/default/live';
  for (const headers of [{ 'sec-websocket-key': '' }, { 'sec-websocket-version': '7' }, { upgrade: 'h2c' }, { 'sec-websocket-protocol': ',,;"' }]) {
    const { status } = await refusal(server, path, headers);
    assert.ok([101, 200, 400, 426].includes(status), `${JSON.stringify(headers)}: ${status}`);
  }
  assert.equal((await call(`${server.url}${path}`, { method: 'HEAD' })).status, 200);
  await seenAfter(quiet, 2, () => visit(server));
});
