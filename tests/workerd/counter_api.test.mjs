// POST and GET /counter: the counter as a service.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertProblem } from '../support/answers.mjs';
import { call, post, raw, views } from '../support/client.mjs';
import { startWorkerd } from '../support/workerd.mjs';

test('a visit is answered with its site, its page and the views that include it', async (t) => {
  const footfall = await startWorkerd(t);
  for (const count of [1, 2, 3]) {
    const answer = await post(footfall, { site: 'default', page: '/a' });
    assert.deepEqual([answer.status, answer.visit], [200, 'counted']);
    assert.equal(answer.text, `{"site":"default","page":"/a","views":${count},"duplicate":false}`);
    assert.equal(answer.headers.get('content-type'), 'application/json');
    assert.equal(answer.headers.get('cache-control'), 'no-store');
  }
});

test('everything that is left out has a default', async (t) => {
  const footfall = await startWorkerd(t, { vars: { SITES: 'blog,docs' } });
  const bodies = ['{}', '{"page":"/"}', '{"site":"blog"}', '{"site":null,"page":null,"id":null}', ' {\n} '];
  for (const [index, body] of bodies.entries()) {
    const { json } = await post(footfall, body);
    assert.deepEqual(json, { site: 'blog', page: '/', views: index + 1, duplicate: false }, body);
  }
  // An empty body needs no content type, with a stated length of 0 or without one.
  for (const [index, lines] of [['Content-Length: 0'], ['Transfer-Encoding: chunked'], []].entries()) {
    const { status, json } = await raw(footfall, ['POST /counter HTTP/1.1', ...lines], lines[0]?.startsWith('T') ? '0\r\n\r\n' : '');
    assert.deepEqual([status, json?.views], [200, bodies.length + index + 1], lines.join());
  }
});

test('a repeated id is answered as a duplicate and not counted again', async (t) => {
  const footfall = await startWorkerd(t);
  const visit = { page: '/a', id: 'visit-1' };
  assert.equal((await post(footfall, visit)).json.duplicate, false);
  for (let again = 0; again < 3; again += 1) {
    const { status, visit: outcome, json } = await post(footfall, visit);
    assert.deepEqual([status, outcome], [200, 'duplicate']);
    assert.deepEqual(json, { site: 'default', page: '/a', views: 1, duplicate: true });
  }
  assert.equal((await post(footfall, { page: '/a', id: 'visit-2' })).json.views, 2);
  assert.equal(await views(footfall), 2);
});

test('Idempotency-Key is the id of a body without one, and must equal an id in the body', async (t) => {
  const footfall = await startWorkerd(t);
  const key = { 'idempotency-key': 'k-1' };
  assert.equal((await post(footfall, {}, key)).json.duplicate, false);
  assert.equal((await post(footfall, {}, key)).json.duplicate, true);
  assert.equal((await post(footfall, { id: 'k-1' })).json.duplicate, true);
  assert.equal((await post(footfall, { id: 'k-1' }, key)).json.duplicate, true);
  assert.equal((await call(`${footfall.url}/counter`, { method: 'POST', headers: key })).json.duplicate, true);
  assert.equal((await post(footfall, { id: 'k-2' }, key)).status, 400);
  assert.equal(await views(footfall), 1);
});

test('ids that differ in one letter are two visits', async (t) => {
  const footfall = await startWorkerd(t);
  const ids = ['a', 'A', 'aa', '0', '00', 'x'.repeat(64), 'x'.repeat(63), "'", '~', '%20', '__proto__', "1'OR'1'='1"];
  for (const id of ids) assert.equal((await post(footfall, { id })).visit, 'counted', id);
  assert.equal(await views(footfall), ids.length);
});

test('an id sent many times at once is counted once, and one caller learns that it was counted', async (t) => {
  const footfall = await startWorkerd(t);
  const answers = await Promise.all(Array.from({ length: 50 }, () => post(footfall, { id: 'same' })));
  assert.equal(answers.filter(({ visit }) => visit === 'counted').length, 1);
  assert.equal(answers.filter(({ visit }) => visit === 'duplicate').length, 49);
  assert.equal(await views(footfall), 1);
});

test('every page and every site has its own count, and a site is the sum of its pages', async (t) => {
  const footfall = await startWorkerd(t, { vars: { SITES: 'blog,docs' } });
  const pages = ['/', '/a', '/a//b', '/A', '/é', '/a b', '/%2F', '/"\\', "/'; DROP TABLE pages; --", `/${'x'.repeat(511)}`];
  for (const [index, page] of pages.entries()) {
    for (let visit = 0; visit <= index; visit += 1) assert.equal((await post(footfall, { page })).json.page, page);
  }
  assert.equal((await post(footfall, { site: 'docs', page: '/a' })).json.views, 1);
  for (const [index, page] of pages.entries()) assert.equal(await views(footfall, { page }), index + 1, page);
  assert.equal(await views(footfall), (pages.length * (pages.length + 1)) / 2);
  assert.equal(await views(footfall, { site: 'docs' }), 1);
  assert.equal(await views(footfall, { site: 'docs', page: '/' }), 0);
});

test('the query and fragment are not part of a page', async (t) => {
  const footfall = await startWorkerd(t);
  for (const page of ['/a', '/a?b=c', '/a#d', '/a?b#d']) assert.equal((await post(footfall, { page })).json.page, '/a');
  assert.equal(await views(footfall, { page: '/a?other' }), 4);
});

test('reading returns the count and never counts', async (t) => {
  const footfall = await startWorkerd(t);
  await post(footfall, { page: '/a' });
  for (let reading = 0; reading < 20; reading += 1) {
    assert.equal((await call(`${footfall.url}/counter?page=/a`)).text, '{"site":"default","page":"/a","views":1}');
    assert.equal((await call(`${footfall.url}/counter`)).text, '{"site":"default","views":1}');
    assert.equal(await views(footfall, { page: '/never' }), 0);
    const head = await raw(footfall, ['HEAD /counter?page=/a HTTP/1.1']);
    assert.deepEqual([head.status, head.text], [200, '']);
  }
  const answer = await call(`${footfall.url}/counter?site=default&page=%2Fa`);
  assert.equal(answer.json.views, 1);
  assert.equal(answer.headers.get('content-type'), 'application/json');
  assert.equal(answer.headers.get('cache-control'), 'no-store');
});

test('no view is lost or invented when many visits come at once', async (t) => {
  const footfall = await startWorkerd(t);
  const each = 150;
  const visits = Array.from({ length: 4 * each }, (_, index) => post(footfall, { page: `/${index % 4}` }));
  const answers = await Promise.all(visits);
  for (const page of ['/0', '/1', '/2', '/3']) {
    const told = answers.filter(({ json }) => json.page === page).map(({ json }) => json.views);
    // Each answer includes its own visit, so together they have every number once.
    assert.deepEqual(told.sort((a, b) => a - b), Array.from({ length: each }, (_, index) => index + 1), page);
    assert.equal(await views(footfall, { page }), each);
  }
  assert.equal(await views(footfall), 4 * each);
});

test('counts and ids survive a restart of the process', async (t) => {
  const storage = mkdtempSync(join(tmpdir(), 'footfall-counts-'));
  t.after(() => rmSync(storage, { recursive: true, force: true }));
  const before = await startWorkerd(t, { storage });
  await post(before, { page: '/a', id: 'kept' });
  await call(`${before.url}/`);
  await before.stop();
  const after = await startWorkerd(t, { storage });
  assert.equal(await views(after, { page: '/a' }), 1);
  assert.equal(await views(after), 2);
  assert.equal((await post(after, { page: '/a', id: 'kept' })).visit, 'duplicate');
  assert.equal(await views(after), 2);
});

test('query parameters that the owner lists distinguish pages, for every sender', async (t) => {
  const footfall = await startWorkerd(t, { vars: { PAGE_QUERY: 'id, p', STATS: 'public' } });
  const agent = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0' };
  const page = '/a?p=2&utm_source=x&id=3';
  assert.equal((await post(footfall, { page })).json.page, '/a?id=3&p=2');
  const query = encodeURIComponent(page);
  for (const path of [`/pixel/default.gif?page=${query}`, `/count?p=${query}`]) assert.equal((await call(`${footfall.url}${path}`, { headers: agent })).visit, 'counted');
  for (const path of [`/counter?page=${query}`, `/api/sites/default/summary?page=${query}`]) assert.equal((await call(`${footfall.url}${path}`)).json.views, 3, path);
  assert.equal((await call(`${footfall.url}/counter/a%3Fid=3%26p=2.json`)).json.count, '3');
  assert.equal(await views(footfall, { page: '/a' }), 0);
  const long = await post(footfall, { page: `/a?id=${'x'.repeat(4_096)}` });
  assert.match(long.json.page, /^\/a\?id=x{1009}%E2%80%A6$/);
});

test('a list of visits is counted in one batch, with an answer for each', async (t) => {
  const footfall = await startWorkerd(t, { vars: { SITES: 'default,blog', EXCLUDED_PAGES: '/draft', STATS: 'public' } });
  const send = (body, headers = {}) =>
    call(`${footfall.url}/counter`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
  const visits = [{ page: '/a', id: 'x' }, { page: '/a', id: 'x' }, { site: 'blog', referrer: 'https://news.example/' }, { page: '/draft' }, {}];
  const answer = await send(visits);
  assert.deepEqual([answer.status, answer.visit], [200, 'counted']);
  assert.deepEqual(answer.json.visits, [
    { visit: 'counted', site: 'default', page: '/a', views: 1, duplicate: false },
    { visit: 'duplicate', site: 'default', page: '/a', views: 1, duplicate: true },
    { visit: 'counted', site: 'blog', page: '/', views: 1, duplicate: false },
    { visit: 'excluded', site: 'default', page: '/draft', excluded: 'page' },
    { visit: 'counted', site: 'default', page: '/', views: 1, duplicate: false },
  ]);
  const referrers = await call(`${footfall.url}/api/sites/blog/referrers`);
  assert.deepEqual(referrers.json.referrers, [{ referrer: 'news.example', views: 1 }]);
  const hundred = await send(Array.from({ length: 100 }, (_, n) => ({ page: `/${n}`, id: `h${n}` })));
  assert.deepEqual([hundred.status, hundred.json.visits.length], [200, 100]);
  for (const bad of [[], Array(101).fill({}), [{}, { page: '' }], [{}, 1]]) assertProblem(await send(bad), 400, JSON.stringify(bad).slice(0, 60));
  assertProblem(await send([{}], { 'idempotency-key': 'k' }), 400);
  assert.equal((await call(`${footfall.url}/counter`)).json.views, 102, 'a list with a mistake counts nothing');
});
