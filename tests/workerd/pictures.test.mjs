// Counting without a script on the real Worker: the pixel and the badge.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertProblem } from '../support/answers.mjs';
import { call } from '../support/client.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const READER = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0', 'cf-connecting-ip': '203.0.113.7' };
const CAMO = { 'user-agent': 'github-camo (876de43e)', 'cf-connecting-ip': '140.82.115.1' };

const views = async (footfall, query = '') => (await call(`${footfall.url}/counter${query}`)).json.views;

async function picture(footfall, path, headers = READER, method = 'GET') {
  const response = await fetch(`${footfall.url}${path}`, { method, headers });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, visit: response.headers.get('footfall-visit'), headers: response.headers, bytes, text: bytes.toString() };
}

test('a pixel counts a view of its page, and is one transparent pixel that is not cached', async (t) => {
  const footfall = await startWorkerd(t);
  const { status, visit, headers, bytes } = await picture(footfall, '/pixel/default.gif?page=/a%20b');
  assert.deepEqual([status, visit, headers.get('content-type'), headers.get('cache-control')], [200, 'counted', 'image/gif', 'max-age=0, no-cache, no-store, must-revalidate']);
  assert.equal(headers.get('cross-origin-resource-policy'), 'cross-origin');
  assert.equal(bytes.subarray(0, 6).toString(), 'GIF89a');
  assert.deepEqual([bytes.readUInt16LE(6), bytes.readUInt16LE(8), bytes.length, bytes.at(-1)], [1, 1, 43, 0x3b]);
  // The graphic control extension: colour 0 is transparent.
  assert.deepEqual([...bytes.subarray(19, 27)], [0x21, 0xf9, 4, 1, 0, 0, 0, 0]);
  assert.equal(await views(footfall, '?page=/a%20b'), 1);
  assert.equal((await call(`${footfall.url}/visitors`)).json.visitors, 1);
  assert.equal((await picture(footfall, '/pixel/default.gif', READER, 'HEAD')).visit, 'excluded');
  assert.equal(await views(footfall), 1, 'HEAD counts nothing');
});

test('a pixel that is not counted says why, and is still a picture', async (t) => {
  const footfall = await startWorkerd(t, { vars: { ALLOWED_ORIGINS: 'https://blog.example', STATS: 'public' } });
  const elsewhere = await picture(footfall, '/pixel/default.gif', { ...READER, referer: 'https://evil.example/' });
  assert.deepEqual([elsewhere.status, elsewhere.visit, elsewhere.bytes.length], [200, 'excluded', 43]);
  assert.equal((await picture(footfall, '/pixel/default.gif', { ...READER, referer: 'https://blog.example/' })).visit, 'counted');
  assert.equal((await picture(footfall, '/pixel/default.gif', { ...READER, 'user-agent': 'Googlebot/2.1' })).visit, 'bot');
  const ahead = await picture(footfall, '/pixel/default.gif', { ...READER, 'sec-purpose': 'prefetch;prerender' });
  assert.deepEqual([ahead.visit, ahead.headers.get('content-type')], ['excluded', 'image/gif']);
  assert.equal(await views(footfall), 1);
  const referrers = await call(`${footfall.url}/api/sites/default/referrers`);
  assert.deepEqual(referrers.json.referrers, [], 'the page with the picture is not a referrer');
  for (const [path, status] of [['none.gif', 404], ['default.png', 404], ['default.gif?page=/a&page=/b', 400]]) {
    const wrong = await picture(footfall, `/pixel/${path}`);
    assert.deepEqual([wrong.status, wrong.visit, wrong.headers.get('content-type'), wrong.bytes.length], [status, 'excluded', 'image/gif', 43], path);
  }
});

test('a badge shows the views, and counts one if the request says so', async (t) => {
  const footfall = await startWorkerd(t);
  const shown = async (path, headers) => {
    const { status, text, ...rest } = await picture(footfall, path, headers);
    assert.equal(status, 200);
    return { title: /<title>(.*?)<\/title>/.exec(text)[1], text, ...rest };
  };
  const first = await shown('/badge/default/a.svg');
  assert.deepEqual([first.title, first.visit, first.headers.get('cache-control')], ['views: 0', null, 'public, max-age=10']);
  const counting = await shown('/badge/default/a.svg?count=1&label=visits&color=red');
  assert.deepEqual([counting.title, counting.visit, counting.headers.get('cache-control')], ['visits: 1', 'counted', 'max-age=0, no-cache, no-store, must-revalidate']);
  assert.equal(counting.headers.get('content-type'), 'image/svg+xml; charset=utf-8');
  assert.match(counting.headers.get('content-security-policy'), /default-src 'none'.*sandbox/);
  // GitHub requests pictures for its readers, and says nothing about them.
  assert.equal((await shown('/badge/default/a.svg?count=1', CAMO)).title, 'views: 2');
  const { visitors, views_without_visitor: without } = (await call(`${footfall.url}/visitors`)).json;
  assert.deepEqual([visitors, without.no_address], [1, 1]);
  const bot = await shown('/badge/default/a.svg?count=1', { 'user-agent': 'Googlebot/2.1' });
  assert.deepEqual([bot.title, bot.visit], ['views: 2', 'bot']);
  assert.equal((await shown('/badge/default.svg')).title, 'views: 2', 'the whole site');
  assert.equal((await picture(footfall, '/badge/default/a.svg?count=1', READER, 'HEAD')).visit, null);
  assert.equal(await views(footfall), 2);
});

test('text in a badge stays text', async (t) => {
  const footfall = await startWorkerd(t);
  for (const label of ['<script>alert(1)</script>', '"/><image href="x"/>', '&amp;', "' onload='x", ']]>', '\u202e']) {
    const { status, text } = await picture(footfall, `/badge/default/a.svg?label=${encodeURIComponent(label)}`);
    assert.equal(status, 200, label);
    assert.doesNotMatch(text, /<script|<image|onload='|"\/>"/);
    assert.equal(text.match(/<[a-z]/gi).length, 10, 'it has the elements of every badge');
  }
  for (const [path, status, says] of [
    ['default/a.svg?color="/><x', 400, '`color` is &quot;\\&quot;/&gt;&lt;x&quot;'],
    ['default/a.svg?count=1&count=0', 400, '`count` is there twice'],
    [`default/a.svg?label=${'a'.repeat(65)}`, 400, '`label` is'],
    ['none/a.svg', 404, 'no such site'],
    ['default/a.bmp', 404, 'no such path'],
  ]) {
    const wrong = await picture(footfall, `/badge/${path}`);
    assert.deepEqual([wrong.status, wrong.headers.get('content-type'), wrong.headers.get('cache-control')], [status, 'image/svg+xml; charset=utf-8', 'no-store'], path);
    assert.ok(/<title>error: (.*?)<\/title>/.exec(wrong.text)[1].startsWith(says), wrong.text);
    assert.equal(wrong.text.match(/<[a-z]/gi).length, 10, 'it has the elements of every badge');
  }
});

/** The platform's rate limit as a Worker: it lets a number of requests through for each key. */
const LIMITER = `import { WorkerEntrypoint as Entry } from 'cloudflare:workers';
const left = new Map();
export default class extends Entry {
  limit({ key }) {
    if (key.includes('198.51.100.1')) throw new Error('the limiter is down');
    const more = (left.get(key) ?? 3) - 1;
    left.set(key, more);
    return { success: more >= 0 };
  }
}`;

test('a rate limit applies before the counter', async (t) => {
  const footfall = await startWorkerd(t, { services: { limiter: { source: LIMITER } }, bindings: { ADDRESS_LIMIT: 'limiter' } });
  const visit = (address) => call(`${footfall.url}/`, { headers: { ...READER, 'cf-connecting-ip': address } });
  for (let n = 0; n < 3; n += 1) assert.equal((await visit('203.0.113.7')).visit, 'counted');
  const limited = await visit('203.0.113.7');
  assert.deepEqual([limited.status, limited.visit, limited.headers.get('retry-after')], [429, 'limited', '60']);
  assert.equal((await visit('203.0.113.8')).visit, 'counted', 'another address');
  for (let n = 0; n < 5; n += 1) assert.equal((await visit('198.51.100.1')).visit, 'counted', 'a limit that fails lets requests through');
  assert.equal(await views(footfall), 9);
  const unlimited = await startWorkerd(t, { vars: { RATE_LIMITS: 'off' }, services: { limiter: { source: LIMITER } }, bindings: { ADDRESS_LIMIT: 'limiter' } });
  for (let n = 0; n < 5; n += 1) assert.equal((await call(`${unlimited.url}/`, { headers: READER })).visit, 'counted');
  const wrong = await startWorkerd(t, { vars: { RATE_LIMITS: 'no' } });
  assertProblem(await call(`${wrong.url}/`), 500);
});
