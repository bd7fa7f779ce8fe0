// An external counter (COUNTER_URL): the POST that it gets, and what each of its faults means for the visitor.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNotRegistered, assertWelcome } from '../support/answers.mjs';
import { call } from '../support/client.mjs';
import { startFakeCounter } from '../support/fake_counter.mjs';
import { startWorkerd } from '../support/workerd.mjs';

/** Long enough for any answer on a busy machine; short enough to wait for when no answer comes. */
const DEADLINE_MS = 1_000;

/** The longest possible, for tests that must not depend on time, even on a busy machine. */
const PATIENT = { COUNTER_TIMEOUT_MS: 25_000 };

/** Enough for 100 faults at once. */
const FOR_100 = { COUNTER_TIMEOUT_MS: 4_000 };

const FAILED = { status: 502, visit: 'failed' };
const UNKNOWN = { status: 502, visit: 'unknown' };
const LATE = { status: 504, visit: 'unknown' };
/** The most bytes of an answer that Footfall reads. */
const CAP = 64 * 1024;

/** The name of a fault, the mode of the fake, and the answer to the visitor. */
const FAULTS = [
  ['refuses the connection', 'refused', {}, UNKNOWN],
  ['resets before it has read the request', 'resetBeforeReading', {}, UNKNOWN],
  ['resets after it has read the request', 'resetAfterReading', {}, UNKNOWN],
  ...[301, 302, 303, 307, 308].map((status) => [`redirects with ${status}`, 'redirect', { status }, FAILED]),
  ...[408, 409].map((status) => [`answers ${status}`, 'status', { status }, UNKNOWN]),
  ...[300, 304, 400, 401, 404, 405, 413, 415, 429].map((status) => [`answers ${status}`, 'status', { status }, FAILED]),
  ...[500, 502, 503, 504, 599].map((status) => [`answers ${status}`, 'status', { status }, UNKNOWN]),
  ['says it is full and when to come back', 'status', { status: 503, headers: { 'retry-after': '1' } }, UNKNOWN],
  ['never answers', 'hang', {}, LATE],
  ['sends headers and then nothing', 'headersThenHang', {}, LATE],
  ['sends a byte at a time for ever', 'drip', { ms: 20 }, LATE],
  ['answers after the deadline', 'later', { ms: 10 * DEADLINE_MS }, LATE],
  ['breaks off in its answer', 'breakOff', {}, UNKNOWN],
  ['sends more than is read, with its length', 'body', { bytes: CAP + 1 }, UNKNOWN],
  ['sends more than is read, in chunks', 'body', { bytes: CAP + 1, chunked: true }, UNKNOWN],
  ['sends without end', 'endless', {}, UNKNOWN],
  ['sends something other than HTTP', 'garbage', {}, UNKNOWN],
];

/** Modes in which the counter reads no request. */
const UNREAD = ['refused', 'resetBeforeReading'];

async function footfallWith(t, vars = {}) {
  const counter = await startFakeCounter(t);
  const footfall = await startWorkerd(t, { vars: { COUNTER_URL: counter.url, COUNTER_TIMEOUT_MS: DEADLINE_MS, ...vars }, outbound: 'loopback' });
  return { counter, footfall, visit: () => call(`${footfall.url}/`) };
}

test('a visit is one POST with its id in a header and in a small JSON body', async (t) => {
  const { counter, visit } = await footfallWith(t, { SITES: 'blog,docs', HOME_SITE: 'blog' });
  assertWelcome(await visit());
  const [{ method, path, headers, body }] = counter.posts;
  assert.deepEqual([method, path], ['POST', '/counter']);
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers.accept, 'application/json');
  const { id } = JSON.parse(body);
  assert.equal(body, JSON.stringify({ site: 'blog', page: '/', id }), 'these fields, on one line');
  assert.match(id, /^[!-~]{1,64}$/);
  assert.equal(headers['idempotency-key'], id);
  assert.equal(counter.connections, 1);
});

test('the counter learns nothing about the visitor', async (t) => {
  const { counter, footfall } = await footfallWith(t);
  const secret = 'of-the-visitor';
  const headers = ['user-agent', 'cookie', 'authorization', 'referer', 'cf-connecting-ip', 'x-forwarded-for', 'accept-language', 'idempotency-key'];
  await call(`${footfall.url}/?${secret}`, { headers: Object.fromEntries(headers.map((name) => [name, secret])) });
  const [{ path, headers: sent, body }] = counter.posts;
  const post = JSON.stringify({ path, sent, body });
  assert.ok(!post.includes(secret), post);
});

test('every visit has a different id', async (t) => {
  const { counter, visit } = await footfallWith(t);
  for (const answer of await Promise.all(Array.from({ length: 50 }, visit))) assertWelcome(answer);
  assert.equal(counter.posts.length, 50);
  assert.equal(new Set(counter.posts.map(({ headers }) => headers['idempotency-key'])).size, 50);
});

test('the path and query of COUNTER_URL are unchanged', async (t) => {
  const counter = await startFakeCounter(t);
  const COUNTER_URL = `${counter.url}/a%20b?token=x&y=%2F`;
  const footfall = await startWorkerd(t, { vars: { COUNTER_URL }, outbound: 'loopback' });
  assertWelcome(await call(`${footfall.url}/`));
  assert.equal(counter.posts[0].path, '/counter/a%20b?token=x&y=%2F');
});

test('every 2xx is a registration, whatever its body', async (t) => {
  const { counter, visit } = await footfallWith(t);
  for (const status of [200, 201, 202, 204, 206, 226, 299]) {
    await counter.behave('status', { status });
    assertWelcome(await visit(), `${status}`);
  }
  for (const options of [{ bytes: 0 }, { bytes: CAP }, { bytes: CAP, chunked: true }]) {
    await counter.behave('body', options);
    assertWelcome(await visit(), JSON.stringify(options));
  }
  await counter.behave('later', { ms: DEADLINE_MS / 4 });
  assertWelcome(await visit(), 'slow, and in time');
});

for (const [fault, mode, options, expected] of FAULTS) {
  test(`a counter that ${fault}: ${expected.status}, visit ${expected.visit}, one POST, and the next visit is registered`, async (t) => {
    const { counter, visit } = await footfallWith(t, expected === LATE ? {} : PATIENT);
    await counter.behave(mode, options);
    assertNotRegistered(await visit(), expected);
    if (UNREAD.includes(mode)) assert.equal(counter.posts.length, 0);
    else assert.deepEqual(counter.posts.map(({ method, path }) => [method, path]), [['POST', '/counter']]);
    assert.equal(counter.connections, mode === 'refused' ? 0 : 1, 'no retry, and no redirect followed');
    await counter.behave('ok');
    assertWelcome(await visit());
    assert.equal(counter.posts.length, 1);
  });
}

test('the deadline aborts the POST, and the counter sees its connection close', async (t) => {
  const { counter, visit } = await footfallWith(t);
  for (const [mode, options] of [['hang'], ['headersThenHang'], ['drip', { ms: 20 }]]) {
    await counter.behave(mode, options);
    assertNotRegistered(await visit(), LATE, mode);
    await counter.until(() => counter.posts[0].aborted && counter.open === 0, `the abort of ${mode}`);
  }
});

test('an endless answer is cut off soon after the limit', async (t) => {
  const { counter, visit } = await footfallWith(t, PATIENT);
  await counter.behave('endless');
  const before = performance.now();
  assertNotRegistered(await visit(), UNKNOWN);
  assert.ok(performance.now() - before < 24_000, 'the limit ended it, not the deadline');
  await counter.until(() => counter.posts[0].aborted, 'the end of the answer');
  // The buffers of two sockets and of both programs may add to it.
  assert.ok(counter.posts[0].sent < 32 * 1024 * 1024, `${counter.posts[0].sent} bytes were accepted`);
});

test('a visit that waits does not hold up others', async (t) => {
  const { counter, visit } = await footfallWith(t, PATIENT);
  await counter.behave('held');
  const waiting = visit();
  await counter.until(() => counter.posts.length === 1, 'the first POST');
  const post = counter.posts[0];
  await counter.behave('ok');
  assertWelcome(await visit());
  assert.ok(!post.done, 'the first visit is still in flight');
  counter.release();
  assertWelcome(await waiting);
});

test('simultaneous faults each get their own answer, and all is well after them', async (t) => {
  const { counter, visit } = await footfallWith(t, FOR_100);
  await counter.behave('resetAfterReading');
  for (const answer of await Promise.all(Array.from({ length: 100 }, visit))) assertNotRegistered(answer, UNKNOWN);
  assert.equal(counter.posts.length, 100);
  await counter.behave('hang');
  for (const answer of await Promise.all(Array.from({ length: 100 }, visit))) assertNotRegistered(answer, LATE);
  assert.equal(counter.posts.length, 100);
  await counter.behave('ok');
  for (const answer of await Promise.all(Array.from({ length: 100 }, visit))) assertWelcome(answer);
  assert.equal(counter.posts.length, 100);
});
