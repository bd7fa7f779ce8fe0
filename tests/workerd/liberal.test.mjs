// Slightly different requests are still served, and refusals come in the requested format.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { assertProblem } from '../support/answers.mjs';
import { call, post, raw, views } from '../support/client.mjs';
import { shareWorkerd } from '../support/shared.mjs';
import { poll } from '../support/waiters.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const BLOG = 'https://blog.example';
const BROWSER = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0', 'cf-connecting-ip': '203.0.113.7' };
const VARS = { SITES: 'default,blog', ALLOWED_ORIGINS: `${BLOG}/`, STATS: 'public', ADMIN_TOKEN: 'owner-of-a-test-0123' };

let footfall;
shareWorkerd({ vars: VARS }, (server) => { footfall = server; });

const get = (path, headers = BROWSER) => call(`${footfall.url}${path}`, { headers });

/** Parameters that libraries, ad networks and newsletters add, to bust caches or to name the source of a reader. */
const BESIDES = ['_=1699999999999', 't=9', 'v=2.1', 'rnd=0.123', 'cache=false', 'cb=%ff', 'fbclid=IwAR0&gclid=x', '&&=&%', 'x=1&amp;y=2', 'a[]=1&a[]=2'];

test('F19, F20: unknown parameters do not change the answer of any route', async () => {
  await post(footfall, { site: 'blog', page: '/besides' });
  for (const path of [
    '/counter?site=blog&page=/besides', '/visitors?site=blog', '/badge/blog/besides.svg?color=red', '/get/blog/besides?callback=a', '/info/blog/besides?x',
    '/counter//besides.json?x', '/api/sites/blog/summary?from=2026-11-01&to=2026-11-02', '/api/sites/blog/excluded?from=2026-11-01&to=2026-11-02', '/healthz?x',
  ]) {
    const { status, headers } = await get(path);
    for (const besides of BESIDES) {
      const answer = await get(`${path}&${besides}`);
      assert.deepEqual([answer.status, answer.headers.get('content-type')], [status, headers.get('content-type')], `${path} ${besides}: ${answer.text}`);
    }
  }
  assert.equal((await get('/metrics?_=1', { authorization: `Bearer ${VARS.ADMIN_TOKEN}` })).status, 200);
  let counted = 0;
  for (const besides of BESIDES) {
    for (const path of ['/pixel/blog.gif?page=/counts', '/badge/blog/counts.svg?count=1', '/hit/blog/counts/?x', '/hit/blog/counts?callback=jQuery1', '/counter?x']) {
      const answer = path === '/counter?x' ? await call(`${footfall.url}${path}&${besides}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"site":"blog","page":"/counts"}' }) : await get(`${path}&${besides}`);
      assert.deepEqual([answer.status, answer.visit], [200, 'counted'], `${path} ${besides}: ${answer.text}`);
      counted += 1;
    }
  }
  assert.equal(await views(footfall, { site: 'blog', page: '/counts' }), counted);
});

test('an error repeats a wrong value as it was sent, and says what is allowed', async () => {
  for (const [path, says] of [
    ['/api/sites/blog/summary?from=soon', /`from` is "soon".*a date such as/],
    ['/api/sites/blog/pages?limit=0', /`limit` is "0".*1 to/],
    ['/visitors?day=2026-02-30', /`day` is "2026-02-30".*a date such as/],
    ['/counter?page=/a&page=/b', /`page` is there twice/],
    ['/counter?site=nope', /no such site, "nope"/],
    ['/counter?page=', /`page` is empty/],
  ]) {
    const answer = await get(path);
    assert.ok([400, 404].includes(answer.status), path);
    assert.match(answer.text.replaceAll('\\"', '"'), says);
  }
});

test('F15: keywords in a query are accepted in upper and lower case', async () => {
  for (const [given, meant] of [['series?by=Month', 'series?by=month'], ['pages?format=CSV', 'pages?format=csv'], ['summary?country=dE', 'summary?country=DE'], ['summary?device=Mobile', 'summary?device=mobile']]) {
    const [one, other] = [await get(`/api/sites/blog/${given}&from=2026-11-01&to=2026-11-02`), await get(`/api/sites/blog/${meant}&from=2026-11-01&to=2026-11-02`)];
    assert.deepEqual([one.status, one.text], [200, other.text], given);
  }
});

test('a request for a script gets a script, even for an error, which calls the function', async () => {
  const heard = (text) => {
    const calls = [];
    runInNewContext(text, { my: { cb: (told) => calls.push(told) }, console: { error: (_, wrong) => calls.push(wrong) } });
    return calls;
  };
  for (const [path, says] of [['/hit/nope/v', /no such site/], ['/get/blog/never', /not found/], ['/hit/blog/a%20b', /`key` is missing, or not/], ['/set/blog/v?value=1', /does not exist/]]) {
    const { status, headers, text } = await get(`${path}${path.includes('?') ? '&' : '?'}callback=my.cb`);
    assert.deepEqual([status, headers.get('content-type')], [200, 'text/javascript; charset=utf-8'], path);
    const [{ error }] = heard(text);
    assert.match(error, says);
  }
  const wrong = await get('/busuanzi?jsonpCallback=B%20_1');
  assert.deepEqual([wrong.status, wrong.headers.get('content-type')], [400, 'text/javascript; charset=utf-8']);
  assert.match(heard(wrong.text)[0].error, /jsonpCallback/);
});

test('with a wrong configuration, pictures and scripts keep their format, and a listed origin may read the error', async (t) => {
  const wrong = await startWorkerd(t, { vars: { SITES: 'hunter2!', ALLOWED_ORIGINS: BLOG } });
  for (const [path, status, type] of [
    ['/pixel/blog.gif', 500, 'image/gif'], ['/count?p=/a', 500, 'image/gif'], ['/badge/blog/a.svg', 500, 'image/svg+xml; charset=utf-8'],
    ['/hit/blog/a?callback=x', 200, 'text/javascript; charset=utf-8'], ['/counter', 500, 'application/json'],
  ]) {
    const answer = await call(`${wrong.url}${path}`, { headers: { origin: BLOG } });
    assert.deepEqual([answer.status, answer.headers.get('content-type'), answer.headers.get('access-control-allow-origin')], [status, type, BLOG], path);
    assert.ok(!answer.text.includes('hunter2'), 'strangers do not see the value');
  }
  await poll(() => wrong.logs().includes('hunter2!'), 'the line in the log');
});

test('F18: a listed origin may read every answer, and Vary says that the origin matters', async () => {
  const send = (path, options = {}) => call(`${footfall.url}${path}`, { ...options, headers: { ...BROWSER, ...options.headers, origin: BLOG } });
  const json = { 'content-type': 'application/json' };
  for (const [what, status, answer] of [
    ['no such path', 404, await send('/nope')],
    ['no such site', 404, await send('/api/sites/nope/summary')],
    ['a wrong method', 405, await send('/visitors', { method: 'PUT' })],
    ['a wrong query', 400, await send('/counter?page=')],
    ['no token', 401, await send('/api/sites/blog/export')],
    ['a body that is too large', 413, await send('/counter', { method: 'POST', headers: json, body: ' '.repeat(40_000) })],
    ['a wrong type', 415, await send('/counter', { method: 'POST', headers: { 'content-type': 'text/html' }, body: '{}' })],
    ['a visit', 200, await send('/')],
  ]) {
    assert.deepEqual([answer.status, answer.headers.get('access-control-allow-origin')], [status, BLOG], what);
    assert.match(answer.headers.get('vary'), /\bOrigin\b/, what);
  }
  for (const [path, methods] of [['/', 'GET, HEAD'], ['/metrics', 'GET, HEAD'], ['/set/blog/v', 'GET, POST'], ['/count/', 'GET, HEAD, POST'], ['/api/sites/blog/pages', 'GET, HEAD, PUT, DELETE']]) {
    const asked = await send(path, { method: 'OPTIONS', headers: { 'access-control-request-headers': 'authorization,x-requested-with' } });
    assert.deepEqual([asked.status, asked.headers.get('access-control-allow-methods')], [204, methods], path);
    assert.match(asked.headers.get('access-control-allow-headers'), /Authorization.*\*/);
  }
});

test('an origin without a host is never the own one, and a different spelling is the same origin', async () => {
  const body = { method: 'POST', body: '{"site":"blog","page":"/origins"}' };
  const from = (origin) => raw(footfall, ['POST /counter HTTP/1.1', `Origin: ${origin}`, 'Content-Type: text/plain', `Content-Length: ${body.body.length}`], body.body);
  for (const origin of ['http:', 'http:/', 'http://', 'null', 'https://blog.example.evil', '//footfall.test']) {
    assertProblem(await from(origin), 403, origin);
  }
  for (const origin of [BLOG, 'HTTPS://Blog.Example', 'https://blog.example:443', 'http://footfall.test']) assert.equal((await from(origin)).status, 200, origin);
});

test('refused visits are reported to the owner, under the site that they mean', async (t) => {
  const mine = await startWorkerd(t, { vars: VARS });
  const ask = (path) => call(`${mine.url}${path}`, { headers: BROWSER });
  const refused = async (answer) => assert.equal((await answer).visit, 'excluded');
  await refused(post(mine, { site: 'blog', age: 90_000_000 }));
  await refused(post(mine, [{ site: 'blog' }, { site: 'blog', id: 'a b' }]));
  await refused(ask('/badge/blog/a.svg?count=1&color=nope'));
  await refused(ask('/pixel/blog.gif?page=/a&page=/b'));
  await refused(ask('/hit/blog/a%20b'));
  await refused(post(mine, '{"site":"blog"'));
  await refused(ask('/pixel/nope.gif'));
  for (const path of ['/badge/blog/a.svg?color=nope', '/get/blog/a%20b', '/counter?site=nope', '/api/sites/nope/summary']) assert.equal((await ask(path)).visit, null, path);
  const tallied = async (site) => (await ask(`/api/sites/${site}/excluded`)).json.excluded.map(({ reason, visits }) => [reason, visits]);
  await poll(async () => (await tallied('blog')).length > 0 && (await tallied('default')).length > 0, 'the tallies', { timeoutMs: 20_000 });
  assert.deepEqual(await tallied('blog'), [['refused', 6]]);
  assert.deepEqual(await tallied('default'), [['refused', 2]]);
  assert.equal(await views(mine), 0);
});

test('an error in a list names the visit', async () => {
  for (const [visit, says] of [
    [{ age: 'x' }, /`age` is "x"/], [{ id: '' }, /the id has 0 bytes/], [{ site: 'nope' }, /no such site, "nope"/], [{ page: true }, /`page` is true or false, and has to be a text/],
    [[], /this is a list, and has to be an object/], [7, /this is the number 7/], [{ page: '' }, /`page` is empty/],
  ]) {
    const { json } = await post(footfall, [{}, {}, visit, {}]);
    assert.match(json.error.replaceAll('\\"', '"'), new RegExp(`^visit 2 of the list, counted from 0: ${says.source}`));
  }
});

test('an id that was used for another page is reported', async () => {
  const send = async (page, id = 'reused') => (await post(footfall, { site: 'blog', page, id })).json;
  assert.deepEqual(await send('/one'), { site: 'blog', page: '/one', views: 1, duplicate: false });
  assert.deepEqual(await send('/one'), { site: 'blog', page: '/one', views: 1, duplicate: true });
  await send('/two', 'other');
  const { note, ...told } = await send('/two');
  assert.deepEqual(told, { site: 'blog', page: '/two', views: 1, duplicate: true });
  assert.equal(note, 'this id was counted for another page');
  assert.match((await send('/three')).note, /another page/);
  assert.equal(await views(footfall, { site: 'blog', page: '/three' }), 0);
});

test('below BASE_PATH, pictures and scripts keep their format, and refused visits are tallied', async (t) => {
  const below = await startWorkerd(t, { vars: { ...VARS, BASE_PATH: '/stats' } });
  for (const [path, status, type] of [
    ['/stats/pixel/nope.gif', 404, 'image/gif'], ['/stats/badge/blog/a.svg?color=nope&count=1', 400, 'image/svg+xml; charset=utf-8'],
    ['/stats/hit/nope/a?callback=x', 200, 'text/javascript; charset=utf-8'], ['/stats/counter?page=', 400, 'application/json'],
  ]) {
    const answer = await call(`${below.url}${path}`, { headers: BROWSER });
    assert.deepEqual([answer.status, answer.headers.get('content-type')], [status, type], path);
  }
  await poll(async () => (await call(`${below.url}/api/sites/blog/excluded`)).json.excluded[0]?.reason === 'refused', 'the tally', { timeoutMs: 20_000 });
});

test('every body may have a byte order mark or half a character, as those of POST /visit', async () => {
  const HALF = '\\ud83d';
  const bodies = [
    ['/visit', `{"site":"blog","page":"/marked","campaign":"${HALF}"}`, 200],
    ['/api/event', `{"name":"pageview","domain":"blog","url":"https://blog.example/marked","props":{"title":"${HALF}"}}`, 202],
    ['/api/send', `{"type":"event","payload":{"website":"blog","url":"/marked","title":"${HALF}"}}`, 200],
    ['/api/batch', `[{"type":"event","payload":{"website":"blog","url":"/marked","title":"${HALF}"}}]`, 200],
  ];
  for (const [path, body, status] of bodies) {
    const answer = await call(`${footfall.url}${path}`, { method: 'POST', headers: { ...BROWSER, origin: BLOG, 'content-type': 'text/plain' }, body: `\ufeff${body}` });
    assert.deepEqual([answer.status, answer.visit], [status, 'counted'], `${path}: ${answer.text}`);
  }
  assert.equal(await views(footfall, { site: 'blog', page: '/marked' }), bodies.length);
});

test('errors say what helps: a body that is too deep, a site without a name, a function that is named twice', async () => {
  const deep = await post(footfall, `{"page":${'['.repeat(200)}`);
  assert.deepEqual([deep.status, deep.json.error], [400, 'the body has more than 127 lists and objects inside one another']);
  assert.match((await post(footfall, { site: '' })).json.hint, /^name a site of SITES, or leave it out/);
  const script = await call(`${footfall.url}/get/blog/v?callback=a&callback=b`);
  assert.deepEqual([script.status, script.headers.get('content-type')], [400, 'text/javascript; charset=utf-8']);
});
