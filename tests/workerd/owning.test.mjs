// Owning the data: an empty deployment with an import gives the same answers as the exported one, sets and deletes take effect everywhere, and only
// the owner may do any of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertProblem as assertAnyProblem } from '../support/answers.mjs';
import { call, chunked, post, raw, views } from '../support/client.mjs';
import { poll } from '../support/waiters.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const TOKEN = 'owner-of-a-test-0123';
const BLOG = 'https://blog.example';
const owner = { authorization: `Bearer ${TOKEN}` };
const vars = { SITES: 'blog,shop', ADMIN_TOKEN: TOKEN, STATS: 'public', ALLOWED_ORIGINS: BLOG, EXCLUDED_PAGES: '/draft' };

const api = ({ url }, path, options = {}) => call(`${url}/api/sites/${path}`, { ...options, headers: { ...owner, ...options.headers } });
const send = (server, body, query = '') => api(server, `blog/import${query}`, { method: 'POST', body });

function assertProblem(answer, status, what) {
  assertAnyProblem(answer, status);
  assert.match(answer.json.error, what);
}

/** Sends visits of all kinds, from pages and from servers. */
async function live(footfall, pages = ['/', '/a', '/café', '/a"b']) {
  const agents = ['Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0', 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1'];
  for (const [at, page] of pages.entries()) {
    for (const [of, agent] of agents.entries()) {
      const headers = { origin: BLOG, 'user-agent': agent, 'cf-connecting-ip': `203.0.113.${of}`, ...(at === 1 && { 'sec-gpc': '1' }) };
      const visit = { site: 'blog', page, referrer: `https://news.example/${at}`, source: '=cmd()', campaign: `c${at}` };
      assert.equal((await post(footfall, visit, headers)).visit, 'counted');
    }
  }
  const list = Array.from({ length: 100 }, (_, at) => ({ site: 'blog', page: `/p/${at}` }));
  assert.equal((await post(footfall, list)).status, 200);
  const before = await batches(footfall);
  assert.equal((await post(footfall, { site: 'blog', page: '/draft' }, { origin: BLOG, 'user-agent': agents[0] })).visit, 'excluded');
  // No visit waits for the tally of excluded visits: it is stored a second later, with a batch of its own.
  await poll(async () => (await batches(footfall)) > before, 'the batch with the tally');
}

/** The number of batches that the shards of the site have written. */
async function batches(footfall) {
  const { text } = await call(`${footfall.url}/metrics?site=blog`, { headers: owner });
  return [...text.matchAll(/^footfall_shard_batches_total\{[^}]*\} (\d+)$/gm)].reduce((sum, [, written]) => sum + Number(written), 0);
}

/** The answers of every route that reads, byte for byte. */
async function readings(footfall) {
  const paths = ['summary', 'summary?page=/a', 'series', 'series?by=hour&from=TODAY&to=TODAY', 'series?by=month&tz=Asia/Kolkata', 'pages?limit=10001', 'referrers', 'countries', 'devices', 'campaigns', 'campaigns?by=source', 'excluded', 'pages?format=csv'];
  const today = new Date().toISOString().slice(0, 10);
  const read = {};
  for (const path of paths) {
    const { status, text, headers } = await api(footfall, `blog/${path.replaceAll('TODAY', today)}`);
    assert.equal(status, 200, `${path}: ${text}`);
    // The number of shards is a property of the deployment.
    const counted = text.replace(/"shards":\d+,(?:"max_shards":\d+,)?/, '');
    read[path] = [counted, counted === text && headers.get('etag')];
  }
  for (const path of ['/badge/blog/a.svg', '/get/blog/a']) read[path] = (await call(`${footfall.url}${path}`)).text;
  for (const path of ['/counter?site=blog', '/counter?site=blog&page=/a', '/counter?site=blog&page=/p/7', '/visitors?site=blog']) {
    // Only sums over several shards have an age.
    const { age_ms: _, ...numbers } = (await call(`${footfall.url}${path}&fresh=1`)).json;
    read[path] = numbers;
  }
  return read;
}

test('after an export, a wipe and an import, every route that reads returns the same bytes', async (t) => {
  for (const SHARDS of ['1', '4']) {
    const footfall = await startWorkerd(t, { vars: { ...vars, SHARDS } });
    await live(footfall);
    const before = await readings(footfall);
    const file = await api(footfall, 'blog/export');
    assert.equal(file.status, 200);
    assert.equal(file.headers.get('content-type'), 'application/x-ndjson');
    assert.equal(file.headers.get('content-disposition'), 'attachment; filename="blog.ndjson"');
    assert.equal(file.headers.get('cache-control'), 'no-store');
    const lines = file.text.trimEnd().split('\n').map((line) => JSON.parse(line));
    assert.equal(lines[0].site, 'blog');
    assert.equal(lines.at(-1).end, lines.length - 2);
    const wiped = await api(footfall, 'blog?confirm=blog', { method: 'DELETE' });
    assert.deepEqual([wiped.status, wiped.json], [200, { site: 'blog', views: 0 }]);
    assert.equal((await api(footfall, 'blog/pages')).json.pages.length, 0);
    // Imports into the same deployment, into an empty one with fewer shards, and twice.
    const other = await startWorkerd(t, { vars });
    for (const server of [footfall, other]) {
      for (let times = 0; times < 2; times += 1) {
        const { status, json } = await send(server, file.text);
        assert.deepEqual([status, json], [200, { site: 'blog', lines: lines.length - 2 }]);
        assert.deepEqual(await readings(server), before, `${SHARDS} shards`);
      }
    }
  }
});

test('a large site is exported as one file, and its import resumes where it broke off', async (t) => {
  const footfall = await startWorkerd(t, { vars });
  const lines = [];
  for (let page = 0; page < 9_000; page += 1) lines.push(`{"page":"/${page}-${'é'.repeat(40)}","views":${page}}`);
  lines.sort();
  const text = ['{"footfall":1,"site":"blog","id":"large","at":""}', ...lines, `{"end":${lines.length},"changes":0}`, ''].join('\n');
  const cut = await send(footfall, text.slice(0, text.length * 0.6));
  assertProblem(cut, 400, /line \d+: .*ends too early|breaks off/);
  const half = await views(footfall, { site: 'blog' });
  assert.ok(half > 0 && half < (8_999 * 9_000) / 2, String(half));
  assert.equal((await send(footfall, text)).status, 200);
  assert.equal(await views(footfall, { site: 'blog' }), (8_999 * 9_000) / 2);
  const file = await api(footfall, 'blog/export');
  assert.deepEqual(file.text.trimEnd().split('\n').slice(1, -1), lines);
  // Sent without a stated length, in pieces that end anywhere, even in the middle of a character.
  const bytes = Buffer.from(text.replace('"large"', '"again"'));
  const pieces = [];
  for (let at = 0; at < bytes.length; at += 65_537) pieces.push(bytes.subarray(at, at + 65_537));
  const again = await raw(footfall, ['POST /api/sites/shop/import HTTP/1.1', `Authorization: Bearer ${TOKEN}`, 'Transfer-Encoding: chunked'], chunked(...pieces));
  assert.deepEqual([again.status, again.json], [200, { site: 'shop', lines: lines.length }]);
  assert.equal(await views(footfall, { site: 'shop' }), (8_999 * 9_000) / 2);
});

test('a wrong file is refused with the reason, and changes nothing', async (t) => {
  const footfall = await startWorkerd(t, { vars });
  const first = '{"footfall":1,"site":"blog","id":"x","at":""}\n';
  for (const [body, complaint] of [
    ['', /the file is empty/],
    ['nonsense', /is not JSON/],
    ['{"footfall":2,"id":"x"}\n', /"footfall":1/],
    [`${first}{"end":1}\n`, /counts other lines/],
    [`${first}{"page":"/a","views":-1}\n{"end":1}\n`, /line 2: `views` is the number -1/],
    [`${first}{"page":"/a","views":1}\n{"day":"2026-02-30","visitors":1}\n{"end":2}\n`, /line 3: day cannot be "2026-02-30"/],
    [`${first}${'x'.repeat(400_000)}\n`, /over \d+ bytes/],
    [Buffer.from([0xff, 0xfe, 0x0a]), /after line 1 is not UTF-8/],
    [Buffer.concat([Buffer.from(`${first}{"page":"/`), Buffer.from([0xc0, 0xaf]), Buffer.from('","views":1}\n{"end":1}\n')]), /not UTF-8/],
    [Buffer.concat([Buffer.from(`${first}{"page":"/a","views":1}\n{"end":1}\n`), Buffer.from([0xe2, 0x82])]), /not UTF-8/],
    [`${first}{"day":"2026-11-22","withheld":9,"views":1}\n{"end":1}\n`, /line 2: withheld cannot be "9"/],
    [`${first}{"page":"/a","views":900000000000}\n{"page":"/b","views":900000000000}\n{"end":2}\n`, /line 3: .* more than 1000000000000/],
    [`${first}{"page":"/a","hour":"2026-11-22T07Z","views":5,"visitors":1,"newcomers":1}\n{"hour":"2026-11-22T07Z","views":3,"visitors":1,"newcomers":1}\n{"end":2}\n`, /line 3: the pages of "2026-11-22T07Z" have 5 views, and the site has 3/],
  ]) {
    assertProblem(await send(footfall, body), 400, complaint);
    assert.equal(await views(footfall, { site: 'blog' }), 0, String(body).slice(0, 80));
  }
});

test('an import into a site with views must say that it adds to them', async (t) => {
  const footfall = await startWorkerd(t, { vars });
  await post(footfall, { site: 'blog', page: '/a' });
  const file = '{"footfall":1,"site":"blog","id":"values","at":""}\n{"page":"/a","views":41}\n{"end":1,"changes":0}\n';
  assertProblem(await send(footfall, file), 409, /views already/);
  assert.equal((await send(footfall, file, '?add=yes')).status, 200);
  assert.equal((await send(footfall, file, '?add=yes')).status, 200, 'the same file is the same import');
  assert.equal((await send(footfall, file)).status, 200);
  assert.equal(await views(footfall, { site: 'blog', page: '/a' }), 42);
});

test('a page can be set and deleted', async (t) => {
  const footfall = await startWorkerd(t, { vars: { ...vars, SHARDS: '3' } });
  await live(footfall);
  const page = async (method, query) => api(footfall, `blog/pages?${query}`, { method });
  assert.deepEqual((await page('PUT', 'page=/a&views=1000')).json, { site: 'blog', page: '/a', views: 1000 });
  assert.equal(await views(footfall, { site: 'blog' }), 1000 + 6 + 100);
  assert.equal((await post(footfall, { site: 'blog', page: '/a', show: 'views' })).json.views, 1001);
  assert.deepEqual((await page('DELETE', 'page=/a')).json, { site: 'blog', page: '/a', views: 0 });
  assert.equal(await views(footfall, { site: 'blog' }), 6 + 100);
  const { json } = await api(footfall, 'blog/pages?limit=200');
  assert.ok(json.pages.length === 103 && !json.pages.some(({ page }) => page === '/a'));
  assert.equal((await api(footfall, 'blog/summary')).json.views, 106, 'its views are gone from the hours, too');
});

test('only the owner may do any of this', async (t) => {
  const asked = [['GET', 'blog/export'], ['POST', 'blog/import'], ['PUT', 'blog/pages?page=/a&views=1'], ['DELETE', 'blog/pages?page=/a'], ['DELETE', 'blog?confirm=blog']];
  const footfall = await startWorkerd(t, { vars: { ...vars, STATS_TOKEN: 'a-reader-of-a-test-0', STATS: 'token' } });
  await post(footfall, { site: 'blog', page: '/a' });
  const closed = await startWorkerd(t, { vars: { SITES: 'blog' } });
  for (const [method, path] of asked) {
    for (const authorization of ['', 'Bearer a-reader-of-a-test-0', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`]) {
      assertProblem(await api(footfall, path, { method, headers: { authorization } }), 401, /token/);
    }
    assertProblem(await api(closed, path, { method }), 403, /owner/);
    const page = await api(footfall, path, { method, headers: { authorization: '', origin: BLOG } });
    assert.equal(page.status, 401);
  }
  assertProblem(await api(footfall, 'elsewhere/export'), 404, /no such site/);
  assertProblem(await api(footfall, 'blog', { method: 'DELETE' }), 400, /confirm/);
  assert.equal((await api(footfall, 'blog/export', { method: 'HEAD' })).status, 200);
  assert.equal(await views(footfall, { site: 'blog' }), 1);
});
