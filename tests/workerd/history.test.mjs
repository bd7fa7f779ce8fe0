// Checks the simulator's claim on the real Worker: whatever breaks, each count ends between the acknowledged visits and those that may have arrived
// (the bounds of Jepsen's counter check): acked <= views <= acked + unknown. With ids, the check is stricter: after a retry, each visit counts
// exactly once.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { open, post, views } from '../support/client.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const CLIENTS = 24;
const PAGES = ['/a', '/b', '/c'];

/** The calls that were sent, with their outcomes. A call is `acked`, `failed` (certainly not stored) or `unknown`. */
class History {
  calls = [];

  of(page, outcome) {
    return this.calls.filter((call) => call.page === page && call.outcome === outcome).length;
  }

  /** Checks each page's count against its bounds. */
  async check(server) {
    for (const page of PAGES) {
      const [acked, unknown] = [this.of(page, 'acked'), this.of(page, 'unknown')];
      const found = await views(server, { page });
      assert.ok(acked <= found && found <= acked + unknown, `${page}: ${acked} acked, ${unknown} unknown, ${found} counted`);
    }
    const sum = (await Promise.all(PAGES.map((page) => views(server, { page })))).reduce((a, b) => a + b);
    assert.equal(await views(server), sum, 'the site is the sum of its pages');
  }

  /** Sends every call with an id again until all are settled. Then each must have counted exactly once. */
  async settle(server) {
    for (const call of this.calls.filter(({ id }) => id)) {
      const { json, text } = await post(server, { page: call.page, id: call.id });
      assert.equal(typeof json?.duplicate, 'boolean', text);
      if (call.outcome === 'acked') assert.equal(json.duplicate, true, `${call.id} was acknowledged, but the counter does not know it`);
      call.outcome = 'acked';
    }
    for (const page of PAGES) {
      const anonymous = this.calls.filter((call) => call.page === page && !call.id && call.outcome === 'unknown').length;
      const acked = this.of(page, 'acked');
      const found = await views(server, { page });
      assert.ok(acked <= found && found <= acked + anonymous, `${page}: ${acked} settled, ${anonymous} unknown, ${found} counted`);
    }
  }
}

/** Clients that send one visit after another, every second one with an id, until `calls` are made or the server is gone. */
function clients(server, history, calls) {
  const client = async (number) => {
    for (let n = number; n < calls; n += CLIENTS) {
      const call = { page: PAGES[n % PAGES.length], id: n % 2 ? `call-${history.calls.length}-${n}` : undefined, outcome: 'unknown' };
      history.calls.push(call);
      const answer = await post(server, { page: call.page, id: call.id }).catch(() => undefined);
      if (answer === undefined) return;
      if (answer.status === 200) call.outcome = 'acked';
      else if (answer.visit === 'failed') call.outcome = 'failed';
      else assert.equal(answer.visit, 'unknown', answer.text);
    }
  };
  return Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
}

test('objects are thrown away while visits are counted', async (t) => {
  const server = await startWorkerd(t, { breakable: true, vars: { SHARDS: 2 } });
  const history = new History();
  let done = false;
  const breaking = async () => {
    for (let n = 0; !done; n += 1) {
      await server.throwAway('SHARD', `default/${n % 2}`);
      if (n % 5 === 0) await server.throwAway('DAYS', 'default');
      // Some visits pass between two breaks: a number of calls, not a time.
      const until = history.calls.length + 60;
      while (!done && history.calls.length < until) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const [, broken] = await Promise.allSettled([clients(server, history, 3_000).finally(() => (done = true)), breaking()]);
  assert.equal(broken.status, 'fulfilled', String(broken.reason));
  await history.check(server);
  await history.settle(server);
  const outcomes = ['acked', 'failed', 'unknown'].map((outcome) => `${history.calls.filter((call) => call.outcome === outcome).length} ${outcome}`);
  t.diagnostic(`${history.calls.length} calls: ${outcomes.join(', ')} (after settling)`);
});

test('clients reset their connections in storms', async (t) => {
  const server = await startWorkerd(t);
  const history = new History();
  const body = (call) => JSON.stringify({ page: call.page, id: call.id });
  const storm = async () => {
    for (let n = 0; n < 600; n += 1) {
      const call = { page: PAGES[n % PAGES.length], id: `storm-${n}`, outcome: 'unknown' };
      history.calls.push(call);
      const text = body(call);
      const lines = ['POST /counter HTTP/1.1', 'Host: footfall.test', 'Content-Type: application/json', `Content-Length: ${text.length}`];
      const socket = await open(server, `${lines.join('\r\n')}\r\n\r\n${text}`);
      await new Promise((resolve) => socket.once('close', resolve).resetAndDestroy());
    }
  };
  await Promise.all([storm(), clients(server, history, 2_000)]);
  await history.check(server);
  await history.settle(server);
});

test('workerd is killed and started again, over and over', async (t) => {
  const storage = mkdtempSync(join(tmpdir(), 'footfall-history-'));
  t.after(() => rmSync(storage, { recursive: true, force: true }));
  const history = new History();
  for (const calls of [100, 400, 900]) {
    const server = await startWorkerd(t, { storage, vars: { SHARDS: 2 } });
    const running = clients(server, history, 100_000);
    const until = history.calls.length + calls;
    while (history.calls.length < until) await new Promise((resolve) => setImmediate(resolve));
    await server.stop();
    await running;
    const after = await startWorkerd(t, { storage, vars: { SHARDS: 2 } });
    await history.check(after);
    await after.stop();
  }
  const server = await startWorkerd(t, { storage, vars: { SHARDS: 2 } });
  await history.settle(server);
});
