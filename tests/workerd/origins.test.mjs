// Calls from scripts of pages: which origins may call, what browsers learn about it, and that a visit from a page has a visitor.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertProblem } from '../support/answers.mjs';
import { call } from '../support/client.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const BLOG = 'https://blog.example';
const vars = { ALLOWED_ORIGINS: `${BLOG}, http://localhost:8080` };
const VISITOR = { 'cf-connecting-ip': '203.0.113.7', 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0' };

const post = (footfall, origin, { headers = {}, ...body } = {}) =>
  call(`${footfall.url}/counter`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain;charset=UTF-8', ...(origin && { origin }), ...VISITOR, ...headers },
    body: JSON.stringify(body),
  });

const corsOf = ({ headers }) => ['access-control-allow-origin', 'access-control-expose-headers', 'vary'].map((name) => headers.get(name));
const ALLOWED = [BLOG, 'Footfall-Visit, Retry-After, ETag', 'Origin'];
/** Checks that an answer that depends on the origin tells caches so, even if no page may read it. */
const NONE = [null, null, 'Origin'];

test('a visit from a listed page is counted, with its visitor, and the page may read the answer', async (t) => {
  const footfall = await startWorkerd(t, { vars });
  const answer = await post(footfall, BLOG, { page: '/a', id: 'x', age: '60000' });
  assert.deepEqual([answer.status, answer.visit, answer.json.views], [200, 'counted', 1]);
  assert.deepEqual(corsOf(answer), ALLOWED);
  assert.equal(answer.headers.get('access-control-allow-credentials'), null);
  const again = await post(footfall, BLOG, { page: '/a', id: 'x' });
  assert.deepEqual([again.visit, again.json.views], ['duplicate', 1]);
  await post(footfall, BLOG, { page: '/b', headers: { 'sec-gpc': '1' } });
  const visitors = await call(`${footfall.url}/visitors`, { headers: { origin: BLOG } });
  assert.deepEqual([visitors.json.visitors, visitors.json.views_without_visitor.opted_out], [1, 1]);
  assert.deepEqual(corsOf(visitors), ALLOWED);
});

test('a visit from any other page is excluded and not counted', async (t) => {
  const footfall = await startWorkerd(t, { vars });
  for (const origin of ['https://evil.example', 'http://blog.example', 'https://blog.example.evil', 'null']) {
    const answer = await post(footfall, origin);
    assertProblem(answer, 403, origin);
    assert.equal(answer.visit, 'excluded');
    // The page may read this answer, so that its script can say in the console what the owner must set.
    assert.deepEqual(corsOf(answer)[0], origin === 'null' ? null : origin);
    if (origin !== 'null') assert.match(answer.json.hint, new RegExp(`"${origin}" to ALLOWED_ORIGINS`));
  }
  const read = await call(`${footfall.url}/counter`, { headers: { origin: 'https://evil.example' } });
  assert.deepEqual([read.json.views, corsOf(read)], [0, NONE]);
});

test("the Worker's own pages may always call, and a server needs no origin", async (t) => {
  const footfall = await startWorkerd(t);
  assert.equal((await post(footfall, footfall.url)).visit, 'counted');
  assertProblem(await post(footfall, BLOG), 403);
  assertProblem(await post(footfall, undefined), 415, 'text/plain from a server');
  const json = await post(footfall, undefined, { headers: { 'content-type': 'application/json' } });
  assert.equal(json.json.views, 2);
  assert.equal((await call(`${footfall.url}/visitors`)).json.visitors, 1, 'a server reports views, not visitors');
});

test('every origin may call if * is listed', async (t) => {
  const footfall = await startWorkerd(t, { vars: { ALLOWED_ORIGINS: '*' } });
  for (const origin of [BLOG, 'null']) {
    const answer = await post(footfall, origin);
    assert.deepEqual([answer.visit, answer.headers.get('access-control-allow-origin')], ['counted', origin]);
  }
});

test('a preflight says what a listed page may send', async (t) => {
  const footfall = await startWorkerd(t, { vars });
  for (const [path, methods] of [['/counter', 'GET, HEAD, POST'], ['/visitors', 'GET, HEAD']]) {
    const ask = (origin) => call(`${footfall.url}${path}`, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } });
    const told = await ask(BLOG);
    assert.equal(told.status, 204);
    assert.deepEqual(corsOf(told), ALLOWED);
    assert.equal(told.headers.get('access-control-allow-methods'), methods);
    assert.equal(told.headers.get('access-control-allow-headers'), 'Content-Type, Idempotency-Key, Authorization, *');
    assertProblem(await ask('https://evil.example'), 405);
  }
});

test('a listed page can read its errors, and an invalid age is refused', async (t) => {
  const footfall = await startWorkerd(t, { vars });
  for (const age of ['x', '-90000', '90000000', 90_000_000]) {
    const answer = await post(footfall, BLOG, { age });
    assertProblem(answer, 400, age);
    assert.deepEqual(corsOf(answer), ALLOWED);
  }
});

test('a wrong entry in ALLOWED_ORIGINS is named', async (t) => {
  const footfall = await startWorkerd(t, { vars: { ALLOWED_ORIGINS: 'blog.example' } });
  const answer = await call(`${footfall.url}/`);
  assertProblem(answer, 500);
  assert.match(answer.json.error, /ALLOWED_ORIGINS/);
});
