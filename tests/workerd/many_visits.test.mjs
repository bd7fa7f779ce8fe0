// Very many visits through one isolate. V8 optimises code that runs often, and a promise made in the wrong way then loses its request: after some
// 17,500 visits, the isolate waits for ever. No shorter test finds that.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WELCOME } from '../support/answers.mjs';
import { views } from '../support/client.mjs';
import { hammer } from '../support/hammer.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const TOTAL = Number(process.env.FOOTFALL_VISITS ?? 100_000);
const CONNECTIONS = 64;

test(`${TOTAL} visits over ${CONNECTIONS} connections are all welcomed and counted once each`, async (t) => {
  const server = await startWorkerd(t);
  const wrong = [];
  const start = performance.now();
  await hammer(server, {
    total: TOTAL,
    connections: CONNECTIONS,
    onAnswer: (status, body) => (status === 200 && body === WELCOME) || wrong.push(`${status} ${body}`),
  });
  const seconds = (performance.now() - start) / 1000;
  assert.deepEqual(wrong, []);
  assert.equal(await views(server), TOTAL);
  t.diagnostic(`${Math.round(TOTAL / seconds)} visits/s`);
});
