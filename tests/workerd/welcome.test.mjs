// GET / and similar requests: what a visitor's browser gets, and what counts as a visit.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertProblem, assertWelcome } from '../support/answers.mjs';
import { call, raw, views } from '../support/client.mjs';
import { startFakeCounter } from '../support/fake_counter.mjs';
import { startWorkerd } from '../support/workerd.mjs';

test('a visit is counted and welcomed, and the answer must not be cached', async (t) => {
  const footfall = await startWorkerd(t);
  assertWelcome(await call(`${footfall.url}/`));
  assert.equal(await views(footfall, { page: '/' }), 1);
});

test('each visit counts once, whatever its query and wherever it comes from', async (t) => {
  const footfall = await startWorkerd(t);
  for (const path of ['/', '/?utm_source=x', '/?page=/a&site=b', '/#top']) assertWelcome(await call(footfall.url + path), path);
  assertWelcome(await call(`${footfall.url}/`, { headers: { cookie: 'a=b', 'idempotency-key': 'of-nobody', 'sec-purpose': 'navigate' } }));
  assert.equal(await views(footfall, { page: '/' }), 5);
  assert.equal(await views(footfall), 5, 'no other page was counted');
});

test('HEAD is answered without a body and not counted', async (t) => {
  const footfall = await startWorkerd(t);
  const answer = await raw(footfall, ['HEAD / HTTP/1.1']);
  assert.deepEqual([answer.status, answer.text, answer.visit], [200, '', 'excluded']);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  assert.equal(await views(footfall), 0);
});

test('a prefetch is refused and not counted, and the visit that follows is counted', async (t) => {
  const footfall = await startWorkerd(t);
  for (const purpose of ['prefetch', 'prefetch;prerender', 'prefetch;anonymous-client-ip']) {
    const answer = await call(`${footfall.url}/`, { headers: { 'sec-purpose': purpose } });
    // A browser would show a 2xx for the later visit without a request, and that visit would be lost.
    assert.deepEqual([answer.status, answer.visit], [503, 'excluded'], purpose);
    assert.match(answer.headers.get('content-type'), /^text\/plain/);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
  }
  assert.equal(await views(footfall), 0);
  assertWelcome(await call(`${footfall.url}/`));
  assert.equal(await views(footfall), 1);
});

test('HEAD and prefetches send nothing to an external counter', async (t) => {
  const counter = await startFakeCounter(t);
  const footfall = await startWorkerd(t, { vars: { COUNTER_URL: counter.url }, outbound: 'loopback' });
  await call(`${footfall.url}/`, { method: 'HEAD' });
  await call(`${footfall.url}/`, { headers: { 'sec-purpose': 'prefetch' } });
  assertWelcome(await call(`${footfall.url}/`));
  assert.equal(counter.connections, 1);
});

test('GET / counts for HOME_SITE', async (t) => {
  const footfall = await startWorkerd(t, { vars: { SITES: 'docs, blog', HOME_SITE: 'blog' } });
  assertWelcome(await call(`${footfall.url}/`));
  assert.equal(await views(footfall, { site: 'blog', page: '/' }), 1);
  assert.equal(await views(footfall, { site: 'docs' }), 0);
});

test('a path that does not exist is 404 and not counted', async (t) => {
  const footfall = await startWorkerd(t);
  for (const path of ['/nope', '//', '/Counter', '/counter.json', '/%2f', '/index.html', '/..%2fcounter']) {
    assertProblem(await raw(footfall, [`GET ${path} HTTP/1.1`]), 404, path);
  }
  assertProblem(await call(`${footfall.url}/nope`, { method: 'POST', body: '{}' }), 404);
  assert.equal(await views(footfall), 0);
});

test('a wrong method gets a 405 that names the right ones, and does not count', async (t) => {
  const footfall = await startWorkerd(t);
  for (const [path, methods, allow] of [
    ['/', ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'], 'GET, HEAD'],
    ['/counter', ['PUT', 'PATCH', 'DELETE', 'OPTIONS'], 'GET, HEAD, POST'],
  ]) {
    for (const method of methods) {
      const answer = await call(footfall.url + path, { method });
      assertProblem(answer, 405, `${method} ${path}`);
      assert.equal(answer.headers.get('allow'), allow, `${method} ${path}`);
    }
  }
  assert.equal(await views(footfall), 0);
});
