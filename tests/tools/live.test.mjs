// Sends messages to all watchers, on sockets that only record them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tell } from '../../src/edge/objects/live.js';

test('of several messages during a round, only the last is sent after it', async (t) => {
  const turns = [];
  globalThis.scheduler = { wait: () => new Promise((resolve) => turns.push(resolve)) };
  t.after(() => delete globalThis.scheduler);
  const sockets = Array.from({ length: 250 }, () => ({ told: [], send(text) { this.told.push(text); } }));
  const context = { getWebSockets: () => sockets };
  const telling = [tell(context, 'first')];
  // A socket that is closing throws. That must not matter.
  sockets[120].send = () => assert.fail('it is closed');
  for (const text of ['second', 'third', 'last']) telling.push(tell(context, text));
  let at = 0;
  for (; at < turns.length; at += 1) {
    turns[at]();
    await new Promise(setImmediate);
  }
  await Promise.all(telling);
  assert.equal(at, 4, 'twice 250, 100 at a time');
  assert.deepEqual(sockets[120].told, []);
  sockets.splice(120, 1);
  for (const { told } of sockets) assert.deepEqual(told, ['first', 'last']);
  await tell({ getWebSockets: () => sockets.slice(0, 1) }, 'elsewhere');
  assert.deepEqual(sockets[0].told, ['first', 'last', 'elsewhere'], 'objects are independent');
  sockets.length = 100;
  await tell(context, 'again');
  assert.equal(sockets[99].told.at(-1), 'again');
});
