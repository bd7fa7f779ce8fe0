// Many visits in flight at once in one isolate: each handler yields while its counter works, and resumes when the answer is there. An isolate has one
// thread, so a handler that waited without yielding would take the visits one by one: 10,000 visits of a second each would take almost three hours.
// Runs alone: no visit may wait for its counter longer than 25 s, and the 10,000 of a wave share one thread.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { call } from '../support/client.mjs';
import { startFakeCounter } from '../support/fake_counter.mjs';
import { COUNTER, WAVE } from '../../tools/workerd/plain_workers.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const WELCOME = '200 counted Welcome to my site!';

/** The visits of a wave without sockets, and how long each waits. */
const VISITS = 10_000;
const COUNTER_MS = 1_000;
/** How many are open at one time: the counter answers none before this many have come, however long the machine takes. */
const MIN_OPEN = 9_500;
/**
 * How much the second and third wave together may add to wasm's memory: 200 bytes for each visit. A visit whose future leaks leaves 2 KiB and 15
 * references to JavaScript objects.
 */
const MAX_WASM_GROWTH = 4 * 1024 * 1024;
/**
 * How much they may add to the process, for leaks outside wasm. The base is a wave that follows a larger one: workerd's allocator keeps the memory of a
 * wave, some 1.2 GiB, and only then does the next one need no more.
 */
const MAX_GROWTH_KIB = 32 * 1024;

test('10,000 visits are in flight at once in one isolate, and later waves need no more memory', async (t) => {
  const server = await startWorkerd(t, {
    vars: { COUNTER_URL: 'http://counter.test/counter', COUNTER_TIMEOUT_MS: 25_000 },
    outbound: 'counter',
    services: {
      counter: { source: COUNTER, vars: { WAIT_MS: COUNTER_MS, HELD: MIN_OPEN } },
      wave: { source: WAVE, services: { FOOTFALL: 'footfall', COUNTER: 'counter' } },
    },
    expose: ['wave'],
    collect: ['footfall', 'counter', 'wave'],
  });
  const memory = [];
  // wasm's table of JavaScript objects doubles when it is full. A larger wave first makes it grow; otherwise one reference more or less in a later
  // wave would look like a leak.
  await call(`${server.url}/?visits=${VISITS + VISITS / 5}`);
  for (const wave of [1, 2, 3]) {
    const before = performance.now();
    const { json, text } = await call(`${server.url}/?visits=${VISITS}`);
    const ms = Math.round(performance.now() - before);
    assert.deepEqual(json?.answers, { [WELCOME]: VISITS }, text);
    const { open, maxOpen, posts, wrong, ids } = json.notes;
    assert.deepEqual({ open, posts, wrong, ids }, { open: 0, posts: VISITS, wrong: 0, ids: VISITS });
    assert.ok(maxOpen >= MIN_OPEN, `${maxOpen} were open at one time`);
    memory.push(await server.settledMemory());
    const { rssKiB, wasmBytes } = memory.at(-1);
    t.diagnostic(`wave ${wave}: ${maxOpen} open at once, ${ms} ms, workerd ${rssKiB >> 10} MiB, wasm ${wasmBytes / 1024} KiB`);
  }
  const growth = (what) => memory.at(-1)[what] - memory[0][what];
  assert.ok(growth('wasmBytes') <= MAX_WASM_GROWTH, `wasm grew by ${growth('wasmBytes')} bytes`);
  assert.ok(growth('wasmRefs') <= VISITS, `wasm holds ${growth('wasmRefs')} more JavaScript objects`);
  assert.ok(growth('rssKiB') <= MAX_GROWTH_KIB, `workerd grew by ${growth('rssKiB')} KiB`);
});

/** The descriptors that workerd needs for a visit over sockets: the visitor's socket and the counter's, each with a duplicate. */
const SOCKET_VISITS = Math.min(4_000, Math.floor((descriptorLimit() - 500) / 4.5));

test('4,000 visits over real sockets are in flight at once, and all are answered', async (t) => {
  const counter = await startFakeCounter(t);
  // The counter answers none before all are there, so the visits are in flight together or not at all.
  await counter.behave('held');
  const server = await startWorkerd(t, { vars: { COUNTER_URL: counter.url, COUNTER_TIMEOUT_MS: 25_000 }, outbound: 'loopback' });
  const before = performance.now();
  const visits = Array.from({ length: SOCKET_VISITS }, () => call(`${server.url}/`));
  await Promise.race([counter.until(() => counter.posts.length === SOCKET_VISITS, `${SOCKET_VISITS} POSTs`), Promise.all(visits)]);
  assert.equal(counter.open, SOCKET_VISITS, 'a visit was answered before its counter answered');
  counter.release();
  const answers = await Promise.all(visits);
  const tally = {};
  for (const { status, visit, text } of answers) tally[`${status} ${visit} ${text}`] = (tally[`${status} ${visit} ${text}`] ?? 0) + 1;
  assert.deepEqual(tally, { [WELCOME]: SOCKET_VISITS });
  assert.deepEqual([counter.posts.length, counter.connections, counter.maxOpen], [SOCKET_VISITS, SOCKET_VISITS, SOCKET_VISITS]);
  t.diagnostic(`${SOCKET_VISITS} visits over sockets: ${Math.round(performance.now() - before)} ms, workerd ${Math.round(server.rssKiB() / 1024)} MiB`);
});

/** The descriptors that a process may open here. Node raises its own limit to the hard limit, and children inherit that. */
function descriptorLimit() {
  if (process.platform !== 'linux') return 10_000;
  const [, hard] = /Max open files\s+\S+\s+(\S+)/.exec(readFileSync('/proc/self/limits', 'utf8'));
  return hard === 'unlimited' ? 1_000_000 : Number(hard);
}
