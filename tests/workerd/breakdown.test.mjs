// A trap in WebAssembly, as a panic makes it: the instance is lost, and nothing else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertWelcome } from '../support/answers.mjs';
import { call } from '../support/client.mjs';
import { startWorkerd } from '../support/workerd.mjs';

test('after a trap the next visits are counted by a fresh instance, and no view is missing', async (t) => {
  const footfall = await startWorkerd(t, { crossings: true, collect: ['footfall'] });
  const visit = () => call(`${footfall.url}/`);
  for (let n = 0; n < 3; n += 1) assertWelcome(await visit());
  for (let round = 1; round <= 3; round += 1) {
    await footfall.trap();
    const { status } = await visit();
    assert.equal(status, 500, 'the visit that met the trap');
    for (let n = 0; n < 3; n += 1) assertWelcome(await visit(), `visit ${n} after trap ${round}`);
    assert.equal((await call(`${footfall.url}/counter`)).json.views, 3 + 3 * round);
  }
});
