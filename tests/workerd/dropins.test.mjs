// Snippets of other counters, with only the host changed, against the real Worker.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { assertProblem } from '../support/answers.mjs';
import { call } from '../support/client.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const READER = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0', 'cf-connecting-ip': '203.0.113.7' };
const TOKEN = 'owner-of-a-test-0123';
const vars = { SITES: 'default,mysite.com', ALLOWED_ORIGINS: 'https://blog.example' };

const get = (footfall, path, headers = READER) => call(`${footfall.url}${path}`, { headers });

test('CountAPI and Abacus: hit and get, as JSON, as a badge and as a script', async (t) => {
  const footfall = await startWorkerd(t, { vars });
  const missing = await get(footfall, '/get/mysite.com/visits');
  assert.deepEqual([missing.status, missing.json], [404, { error: 'Key not found' }]);
  const hit = await get(footfall, '/hit/mysite.com/visits');
  assert.deepEqual([hit.status, hit.visit, hit.json, hit.headers.get('cache-control')], [200, 'counted', { value: 1 }, 'no-store']);
  assert.deepEqual((await get(footfall, '/hit/mysite.com/visits', { 'user-agent': 'python-requests/2.32' })).json, { value: 2 });
  assert.deepEqual((await get(footfall, '/get/mysite.com/visits')).json, { value: 2 });
  const shield = await get(footfall, '/get/mysite.com/visits/shield?text=visits&bgcolor=e05d44&style=flat-square');
  assert.equal(shield.headers.get('content-type'), 'image/svg+xml; charset=utf-8');
  assert.match(shield.text, /<title>visits: 2<\/title>/);
  assert.equal((await call(`${footfall.url}/hit/mysite.com/visits`, { method: 'HEAD' })).status, 200);
  // <script src="https://HOST/hit/mysite.com/visits?callback=websiteVisits"></script>
  const script = await get(footfall, '/hit/mysite.com/visits?callback=websiteVisits');
  assert.equal(script.headers.get('content-type'), 'text/javascript; charset=utf-8');
  const heard = [];
  runInNewContext(script.text, { websiteVisits: ({ value }) => heard.push(value) });
  assert.deepEqual(heard, [3]);
  assert.equal((await get(footfall, '/counter?site=mysite.com&page=/visits')).json.views, 3, 'the key is a page of the site');
  assert.deepEqual((await get(footfall, '/hit/visits')).json, { value: 1 }, 'a key alone belongs to the namespace default');
});

test('CountAPI and Abacus: only pages of listed origins may count, and only listed sites exist', async (t) => {
  const footfall = await startWorkerd(t, { vars });
  const listed = await get(footfall, '/hit/default/a', { ...READER, origin: 'https://blog.example' });
  assert.deepEqual([listed.json.value, listed.headers.get('access-control-allow-origin')], [1, 'https://blog.example']);
  assertProblem(await get(footfall, '/hit/default/a', { ...READER, origin: 'https://evil.example' }), 403);
  assertProblem(await get(footfall, '/hit/other/a'), 404);
  for (const path of ['/hit/default/a%20b', '/hit/default/a/b', '/hit/default/']) {
    assertProblem(await get(footfall, path), 400, path);
  }
  assertProblem(await call(`${footfall.url}/hit/default/a`, { method: 'POST' }), 405);
  for (const path of ['/hit/default/a?callback=alert(1)//', '/get/default/a?callback=%3C/script%3E']) {
    const { status, headers, text } = await get(footfall, path);
    assert.deepEqual([status, headers.get('content-type')], [400, 'text/javascript; charset=utf-8'], path);
    const said = [];
    runInNewContext(text, { console: { error: (_, wrong) => said.push(wrong.error) }, alert: () => assert.fail('it is called') });
    assert.match(said[0], /^`callback` is /);
  }
  for (const query of ['bgcolor=nope', `text=${'x'.repeat(65)}`]) {
    const shield = await get(footfall, `/get/default/a/shield?${query}`);
    assert.deepEqual([shield.status, shield.headers.get('content-type')], [400, 'image/svg+xml; charset=utf-8'], query);
  }
  assert.equal((await get(footfall, '/get/default/a')).json.value, 1);
});

test('CountAPI and Abacus: a client with the token creates, sets, changes and deletes counters', async (t) => {
  for (const SHARDS of ['1', '3']) {
    const footfall = await startWorkerd(t, { vars: { ...vars, ADMIN_TOKEN: TOKEN, SHARDS } });
    const ask = (path, method = 'POST', headers = { authorization: `Bearer ${TOKEN}` }) => call(`${footfall.url}${path}`, { method, headers });
    const said = async (...asked) => {
      const { status, json } = await ask(...asked);
      return [status, json];
    };
    assert.deepEqual(await said('/info/mysite.com/c', 'GET'), [200, { value: -1, full_key: 'mysite.com:c', is_genuine: true, expires_in: -2, expires_str: '-2ns', exists: false }], 'as Abacus answers');
    const { admin_key: _, ...created } = (await ask('/create/mysite.com/c?initializer=10')).json;
    assert.deepEqual(created, { key: 'c', namespace: 'mysite.com', value: 10 });
    assert.equal((await ask('/create/mysite.com/c')).status, 409);
    assert.equal((await ask('/create/mysite.com/empty', 'GET')).status, 201);
    assert.deepEqual((await get(footfall, '/get/mysite.com/empty')).json, { value: 0 });
    for (let hits = 1; hits <= 6; hits += 1) {
      assert.deepEqual((await get(footfall, '/hit/mysite.com/c', { ...READER, 'cf-connecting-ip': `203.0.113.${hits}` })).json, { value: 10 + hits });
    }
    assert.deepEqual(await said('/update/mysite.com/c?value=5'), [200, { value: 21 }]);
    assert.deepEqual(await said('/update/mysite.com/c?amount=-20', 'GET'), [200, { value: 1 }], 'CountAPI has another name for it');
    assert.deepEqual(await said('/update/mysite.com/c?value=-7'), [200, { value: 0 }], 'not less than 0');
    assert.deepEqual(await said('/set/mysite.com/c?value=15'), [200, { old_value: 0, value: 15 }]);
    assert.equal((await ask('/set/mysite.com/c?value=16&callback=heard')).text, '/**/heard({"old_value":15,"value":16});');
    assert.equal((await ask('/info/mysite.com/c', 'GET')).json.value, 16);
    assert.deepEqual(await said('/reset/mysite.com/c'), [200, { old_value: 16, value: 0 }]);
    assert.deepEqual(await said('/delete/mysite.com/c'), [200, { status: 'ok', message: 'Deleted key: mysite.com:c' }]);
    for (const path of ['/set/mysite.com/c?value=1', '/update/mysite.com/c?value=1', '/reset/mysite.com/c', '/delete/mysite.com/c']) {
      assert.equal((await ask(path)).status, 404, path);
      for (const authorization of ['', 'Bearer wrong']) assertProblem(await ask(path, 'POST', { authorization }), 401, path);
    }
    assertProblem(await ask('/create/mysite.com/d', 'POST', {}), 401);
    for (const path of ['/set/mysite.com/empty', '/set/mysite.com/empty?value=-1', '/update/mysite.com/empty?value=0', '/create/mysite.com/d?initializer=x']) {
      assertProblem(await ask(path), 400, path);
    }
    assertProblem(await ask('/set/mysite.com/empty?value=1', 'DELETE'), 405);
  }
});

test('CountAPI and Abacus: strangers create counters only if the owner allows it, up to the limit', async (t) => {
  const closed = await startWorkerd(t, { vars });
  assertProblem(await get(closed, '/create/default/a'), 403);
  const open = await startWorkerd(t, { vars: { ...vars, CREATE_LIMIT: '2', ADMIN_TOKEN: TOKEN } });
  assertProblem(await get(open, '/create/default/a', { ...READER, origin: 'https://evil.example' }), 403);
  assertProblem(await get(open, '/create/default/a', { ...READER, authorization: 'Bearer wrong' }), 401);
  assertProblem(await get(open, '/create/elsewhere/a'), 404);
  assert.deepEqual(await Promise.all(['a', 'b'].map(async (key) => (await get(open, `/create/default/${key}`)).status)), [201, 201]);
  assertProblem(await get(open, '/create/default/c'), 403);
  assert.equal((await get(open, '/create/default/c', { authorization: `Bearer ${TOKEN}` })).status, 201);
});

test('busuanzi: its request is counted, and the answer calls its function', async (t) => {
  const footfall = await startWorkerd(t, { vars: { ...vars, STATS: 'public' } });
  const ask = (referer, more = {}) => get(footfall, '/busuanzi?jsonpCallback=BusuanziCallback_77', { ...READER, referer, ...more });
  const heard = async (answer) => {
    const numbers = [];
    runInNewContext(answer.text, { BusuanziCallback_77: ({ site_pv, page_pv, site_uv }) => numbers.push(site_pv, page_pv, site_uv) });
    return numbers;
  };
  const first = await ask('https://blog.example/post/?x=1');
  assert.deepEqual([first.status, first.visit, first.headers.get('content-type')], [200, 'counted', 'text/javascript; charset=utf-8']);
  assert.deepEqual(await heard(first), [1, 1, 1]);
  assert.deepEqual(await heard(await ask('https://blog.example/', { 'cf-connecting-ip': '203.0.113.8' })), [2, 1, 2]);
  assert.equal((await get(footfall, '/counter?page=/post')).json.views, 1);
  const bot = await ask('https://blog.example/', { 'user-agent': 'Googlebot/2.1' });
  assert.deepEqual([bot.visit, await heard(bot)], ['bot', [2, 1, 2]], 'a reader who is not counted sees the numbers');
  assert.equal((await ask('https://evil.example/')).visit, 'excluded');
  assertProblem(await get(footfall, '/busuanzi'), 400);
  const wrong = await get(footfall, '/busuanzi?jsonpCallback=alert(1)');
  assert.deepEqual([wrong.status, wrong.headers.get('content-type')], [400, 'text/javascript; charset=utf-8']);
});

test('GoatCounter: /count accepts what its script sends, and /counter/PATH.json answers', async (t) => {
  const footfall = await startWorkerd(t, { vars: { ...vars, STATS: 'public' } });
  const sent = new URLSearchParams({ p: '/post/', r: 'https://news.example/x', t: 'A post', e: 'false', s: '1920,1080,1', b: '0', q: '?utm_campaign=spring', rnd: 'abc12' });
  const counted = await get(footfall, `/count?${sent}`, { ...READER, referer: 'https://blog.example/' });
  assert.deepEqual([counted.status, counted.visit, counted.headers.get('content-type')], [200, 'counted', 'image/gif']);
  // navigator.sendBeacon sends a POST with the same query.
  const { json } = await get(footfall, '/counter/%2Fpost.json');
  assert.deepEqual(json, { count: '1', count_unique: '1' });
  assert.deepEqual((await get(footfall, '/counter//post.json?rnd=1')).json.count, '1');
  assert.deepEqual((await get(footfall, '/counter/TOTAL.json')).json.count, '1');
  assert.equal((await get(footfall, '/counter//none.json')).status, 404);
  const beacon = await call(`${footfall.url}/count?p=/beacon`, { method: 'POST', headers: { ...READER, origin: 'https://blog.example' } });
  assert.deepEqual([beacon.status, beacon.visit], [200, 'counted']);
  const read = async (what) => Object.values((await get(footfall, `/api/sites/default/${what}`)).json).at(-1);
  assert.deepEqual(await read('referrers'), [{ referrer: 'news.example', views: 1 }]);
  assert.deepEqual(await read('campaigns'), [{ campaign: 'spring', views: 1 }]);
  assert.equal((await get(footfall, '/count?p=/post&b=150')).visit, 'bot');
  assert.equal((await get(footfall, '/count?p=/post', { 'user-agent': 'Googlebot/2.1' })).visit, 'bot');
  assert.equal((await get(footfall, '/count?p=/post', { ...READER, referer: 'https://evil.example/' })).visit, 'excluded');
  const event = await get(footfall, '/count?p=click-x&e=true');
  assert.deepEqual([event.status, event.headers.get('content-type'), event.visit], [200, 'image/gif', 'excluded'], 'an event is not a view');
  assert.deepEqual((await get(footfall, '/counter/TOTAL.json')).json.count, '2');
  // In a README, GitHub requests the pictures: somebody looks, but nothing is known about them.
  const before = (await get(footfall, '/visitors')).json;
  for (const agent of ['github-camo (876de43e)', 'Camo Asset Proxy 2.3.0']) assert.equal((await get(footfall, '/count?p=/readme%3Futm_source=letter', { 'user-agent': agent, 'cf-connecting-ip': '140.82.115.1' })).visit, 'counted', agent);
  const now = (await get(footfall, '/visitors')).json;
  assert.deepEqual([now.visitors, now.views_without_visitor.no_address], [before.visitors, before.views_without_visitor.no_address + 2]);
});
