// Requests of real pages and clients of other counters, with only the host changed, against the real Worker.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { assertProblem } from '../support/answers.mjs';
import { call, views } from '../support/client.mjs';
import { clientOf } from '../support/clients.mjs';
import { startWorkerd } from '../support/workerd.mjs';
import { poll } from '../support/waiters.mjs';

const READER = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0', 'cf-connecting-ip': '203.0.113.7' };
const TOKEN = 'owner-of-a-test-0123';
const OWNER = { authorization: `Bearer ${TOKEN}` };
const vars = { SITES: 'default,blog', ALLOWED_ORIGINS: 'https://blog.example', STATS: 'public', RATE_LIMITS: 'off', ADMIN_TOKEN: TOKEN };

const get = (footfall, path, headers = READER) => call(`${footfall.url}${path}`, { headers });
const post = (footfall, path, body, headers = {}) =>
  call(`${footfall.url}${path}`, { method: 'POST', headers: { ...READER, ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) });
const excluded = async (footfall, site) => Object.fromEntries((await get(footfall, `/api/sites/${site}/excluded`)).json.excluded.map(({ reason, visits }) => [reason, visits]));

test('F19: cache busters and trailing slashes change nothing', async (t) => {
  const footfall = await startWorkerd(t, { vars: { ...vars, OPEN_UPDATES: 'blog/v' } });
  const script = await get(footfall, '/hit/blog/v?callback=jQuery1&_=169');
  assert.deepEqual([script.status, script.visit, script.text], [200, 'counted', '/**/jQuery1({"value":1});']);
  assert.deepEqual((await get(footfall, '/get/blog/v?_=1')).json, { value: 1 });
  const slash = await get(footfall, '/hit/blog/v/');
  assert.deepEqual([slash.status, slash.visit, slash.json], [200, 'counted', { value: 2 }]);
  assertProblem(await get(footfall, '/hit/blog/'), 400, 'the key that is missing is not the name of the site');
  assert.deepEqual((await get(footfall, '/update/blog/v/?amount=1&_=2')).json, { value: 3 });
  assert.equal((await get(footfall, '/info/blog/v/')).json.value, 3);
  assert.equal((await get(footfall, '/busuanzi/?jsonpCallback=f&t=1')).visit, 'counted');
});

test('F20: GoatCounter, with the requests of its pages', async (t) => {
  const footfall = await startWorkerd(t, { vars });
  const plain = await get(footfall, '/count?p=/a');
  const more = await get(footfall, '/count?p=/a&ns=true&rnd=x&s=1920%2C1080%2C1&t=%F0%9F%8E%89&e=false&cache=1');
  assert.deepEqual([more.status, more.visit, more.headers.get('content-type')], [plain.status, 'counted', 'image/gif']);
  const [one, two] = [await get(footfall, '/counter//a.json?t=1'), await get(footfall, '/counter//a.json')];
  assert.deepEqual([one.json, one.json], [two.json, { count: '2', count_unique: '2' }]);
  const long = await get(footfall, `/count?p=/${'x'.repeat(600)}`);
  assert.deepEqual([long.status, long.visit, long.headers.get('content-type')], [200, 'counted', 'image/gif']);
  assert.equal(await views(footfall, { site: 'default' }), 3);
  const twice = `/count?p=/b&id=${'1'.repeat(20)}`;
  assert.deepEqual([(await get(footfall, twice)).visit, (await get(footfall, twice)).visit], ['counted', 'duplicate'], 'with an id, a retry is the same view');
});

test('F21: the host of the page distinguishes two sites that moved from busuanzi and GoatCounter', async (t) => {
  const sites = { ...vars, SITES: 'blog,docs.example', ALLOWED_ORIGINS: 'https://blog.example,https://www.docs.example,https://other.example', HOSTS: 'blog.example=blog' };
  const footfall = await startWorkerd(t, { vars: sites });
  const of = (referer) => ({ ...READER, referer });
  const second = await get(footfall, '/busuanzi?jsonpCallback=c', of('https://www.docs.example/post/'));
  assert.deepEqual([second.visit, await views(footfall, { site: 'docs.example', page: '/post' }), await views(footfall, { site: 'blog' })], ['counted', 1, 0]);
  const heard = [];
  const script = await get(footfall, '/busuanzi?jsonpCallback=f&type=site_pv', of('https://blog.example/'));
  runInNewContext(script.text, { f: ({ site_pv }) => heard.push(site_pv) });
  assert.deepEqual([script.status, heard], [200, [1]]);
  await get(footfall, '/count?p=/a', of('https://www.docs.example/'));
  await call(`${footfall.url}/count?p=/b`, { method: 'POST', headers: { ...READER, origin: 'https://www.docs.example' } });
  assert.deepEqual([await views(footfall, { site: 'docs.example' }), await views(footfall, { site: 'blog' })], [3, 1]);
  assert.equal((await get(footfall, '/counter/TOTAL.json', of('https://www.docs.example/x'))).json.count, '3');
  assert.equal((await get(footfall, '/hit/:HOST:/:PATHNAME:', of('https://www.docs.example/a/b/?x=1'))).visit, 'counted');
  assert.equal(await views(footfall, { site: 'docs.example', page: '/a/b' }), 1);
  await get(footfall, '/hit/%3AHOST%3A/%3APATHNAME%3A', { ...READER, origin: 'https://www.docs.example' });
  assert.equal(await views(footfall, { site: 'docs.example', page: '/' }), 1, 'if a browser sends only the origin, the path is /');
  await get(footfall, '/busuanzi?jsonpCallback=c', of('https://other.example/'));
  assert.equal(await views(footfall, { site: 'blog' }), 2, 'an unknown host means the first site');
});

test('an unknown site or a repeated host in HOSTS is an error that says so', async (t) => {
  const footfall = await startWorkerd(t, { vars: { ...vars, HOSTS: 'blog.example=nope' } });
  const { status, text } = await get(footfall, '/get/blog/a');
  assert.equal(status, 500);
  assert.match(text, /HOSTS/);
});

test("CountAPI's own client works with only the host changed", async (t) => {
  const footfall = await startWorkerd(t, { vars: { ...vars, SITES: 'default,test', CREATE_LIMIT: '20', OPEN_UPDATES: 'default/likes, default/score=-100..100' } });
  const countapi = clientOf('countapi-js/lib/index.js', [['https://api.countapi.xyz', footfall.url]]);
  assert.deepEqual(await countapi.hit('test', 'visits'), { status: 200, path: null, value: 1 });
  assert.equal((await countapi.get('test', 'visits')).value, 1);
  assert.equal((await countapi.get('nobody')).status, 404);
  const random = await countapi.create();
  assert.match(random.key, /^[\w.-]{3,64}$/);
  assert.deepEqual([random.status, random.namespace, random.value], [200, 'default', 0]);
  const made = await countapi.create({ namespace: 'test', key: 'made', value: 42, enable_reset: 1, update_lowerbound: -5, update_upperbound: 5 });
  assert.deepEqual([made.status, made.namespace, made.key, made.value], [200, 'test', 'made', 42]);
  for (const [options, error] of [[{ key: 'aa' }, /Malformed/], [{ namespace: 'a b' }, /Malformed/], [{ update_upperbound: -1 }, /must be positive/], [{ update_lowerbound: 1 }, /must be negative/]]) {
    await assert.rejects(() => countapi.create(options).catch((reason) => Promise.reject(new Error(reason))), error);
  }
  await countapi.hit('likes');
  assert.equal((await countapi.update('likes', 1)).value, 2);
  assert.equal((await countapi.update('likes', 2)).status, 403, 'no more than one at a time');
  assert.equal((await countapi.update('likes', -1)).status, 403);
  await countapi.hit('score');
  assert.equal((await countapi.update('score', 100)).value, 101);
  assert.equal((await countapi.update('score', -50)).value, 51);
  for (const [name, status] of [['made', 403], ['nobody', 404]]) {
    assert.equal((await countapi.update('test', name, 1)).status, status, name);
    assert.equal((await countapi.set('test', name, 1)).status, status, name);
  }
  assert.equal((await countapi.info('likes')).value, 2);
  assert.equal((await countapi.visits('page')).value, 1, 'without a page, the first site is meant');
  const stats = await countapi.stats();
  for (const name of ['requests', 'keys_created', 'keys_updated']) assert.ok(stats[name] > 0, name);
});

test('a hit with an id is counted once, however often it is sent', async (t) => {
  const footfall = await startWorkerd(t, { vars });
  const hit = () => get(footfall, '/hit/blog/v', { ...READER, 'idempotency-key': 'job-1' });
  const [first, second] = [await hit(), await hit()];
  assert.deepEqual([first.visit, first.json, second.visit, second.json], ['counted', { value: 1 }, 'duplicate', { value: 1 }]);
});

test('only listed counters are open to updates, within their limits', async (t) => {
  const footfall = await startWorkerd(t, { vars: { ...vars, OPEN_UPDATES: '*' } });
  await get(footfall, '/hit/blog/likes');
  assertProblem(await get(footfall, '/update/blog/likes?amount=1', { ...READER, origin: 'https://evil.example' }), 403);
  const page = await get(footfall, '/update/blog/likes?amount=1', { ...READER, origin: 'https://blog.example' });
  assert.deepEqual([page.json, page.headers.get('access-control-allow-origin')], [{ value: 2 }, 'https://blog.example']);
  assertProblem(await get(footfall, '/update/blog/likes?amount=1', { authorization: 'Bearer wrong' }), 401, 'a wrong token is refused');
  assert.equal((await get(footfall, '/update/blog/likes?amount=1&callback=f')).text, '/**/f({"value":3});');
});

test('Abacus: the key of a created counter opens only that counter', async (t) => {
  const footfall = await startWorkerd(t, { vars: { ...vars, CREATE_LIMIT: '10' } });
  const ask = (path, token, method = 'POST') => call(`${footfall.url}${path}`, { method, headers: { ...READER, ...(token && { authorization: `Bearer ${token}` }) } });
  const created = await ask('/create/blog/one?initializer=10');
  const { admin_key: key } = created.json;
  assert.equal(created.status, 201);
  assert.match(key, /^[\w-]{32,}$/);
  assert.deepEqual((await ask('/update/blog/one?value=5', key)).json, { value: 15 });
  assert.equal((await ask('/set/blog/one?value=3', key)).json.value, 3);
  assert.deepEqual((await ask('/reset/blog/one', key)).json, { old_value: 3, value: 0 });
  const { admin_key: other } = (await ask('/create/blog/two')).json;
  assert.notEqual(other, key);
  for (const path of ['/set/blog/two?value=9', '/update/blog/two?value=9', '/reset/blog/two', '/delete/blog/two']) assertProblem(await ask(path, key), 401, path);
  assert.equal((await ask('/set/default/one?value=9', key)).status, 400, 'nor the same key in another site');
  const missing = await ask('/reset/blog/nobody', key);
  assert.equal(missing.status, 400);
  assert.match(missing.json.error, /genuine and does not have an admin key/);
  assert.equal((await ask('/api/sites/blog/export', key, 'GET')).status, 401, 'nor anything else of the owner');
  assert.equal((await ask('/delete/blog/one', key)).status, 200);
  assert.equal((await get(footfall, '/get/blog/one')).status, 404);
  const random = await ask('/create/');
  assert.equal(random.status, 201);
  for (const name of ['key', 'namespace', 'admin_key']) assert.ok(random.json[name], name);
  const again = await startWorkerd(t, { vars: { ...vars, ADMIN_TOKEN: 'another-owner-0123', CREATE_LIMIT: '10' } });
  assert.notEqual((await call(`${again.url}/create/blog/one`)).json.admin_key, key, 'another owner has another key');
});

test('Abacus: /info of a counter that does not exist', async (t) => {
  const footfall = await startWorkerd(t, { vars });
  const { status, json } = await get(footfall, '/info/blog/nobody');
  assert.deepEqual([status, json.value, json.exists], [200, -1, false]);
});

/** The events of a stream, as they come. */
async function listen(t, footfall, path) {
  const end = new AbortController();
  t.after(() => end.abort());
  const response = await fetch(`${footfall.url}${path}`, { headers: { accept: 'text/event-stream' }, signal: end.signal });
  const values = [];
  const reading = (async () => {
    let text = '';
    for await (const bytes of response.body) {
      text += Buffer.from(bytes);
      const events = text.split('\n\n');
      text = events.pop();
      for (const event of events) if (event.startsWith('data: ')) values.push(JSON.parse(event.slice(6)).value);
    }
  })().catch(() => {});
  return { response, values, end: () => end.abort(), reading };
}

test('Abacus: a stream sends the value of a counter to all listeners, after every hit', async (t) => {
  const footfall = await startWorkerd(t, { vars });
  await get(footfall, '/hit/blog/s');
  const streams = await Promise.all([1, 2, 3].map(() => listen(t, footfall, '/stream/blog/s')));
  assert.match(streams[0].response.headers.get('content-type'), /^text\/event-stream/);
  for (const { values } of streams) await poll(() => values.length === 1, 'the first value');
  for (let hits = 0; hits < 3; hits += 1) await get(footfall, '/hit/blog/s');
  for (const { values } of streams) await poll(() => values.at(-1) === 4, 'the last value');
  assert.deepEqual(streams.map(({ values }) => values), [[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4]]);
  await call(`${footfall.url}/set/blog/s?value=100`, { method: 'POST', headers: OWNER });
  await poll(() => streams[0].values.at(-1) === 100, 'what others changed is found by asking');
  streams[1].end();
  await get(footfall, '/hit/blog/s');
  await poll(() => streams[0].values.at(-1) === 101, 'the stream of the listener that stays');
  const early = await listen(t, footfall, '/stream/blog/later');
  assert.equal(early.response.status, 200, 'a stream may wait for a counter that does not exist yet');
  await get(footfall, '/hit/blog/later');
  await poll(() => early.values.at(-1) === 1, 'the first hit');
  assertProblem(await get(footfall, '/stream/nope/x'), 404);
});

test("Plausible: the posts of its scripts are views, and the owner's events are accepted but are not views", async (t) => {
  const footfall = await startWorkerd(t, { vars: { ...vars, HOSTS: 'blog.example=blog' } });
  const page = { origin: 'https://blog.example', referer: 'https://blog.example/', 'content-type': 'text/plain' };
  const view = { n: 'pageview', u: 'https://blog.example/a/?utm_source=letter', d: 'blog.example', r: 'https://news.example/x', w: 1200, h: 0 };
  const counted = await post(footfall, '/api/event', view, page);
  assert.deepEqual([counted.status, counted.text, counted.visit], [202, 'ok', 'counted']);
  assert.equal(counted.headers.get('access-control-allow-origin'), 'https://blog.example');
  const signup = await post(footfall, '/api/event', { ...view, n: 'Signup', p: { plan: 'x' } }, page);
  assert.deepEqual([signup.status, signup.visit], [202, 'excluded']);
  const engagement = await post(footfall, '/api/event', { n: 'engagement', u: view.u, d: view.d, e: 3000, sd: 40, p: {}, v: 36 }, page);
  assert.deepEqual([engagement.status, engagement.visit], [202, 'excluded']);
  const server = await post(footfall, '/api/event', { name: 'pageview', url: 'app://localhost/b', domain: 'blog.example' }, { 'content-type': 'application/json', 'user-agent': 'python-requests/2.32', 'x-forwarded-for': '192.0.2.1' });
  assert.deepEqual([server.status, server.visit], [202, 'counted'], 'a program that reports the visits of others is not a crawler');
  assert.equal((await post(footfall, '/api/event', view, { ...page, 'user-agent': 'Mozilla/5.0 (compatible; Googlebot/2.1)' })).visit, 'bot');
  assert.deepEqual([await views(footfall, { site: 'blog', page: '/a' }), await views(footfall, { site: 'blog' }), await views(footfall, { site: 'default' })], [1, 2, 0]);
  const read = async (what) => Object.values((await get(footfall, `/api/sites/blog/${what}`)).json).at(-1);
  assert.deepEqual(await read('referrers'), [{ referrer: 'news.example', views: 1 }]);
  assert.deepEqual(await read('campaigns?by=source'), [{ source: 'letter', views: 1 }]);
  await poll(async () => (await excluded(footfall, 'blog')).event === 1, 'the tally of the event');
  const both = await post(footfall, '/api/event', { ...view, d: 'blog.example,default' }, page);
  assert.deepEqual([both.visit, await views(footfall, { site: 'blog', page: '/a' }), await views(footfall, { site: 'default', page: '/a' })], ['counted', 2, 1]);
  const key = { ...page, 'idempotency-key': 'plausible-1' };
  assert.deepEqual([(await post(footfall, '/api/event', view, key)).visit, (await post(footfall, '/api/event', view, key)).visit], ['counted', 'duplicate']);
  assertProblem(await post(footfall, '/api/event', view, { ...page, origin: 'https://evil.example' }), 403);
  assertProblem(await post(footfall, '/api/event', { ...view, d: 'nope.example', u: 'https://nope.example/' }, page), 404);
  for (const body of ['', '{', '[]', { u: 'x', d: 'x' }, { ...view, d: '' }]) assertProblem(await post(footfall, '/api/event', body, page), 400);
  assertProblem(await get(footfall, '/api/event'), 405);
  const preflight = await call(`${footfall.url}/api/event`, { method: 'OPTIONS', headers: { ...page, 'access-control-request-method': 'POST' } });
  assert.deepEqual([preflight.status, preflight.headers.get('access-control-allow-methods')], [204, 'POST']);
});

test('Plausible: a server with the token of a proxy names its visitors', async (t) => {
  const footfall = await startWorkerd(t, { vars: { ...vars, PROXY_TOKEN: 'proxy-of-a-test-0123' } });
  const view = { name: 'pageview', url: 'https://blog.example/a', domain: 'blog' };
  const tell = (address, token) => post(footfall, '/api/event', view, { 'footfall-proxy': `${token} ${address}` });
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.2']) assert.equal((await tell(address, 'proxy-of-a-test-0123')).visit, 'counted');
  await tell('192.0.2.3', 'wrong');
  const { json } = await get(footfall, '/visitors?site=blog');
  assert.deepEqual([json.visitors, json.views_without_visitor.no_address], [2, 1]);
});

test("Umami: its own client for Node works with only the host changed", async (t) => {
  const footfall = await startWorkerd(t, { vars: { ...vars, HOSTS: '94db1cb1-74f4-4a40-ad6c-962362670409=blog' } });
  const { Umami } = await import('@umami/node');
  const umami = new Umami({ websiteId: '94db1cb1-74f4-4a40-ad6c-962362670409', hostUrl: footfall.url });
  assert.equal((await umami.track('signup', { plan: 'x' })).headers.get('footfall-visit'), 'excluded');
  const seen = await umami.track({ hostname: 'x.example', url: '/a/?utm_source=x', referrer: 'https://news.example/', title: 'A', screen: '1x1', language: 'de' });
  assert.deepEqual([seen.status, seen.headers.get('footfall-visit')], [200, 'counted']);
  const session = await seen.json();
  for (const name of ['cache', 'sessionId', 'visitId']) assert.equal(typeof session[name], 'string', name);
  assert.equal((await umami.identify({ name: 'x' })).status, 200);
  assert.deepEqual([await views(footfall, { site: 'blog', page: '/a' }), await views(footfall, { site: 'blog' })], [1, 1]);
  await poll(async () => (await excluded(footfall, 'blog')).event === 1, 'the tally of the event');
});

test('Umami: a page, a batch and a bot', async (t) => {
  const footfall = await startWorkerd(t, { vars });
  const page = { origin: 'https://blog.example', 'content-type': 'application/json' };
  const view = (url, more) => ({ type: 'event', payload: { website: 'blog', hostname: 'blog.example', url, referrer: '', screen: '1x1', ...more } });
  const preflight = await call(`${footfall.url}/api/send`, { method: 'OPTIONS', headers: { ...page, 'access-control-request-headers': 'content-type,x-umami-cache' } });
  assert.match(preflight.headers.get('access-control-allow-headers'), /x-umami-cache|\*/i);
  assert.equal((await post(footfall, '/api/send', view('https://blog.example/a?x#top'), page)).visit, 'counted');
  const batch = await post(footfall, '/api/batch', [view('/a'), view('/b'), view('/c', { name: 'click' })], page);
  assert.deepEqual([batch.status, batch.json.size, batch.json.processed, batch.json.errors], [200, 3, 3, 0]);
  assert.deepEqual([await views(footfall, { site: 'blog', page: '/a' }), await views(footfall, { site: 'blog' })], [2, 3]);
  const some = await post(footfall, '/api/batch', [view('/d'), view('/e', { website: 'nope', hostname: 'nope.example' }), {}], page);
  assert.deepEqual([some.status, some.visit, some.json.processed, some.json.details.map(({ index }) => index)], [200, 'counted', 1, [1, 2]], 'the wrong entries of a batch are named');
  assert.equal(await views(footfall, { site: 'blog', page: '/d' }), 1);
  const bot = await post(footfall, '/api/send', view('/a'), { ...page, 'user-agent': 'Mozilla/5.0 (compatible; Googlebot/2.1)' });
  assert.deepEqual([bot.json, bot.visit], [{ beep: 'boop' }, 'bot']);
  for (const body of ['{}', '[]', { type: 'event', payload: {} }, { type: 'dance', payload: { website: 'blog' } }]) assertProblem(await post(footfall, '/api/send', body, page), 400);
  assertProblem(await post(footfall, '/api/send', view('/a', { website: 'nope', hostname: 'nope.example' }), page), 404);
  const late = (hours) => view('/late', { timestamp: Math.floor(Date.now() / 1000) - hours * 3600 });
  assert.equal((await post(footfall, '/api/send', late(2), page)).visit, 'counted');
  assertProblem(await post(footfall, '/api/send', late(30), page), 400, 'a view of another day is not counted on this one');
  const only = await startWorkerd(t, { vars: { ...vars, SITES: 'blog' } });
  assert.equal((await post(only, '/api/send', view('/a', { website: '94db1cb1', hostname: 'nope.example' }), page)).visit, 'counted', 'with a single site, no other can be meant');
});

test("GoatCounter: its API counts hits from the owner's server once each", async (t) => {
  const footfall = await startWorkerd(t, { vars: { ...vars, HOSTS: '127.0.0.1=blog' } });
  const send = (hits, headers = OWNER) => post(footfall, '/api/v0/count', { no_sessions: true, hits }, headers);
  const hour = new Date(Date.now() - 3_600_000).toISOString();
  const hits = [
    { path: '/a', ref: 'https://news.example/', ip: '192.0.2.1', user_agent: READER['user-agent'], location: 'DE', created_at: hour },
    { path: '/a', ip: '192.0.2.2', user_agent: READER['user-agent'] },
    { path: 'signup', event: true },
    { path: '/a', user_agent: 'Googlebot/2.1', ip: '192.0.2.3' },
  ];
  const { status, json, visit } = await send(hits);
  assert.deepEqual([status, json, visit], [202, { status: 'ok' }, 'counted']);
  assert.deepEqual([await views(footfall, { site: 'blog', page: '/a' }), await views(footfall, { site: 'blog' })], [2, 2], 'the requested host decides the site');
  const summary = (await get(footfall, '/api/sites/blog/countries')).json.countries;
  assert.deepEqual(summary, [{ country: 'DE', views: 1 }]);
  const wrong = await send([{ path: '/b' }, { path: '' }, { path: '/b', created_at: '2020-01-01T00:00:00Z' }]);
  assert.deepEqual([wrong.status, Object.keys(wrong.json.errors)], [400, ['1', '2']], 'the valid part is counted');
  assert.equal(await views(footfall, { site: 'blog', page: '/b' }), 1);
  const keyed = { ...OWNER, 'idempotency-key': 'night-1' };
  await send([{ path: '/c' }, { path: '/c' }], keyed);
  await send([{ path: '/c' }, { path: '/c' }], keyed);
  assert.equal(await views(footfall, { site: 'blog', page: '/c' }), 2);
  for (const headers of [{}, { authorization: 'Bearer wrong' }]) assertProblem(await send([{ path: '/d' }], headers), 401);
  assertProblem(await send([]), 400);
});

test('GoatCounter: counters as pages and pictures, also for a period', async (t) => {
  const footfall = await startWorkerd(t, { vars });
  for (let hits = 0; hits < 3; hits += 1) await get(footfall, '/count?p=/a');
  const html = await get(footfall, '/counter/%2Fa.html?no_branding=1&style=div%7Bcolor%3Ared%7D');
  assert.deepEqual([html.status, html.headers.get('content-type')], [200, 'text/html; charset=utf-8']);
  assert.match(html.headers.get('content-security-policy'), /default-src 'none'.*sandbox/);
  assert.match(html.text, /gcvc-views">3</);
  const svg = await get(footfall, '/counter//a.svg');
  assert.match(svg.headers.get('content-type'), /^image\/svg\+xml/);
  assert.match(svg.text, /gcvc-views"[^>]*>3</);
  const png = await fetch(`${footfall.url}/counter/TOTAL.png`, { headers: READER });
  const bytes = Buffer.from(await png.arrayBuffer());
  assert.deepEqual([png.status, png.headers.get('content-type'), bytes.subarray(1, 4).toString(), bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [200, 'image/png', 'PNG', 200, 80]);
  const of = async (query) => (await get(footfall, `/counter//a.json?${query}`)).json.count;
  assert.deepEqual([await of('start=week'), await of('start=month&end='), await of('start=2020-01-01&end=2020-02-01')], ['3', '3', '0']);
  for (const query of ['start=soon', 'end=2020-13-01', 'start=2021-01-02&end=2021-01-01']) assertProblem(await get(footfall, `/counter//a.json?${query}`), 400, query);
  const closed = await startWorkerd(t, { vars: { ...vars, STATS: 'closed' } });
  await get(closed, '/count?p=/a');
  assert.equal((await get(closed, '/counter//a.json')).json.count, '1');
  assertProblem(await get(closed, '/counter//a.json?start=week'), 403, 'the numbers of a period are the owner’s to open');
});

test('F16: badges in every style of shields.io, and as JSON for shields.io', async (t) => {
  const footfall = await startWorkerd(t, { vars });
  let shown = 0;
  for (const query of ['t=9', 'logo=github&logoColor=white&logoWidth=20', 'style=for-the-badge', 'style=plastic', 'style=social', 'style=flat-square', 'style=round', 'labelColor=123&cacheSeconds=60', 'link=https%3A%2F%2Fx&color=%23fff']) {
    const { status, text, visit, headers } = await get(footfall, `/badge/blog/a.svg?count=1&${query}`);
    shown += 1;
    assert.deepEqual([status, visit, headers.get('content-type')], [200, 'counted', 'image/svg+xml; charset=utf-8'], query);
    assert.match(text, new RegExp(`<title>views: ${shown}</title>`), query);
  }
  const endpoint = await get(footfall, '/badge/blog/a.json?label=visits&color=success');
  assert.deepEqual(endpoint.json, { schemaVersion: 1, label: 'visits', message: String(shown), color: '#44cc11', labelColor: '#555555' });
  assert.equal((await get(footfall, '/badge/blog.json')).json.message, String(shown));
});
