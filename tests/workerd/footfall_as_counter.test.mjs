// One deployment of Footfall is the external counter of another, so both sides of the contract are tested together.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNotRegistered, assertWelcome } from '../support/answers.mjs';
import { call, views } from '../support/client.mjs';
import { TWICE } from '../../tools/workerd/plain_workers.mjs';
import { startWorkerd } from '../support/workerd.mjs';

/** A Footfall that counts, and one in front of it for visitors. */
async function pair(t, { vars = {}, ...options } = {}) {
  const counter = await startWorkerd(t, { vars: { SITES: 'default,blog' } });
  const front = await startWorkerd(t, { vars: { COUNTER_URL: `${counter.url}/counter`, ...vars }, outbound: 'loopback', ...options });
  return { counter, front };
}

test('a visit to the one in front is a view in the counter', async (t) => {
  const { counter, front } = await pair(t);
  const answers = await Promise.all(Array.from({ length: 100 }, () => call(`${front.url}/`)));
  for (const answer of answers) assertWelcome(answer);
  assert.equal(await views(counter, { page: '/' }), 100);
  assert.equal(await views(counter), 100);
  assert.equal(await views(front), 0, 'the one in front counts nothing itself');
});

test('the site of a visit is the HOME_SITE of the one in front', async (t) => {
  const { counter, front } = await pair(t, { vars: { SITES: 'blog', HOME_SITE: 'blog' } });
  assertWelcome(await call(`${front.url}/`));
  assert.equal(await views(counter, { site: 'blog' }), 1);
  assert.equal(await views(counter, { site: 'default' }), 0);
});

test('a POST that is duplicated on the way is counted once', async (t) => {
  const { counter, front } = await pair(t, { outbound: 'twice', services: { twice: { source: TWICE, outbound: 'loopback' } } });
  for (let visit = 0; visit < 20; visit += 1) assertWelcome(await call(`${front.url}/`));
  assert.equal(await views(counter), 20);
});

test('a site that the counter does not know is not registered, and nothing is counted', async (t) => {
  const { counter, front } = await pair(t, { vars: { SITES: 'unlisted', HOME_SITE: 'unlisted' } });
  assertNotRegistered(await call(`${front.url}/`), { status: 502, visit: 'failed' });
  assert.deepEqual([await views(counter), await views(counter, { site: 'blog' })], [0, 0]);
});

test('a counter that is gone is an error, never a Welcome', async (t) => {
  const { counter, front } = await pair(t);
  assertWelcome(await call(`${front.url}/`));
  await counter.stop();
  assertNotRegistered(await call(`${front.url}/`), { status: 502, visit: 'unknown' });
});
