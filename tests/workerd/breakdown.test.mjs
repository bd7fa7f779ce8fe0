// A trap in WebAssembly, such as a panic: only the instance is lost. Stored counts stay, a fresh instance counts the next visits, and nothing keeps
// working with a pointer into the old instance.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertWelcome } from '../support/answers.mjs';
import { call } from '../support/client.mjs';
import { startWorkerd } from '../support/workerd.mjs';

/** The traps come after so many calls into wasm: on the way in, in the futures, in the object, on the way back. A single visit has 9 calls, the last after its answer. */
const MOMENTS = Array.from({ length: 8 }, (_, at) => at + 1);

const options = { crossings: true, collect: ['footfall'], vars: { COUNTER_TIMEOUT_MS: 300 } };

/** Traps while `visits` visits come at once, then checks that all is well. Returns how many visits were welcomed. */
async function breakDown(footfall, moment, visits) {
  const before = await views(footfall);
  const instances = await footfall.trapIn(moment);
  const answers = await Promise.all(Array.from({ length: visits }, () => call(`${footfall.url}/`)));
  const welcomed = answers.filter(({ status }) => status === 200).length;
  for (let n = 0; n < 3; n += 1) assertWelcome(await call(`${footfall.url}/`), `visit ${n} after a trap at call ${moment}`);
  const counted = (await views(footfall)) - before - 3;
  assert.ok(welcomed <= counted && counted <= visits, `${welcomed} welcomed, ${counted} counted of ${visits}, trap at call ${moment}`);
  // A trap inside a call that may fail in JavaScript is an ordinary error, and the instance lives.
  const fresh = (await footfall.trapIn(0)) - instances;
  assert.ok(fresh === 1 || (fresh === 0 && welcomed === visits), `${fresh} fresh instances after a trap at call ${moment}`);
  return welcomed;
}

const views = async (footfall) => (await call(`${footfall.url}/counter`)).json.views;

test('a trap at any moment of a visit loses at most that visit', async (t) => {
  const footfall = await startWorkerd(t, options);
  assertWelcome(await call(`${footfall.url}/`));
  let lost = 0;
  for (const moment of MOMENTS) lost += 1 - (await breakDown(footfall, moment, 1));
  assert.ok(lost >= 6, `${lost} traps lost a visit`);
  // A shard that kept working with a pointer into an old instance would find no storage.
  assert.doesNotMatch(footfall.logs(), /storage_failed/);
  assert.match(footfall.logs(), /Footfall broke down/, 'an owner can see it');
});

test('a trap among 100 visits loses only those in flight', async (t) => {
  const footfall = await startWorkerd(t, options);
  assertWelcome(await call(`${footfall.url}/`));
  for (const moment of [1, 50, 150, 400]) await breakDown(footfall, moment, 100);
  assert.doesNotMatch(footfall.logs(), /storage_failed/);
});
