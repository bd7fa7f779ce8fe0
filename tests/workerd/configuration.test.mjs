// [vars]: every answer names a variable with a wrong value, and right values work.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNotRegistered, assertProblem, assertWelcome } from '../support/answers.mjs';
import { call, post, views } from '../support/client.mjs';
import { startFakeCounter } from '../support/fake_counter.mjs';
import { poll } from '../support/waiters.mjs';
import { startWorkerd } from '../support/workerd.mjs';

/** A variable, wrong values for it, and what the hint must say about the allowed values. */
const WRONG = [
  ['COUNTER_TIMEOUT_MS', ['soon', '0', '25001', '-1', '5s', '1.5', '1e3', ' 5', ''], /1\b.*25,?000/],
  ['COUNTER_TIMEOUT_MS', [0, -1, 25_001, 0.5, true, [5000], { ms: 5000 }], /1\b.*25,?000/],
  ['COUNTER_URL', ['example.com/counter', '/counter', 'ftp://example.com/', 'http://', 'http:///counter', 'javascript:alert(1)', ' ', 'http://a b/'], /https?/],
  ['COUNTER_URL', [5, true, ['http://example.com/']], /https?/],
  ['SITES', ['', ',', 'blog,', 'Blog', 'my site', '.blog', 'blog,blog', 'blog/0', 'é', 'a'.repeat(65)], /a-z/],
  ['SITES', [true, ['blog'], {}], /a-z/],
  ['SHARDS', ['0', 257, 'some'], /or `auto`\) from 1 to 256/],
  ['MAX_SHARDS', ['auto', 0], /\b1 to 256/],
  ['HOME', ['europe', 3], /weur.*or nothing/],
  ['JURISDICTION', ['EU', true], /eu, us, fedramp; or nothing\. A change leads to other objects/],
];

for (const [variable, values, allowed] of WRONG) {
  for (const value of values) {
    test(`${variable} = ${JSON.stringify(value).slice(0, 40)} is an error that names the variable and the allowed values, and the log has the value`, async (t) => {
      const footfall = await startWorkerd(t, { vars: { [variable]: value } });
      const answer = await call(`${footfall.url}/`);
      assertProblem(answer, 500);
      assert.ok(answer.json.error.includes(variable), answer.text);
      // A value that is neither text nor number has no short form to repeat. Strangers never see the value.
      if (['string', 'number'].includes(typeof value)) {
        const [line] = await poll(() => footfall.logs().match(new RegExp(`.*${variable}.*`, 'g')), 'the line in the log');
        assert.ok(JSON.parse(line).why.includes(JSON.stringify(`${value}`)), line);
      }
      assert.match(answer.json.hint, allowed);
    });
  }
}

test('a wrong value stops every kind of request, and is logged once', async (t) => {
  const footfall = await startWorkerd(t, { vars: { COUNTER_TIMEOUT_MS: 'soon' } });
  assertProblem(await call(`${footfall.url}/`), 500);
  assertProblem(await call(`${footfall.url}/counter`), 500);
  assertProblem(await post(footfall, {}), 500);
  const head = await call(`${footfall.url}/`, { method: 'HEAD' });
  assert.deepEqual([head.status, head.text], [500, '']);
  const line = await poll(() => footfall.logs().match(/.*COUNTER_TIMEOUT_MS.*/g), 'the line in the log');
  assert.equal(line.length, 1, footfall.logs());
  assert.match(line[0], /soon/);
  assert.match(line[0], /25,?000/);
});

test('a password in COUNTER_URL is refused and not repeated', async (t) => {
  const footfall = await startWorkerd(t, { vars: { COUNTER_URL: 'https://me:hunter2@example.com/counter' } });
  const answer = await call(`${footfall.url}/`);
  assertProblem(answer, 500);
  assert.match(answer.json.error, /COUNTER_URL/);
  await poll(() => footfall.logs().includes('COUNTER_URL'), 'the line in the log');
  assert.ok(!/hunter2|me:/.test(answer.text + footfall.logs()), answer.text + footfall.logs());
});

test('an empty COUNTER_URL means the embedded counter', async (t) => {
  const footfall = await startWorkerd(t, { vars: { COUNTER_URL: '' } });
  assertWelcome(await call(`${footfall.url}/`));
  assert.equal(await views(footfall), 1);
});

test('the deadline may be a text or a number, from 1 to 25000', async (t) => {
  const counter = await startFakeCounter(t);
  for (const ms of ['25000', 25_000, '5000', 5000.0]) {
    const footfall = await startWorkerd(t, { vars: { COUNTER_URL: counter.url, COUNTER_TIMEOUT_MS: ms }, outbound: 'loopback' });
    assertWelcome(await call(`${footfall.url}/`), JSON.stringify(ms));
  }
  await counter.behave('hang');
  for (const ms of ['300', 300]) {
    const footfall = await startWorkerd(t, { vars: { COUNTER_URL: counter.url, COUNTER_TIMEOUT_MS: ms }, outbound: 'loopback' });
    const before = performance.now();
    assertNotRegistered(await call(`${footfall.url}/`), { status: 504, visit: 'unknown' });
    const waited = performance.now() - before;
    // The default of 5 s did not apply, however busy the machine is.
    assert.ok(waited >= 290 && waited < 4_900, `waited ${waited} ms for a deadline of ${JSON.stringify(ms)}`);
  }
});

test('the default deadline is 5 s', async (t) => {
  const counter = await startFakeCounter(t);
  await counter.behave('hang');
  const footfall = await startWorkerd(t, { vars: { COUNTER_URL: counter.url }, outbound: 'loopback' });
  const before = performance.now();
  assertNotRegistered(await call(`${footfall.url}/`), { status: 504, visit: 'unknown' });
  const waited = performance.now() - before;
  // The longest deadline, 25 s, did not apply.
  assert.ok(waited > 4_900 && waited < 24_000, `waited ${waited} ms`);
});
