// Snippets of other counters, with the host changed and nothing else, against the real Worker.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { assertProblem } from '../support/answers.mjs';
import { call } from '../support/client.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const READER = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0', 'cf-connecting-ip': '203.0.113.7' };
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
  const shield = (await get(footfall, '/get/mysite.com/visits/shield')).json;
  assert.deepEqual([shield.schemaVersion, shield.label, shield.message], [1, 'hits', '2']);
  assert.equal((await call(`${footfall.url}/hit/mysite.com/visits`, { method: 'HEAD' })).status, 200);
  // <script src="https://HOST/hit/mysite.com/visits?callback=websiteVisits"></script>
  const script = await get(footfall, '/hit/mysite.com/visits?callback=websiteVisits');
  assert.equal(script.headers.get('content-type'), 'text/javascript; charset=utf-8');
  const heard = [];
  runInNewContext(script.text, { websiteVisits: ({ value }) => heard.push(value) });
  assert.deepEqual(heard, [3]);
  assert.equal((await get(footfall, '/counter?site=mysite.com&page=/visits')).json.views, 3, 'the key is a page of the site');
  assert.deepEqual((await get(footfall, '/hit/visits')).json, { value: 1 }, 'a key alone is of the namespace default');
});

test('CountAPI and Abacus: from a page of a listed origin only, and of listed sites', async (t) => {
  const footfall = await startWorkerd(t, { vars });
  const listed = await get(footfall, '/hit/default/a', { ...READER, origin: 'https://blog.example' });
  assert.deepEqual([listed.json.value, listed.headers.get('access-control-allow-origin')], [1, 'https://blog.example']);
  assertProblem(await get(footfall, '/hit/default/a', { ...READER, origin: 'https://evil.example' }), 403);
  assertProblem(await get(footfall, '/hit/other/a'), 404);
  for (const path of ['/hit/default/a%20b', '/hit/default/a/b', '/hit/default/', '/hit/default/a?callback=alert(1)//', '/get/default/a?callback=%3C/script%3E', '/hit/default/a?amount=5']) {
    assertProblem(await get(footfall, path), 400, path);
  }
  assertProblem(await call(`${footfall.url}/hit/default/a`, { method: 'POST' }), 405);
  assert.equal((await get(footfall, '/get/default/a')).json.value, 1);
});

test('GoatCounter: /count takes what its script sends, and /counter/PATH.json answers', async (t) => {
  const footfall = await startWorkerd(t, { vars: { ...vars, STATS: 'public' } });
  const sent = new URLSearchParams({ p: '/post/', r: 'https://news.example/x', t: 'A post', e: 'false', s: '1920,1080,1', b: '0', q: '?utm_campaign=spring', rnd: 'abc12' });
  const counted = await get(footfall, `/count?${sent}`, { ...READER, referer: 'https://blog.example/' });
  assert.deepEqual([counted.status, counted.visit, counted.headers.get('content-type')], [200, 'counted', 'image/gif']);
  // navigator.sendBeacon is a POST; its query is the same.
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
  for (const path of ['/count?p=x&e=true', '/count?path=/x', '/counter//post.json?start=week', '/counter//post.svg']) {
    const { status } = await get(footfall, path);
    assert.ok([400, 404].includes(status), path);
  }
  assert.deepEqual((await get(footfall, '/counter/TOTAL.json')).json.count, '2');
});
