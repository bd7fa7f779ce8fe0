// A visitor who resets the connection in the middle of a visit: the visit was made, so it counts, and leaves nothing behind. It must be a reset (RST)
// to workerd itself, because an orderly close or a proxy would hide the case. Without `ctx.waitUntil`, each such visit would leak its future.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertWelcome } from '../support/answers.mjs';
import { call, open, views } from '../support/client.mjs';
import { startFakeCounter } from '../support/fake_counter.mjs';
import { poll } from '../support/waiters.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const VISIT = 'GET / HTTP/1.1\r\nHost: footfall.test\r\n\r\n';

/** The number of visits that are reset, and how many are in flight at once. */
const RESETS = 2_000;
const AT_ONCE = 100;
/**
 * The visits in flight at once before memory is measured. They are more than later, so that wasm's tables, which double when they are full, have
 * grown already. Otherwise one visit more or less would look like a leak.
 */
const WARM_UP = 150;
/** 256 bytes for each visit. A visit whose future leaks leaves 2 KiB, and 15 references to JavaScript objects. */
const MAX_WASM_GROWTH = 512 * 1024;
const MAX_GROWTH_KIB = 32 * 1024;

/** Starts Footfall with a counter that holds its answers back until it is released. */
async function held(t, vars = {}) {
  const counter = await startFakeCounter(t);
  await counter.behave('held');
  const footfall = await startWorkerd(t, { vars: { COUNTER_URL: counter.url, ...vars }, outbound: 'loopback', collect: ['footfall'] });
  return { counter, footfall };
}

/** Makes visits, resets each once the counter has its POST, and only then lets the counter answer. */
async function resetInFlight({ counter, footfall }, visits) {
  await counter.behave('held');
  const sockets = await Promise.all(Array.from({ length: visits }, () => open(footfall, VISIT)));
  await counter.until(() => counter.posts.length === visits, `${visits} POSTs`);
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve).resetAndDestroy())));
  await sawResets(footfall);
  counter.release();
  await counter.until(() => counter.posts.every(({ done }) => done), 'the end of all POSTs');
}

/** Sends a request, which workerd serves after it has seen the resets. */
async function sawResets(footfall) {
  for (let again = 0; again < 2; again += 1) await call(`${footfall.url}/`, { method: 'HEAD' });
}

test('the visit of a client that resets its connection is still registered', async (t) => {
  const { counter, footfall } = await held(t);
  await resetInFlight({ counter, footfall }, 20);
  assert.equal(counter.posts.filter(({ aborted }) => aborted).length, 0, 'POSTs were abandoned with their clients');
  assert.equal(counter.connections, 20);
  await counter.behave('ok');
  assertWelcome(await call(`${footfall.url}/`));
});

test('2,000 clients that reset leak no memory, and the next visit is registered', async (t) => {
  const { counter, footfall } = await held(t);
  for (let round = 0; round < 4; round += 1) await resetInFlight({ counter, footfall }, WARM_UP);
  const before = await footfall.settledMemory();
  for (let done = 0; done < RESETS; done += AT_ONCE) await resetInFlight({ counter, footfall }, AT_ONCE);
  const after = await footfall.settledMemory();
  const growth = (what) => after[what] - before[what];
  t.diagnostic(`before and after ${RESETS} resets: ${JSON.stringify([before, after])}`);
  assert.ok(growth('wasmBytes') <= MAX_WASM_GROWTH, `wasm grew by ${growth('wasmBytes')} bytes`);
  assert.ok(growth('wasmRefs') <= RESETS, `wasm holds ${growth('wasmRefs')} more JavaScript objects`);
  assert.ok(growth('rssKiB') <= MAX_GROWTH_KIB, `workerd grew by ${growth('rssKiB')} KiB`);
  await counter.behave('ok');
  assertWelcome(await call(`${footfall.url}/`));
});

test('the deadline ends the POST of a client that has left', async (t) => {
  const { counter, footfall } = await held(t, { COUNTER_TIMEOUT_MS: 300 });
  await counter.behave('hang');
  const sockets = await Promise.all(Array.from({ length: 50 }, () => open(footfall, VISIT)));
  await counter.until(() => counter.posts.length === 50, '50 POSTs');
  for (const socket of sockets) socket.resetAndDestroy();
  await counter.until(() => counter.posts.every(({ aborted }) => aborted), 'the deadline of visits without visitors');
  await counter.behave('ok');
  assertWelcome(await call(`${footfall.url}/`));
});

test('resets among many visits to the embedded counter harm no other visit', async (t) => {
  const footfall = await startWorkerd(t);
  let welcomed = 0;
  let left = 0;
  for (let round = 0; round < 20; round += 1) {
    const leaving = Promise.all(
      Array.from({ length: 20 }, async () => {
        const socket = await open(footfall, VISIT);
        socket.resetAndDestroy();
        left += 1;
      }),
    );
    for (const answer of await Promise.all(Array.from({ length: 20 }, () => call(`${footfall.url}/`)))) assertWelcome(answer);
    welcomed += 20;
    await leaving;
  }
  // A client that resets at once may or may not have made a visit; one that was welcomed has.
  const counted = await poll(() => views(footfall), 'views');
  assert.ok(counted >= welcomed && counted <= welcomed + left, `${counted} views, ${welcomed} welcomed, ${left} left`);
});

test('requests that the platform kills leave nothing behind after two minutes', async (t) => {
  const counter = await startFakeCounter(t);
  const footfall = await startWorkerd(t, { vars: { COUNTER_URL: counter.url }, outbound: 'loopback', collect: ['footfall'], killable: true, clockAheadMs: 1 });
  let minutes = 0;
  const kill = async (visits) => {
    await counter.behave('held');
    const sockets = await Promise.all(Array.from({ length: visits }, () => open(footfall, VISIT)));
    await counter.until(() => counter.posts.length === visits, `${visits} POSTs`);
    await call(`${footfall.url}/killed-by-the-test`);
    for (const socket of sockets) socket.resetAndDestroy();
    await counter.behave('ok');
    // Each of these requests finds that a minute has passed.
    for (let n = 0; n < 3; n += 1) {
      await footfall.setClockAhead((minutes += 1) * 60_001);
      assertWelcome(await call(`${footfall.url}/`));
    }
  };
  for (let n = 0; n < 4; n += 1) await kill(WARM_UP);
  const before = await footfall.settledMemory();
  for (let n = 0; n < 10; n += 1) await kill(AT_ONCE);
  const after = await footfall.settledMemory();
  t.diagnostic(JSON.stringify([before, after]));
  // Ten waves used no more than one: 1,000 futures have over 2 MB, and 15,000 references.
  assert.ok(after.wasmBytes - before.wasmBytes <= MAX_WASM_GROWTH, `wasm grew by ${after.wasmBytes - before.wasmBytes} bytes`);
  assert.ok(after.wasmRefs - before.wasmRefs <= 10 * AT_ONCE, `wasm holds ${after.wasmRefs - before.wasmRefs} more JavaScript objects`);
});
