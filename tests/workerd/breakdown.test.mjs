// A trap in WebAssembly, as a panic makes it: the instance is lost, and nothing else. What was stored stays, the next visits are
// counted by a fresh instance, and nobody works on with a pointer into the old one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertWelcome } from '../support/answers.mjs';
import { call } from '../support/client.mjs';
import { startWorkerd } from '../support/workerd.mjs';

/** After so many calls into wasm: on the way in, in the futures, in the object, on the way back. A visit alone has 9, the last after its answer. */
const MOMENTS = Array.from({ length: 8 }, (_, at) => at + 1);

const options = { crossings: true, collect: ['footfall'], vars: { COUNTER_TIMEOUT_MS: 300 } };

/** Traps while `visits` come at once, then makes sure that all is well. Returns how many of them were welcomed. */
async function breakDown(footfall, moment, visits) {
  const before = await views(footfall);
  const instances = await footfall.trapIn(moment);
  const answers = await Promise.all(Array.from({ length: visits }, () => call(`${footfall.url}/`)));
  const welcomed = answers.filter(({ status }) => status === 200).length;
  for (let n = 0; n < 3; n += 1) assertWelcome(await call(`${footfall.url}/`), `visit ${n} after a trap at call ${moment}`);
  const counted = (await views(footfall)) - before - 3;
  assert.ok(welcomed <= counted && counted <= visits, `${welcomed} welcomed, ${counted} counted of ${visits}, trap at call ${moment}`);
  // Where a trap is inside of a call that JavaScript may fail, it is an error like any other, and the instance lives.
  const fresh = (await footfall.trapIn(0)) - instances;
  assert.ok(fresh === 1 || (fresh === 0 && welcomed === visits), `${fresh} fresh instances after a trap at call ${moment}`);
  return welcomed;
}

const views = async (footfall) => (await call(`${footfall.url}/counter`)).json.views;

test('a trap at any moment of a visit costs that visit at most', async (t) => {
  const footfall = await startWorkerd(t, options);
  assertWelcome(await call(`${footfall.url}/`));
  let lost = 0;
  for (const moment of MOMENTS) lost += 1 - (await breakDown(footfall, moment, 1));
  assert.ok(lost >= 6, `${lost} traps were met`);
  // A shard that works on with a pointer into an old instance finds no storage there.
  assert.doesNotMatch(footfall.logs(), /storage_failed/);
  assert.match(footfall.logs(), /Footfall broke down/, 'an owner can see it');
});

test('a trap among 100 visits costs what was on its way', async (t) => {
  const footfall = await startWorkerd(t, options);
  assertWelcome(await call(`${footfall.url}/`));
  for (const moment of [1, 50, 150, 400]) await breakDown(footfall, moment, 100);
  assert.doesNotMatch(footfall.logs(), /storage_failed/);
});
