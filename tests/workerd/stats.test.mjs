// Reading the numbers on the real Worker: each endpoint, who may read, and how long answers may be cached.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertProblem } from '../support/answers.mjs';
import { call } from '../support/client.mjs';
import { poll } from '../support/waiters.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const TOKEN = 'a-token-of-a-test-0123';
const DESKTOP = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';
const PHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1';
const BOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';
const BLOG = 'https://blog.example';

/** The data that Cloudflare adds to a request before the Worker sees it. */
const EDGE = `export default {
  fetch(request, env) {
    const cf = JSON.parse(request.headers.get('test-cf') ?? '{}');
    return env.FOOTFALL.fetch(new Request(request, { cf }));
  },
};`;

const vars = { ALLOWED_ORIGINS: BLOG, STATS: 'public' };

async function start(t, more = {}) {
  const edge = { source: EDGE, services: { FOOTFALL: 'footfall' } };
  const footfall = await startWorkerd(t, { vars: { ...vars, ...more }, services: { edge }, expose: ['footfall', 'edge'] });
  return { footfall, edge: `http://127.0.0.1:${footfall.ports.edge}`, url: footfall.url };
}

const visit = (edge, { agent = DESKTOP, address = '203.0.113.7', cf = { country: 'DE' }, ...body } = {}) =>
  call(`${edge}/counter`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain', origin: BLOG, 'user-agent': agent, 'cf-connecting-ip': address, 'test-cf': JSON.stringify(cf) },
    body: JSON.stringify(body),
  });

const read = (url, path, headers = {}) => call(`${url}/api/sites/default/${path}`, { headers });

test('F24: a visit that is sent late counts in the hour and on the day when it was made', async (t) => {
  const { edge, url } = await start(t);
  // The clock is at half past, so that no hour ends during the test.
  const now = Date.now();
  const times = [22.5, 2.5, 1.5].map((hours) => Math.floor(now / 3_600_000) * 3_600_000 + 3_600_000 - hours * 3_600_000);
  const [ages, made] = [times.map((time) => now - time), times.map((time) => new Date(time).toISOString())];
  for (const [n, age] of ages.entries()) {
    for (const outcome of ['counted', 'duplicate']) {
      const sent = await visit(edge, { page: '/late', id: `late-${n}`, age: String(age), cf: { country: `A${'ABC'[n]}` } });
      assert.equal(sent.visit, outcome);
    }
  }
  assert.equal((await visit(edge, { page: '/late', agent: BOT, age: String(ages[0]) })).visit, 'bot');
  const days = `from=${made[0].slice(0, 10)}&to=${new Date(now).toISOString().slice(0, 10)}`;
  const hours = (await read(url, `series?by=hour&page=/late&${days}`)).json.series.filter(({ views }) => views > 0);
  assert.deepEqual(hours.map(({ time, views }) => [time, views]), made.map((at) => [`${at.slice(0, 13)}:00Z`, 1]));
  const byDay = (await read(url, `series?${days}`)).json.series;
  for (const [at, { time, views }] of byDay.entries()) {
    assert.equal(views, made.filter((at) => at.startsWith(time)).length, `day ${at}`);
  }
  const first = (await read(url, `countries?from=${made[0].slice(0, 10)}&to=${made[0].slice(0, 10)}`)).json.countries;
  assert.ok(first.some(({ country }) => country === 'AA'), JSON.stringify(first));
  const today = new Date(now).toISOString().slice(0, 10);
  const summary = (await read(url, `summary?${days}`)).json;
  const withoutSalt = made.filter((at) => !at.startsWith(today)).length;
  assert.deepEqual([summary.views, summary.views_without_salt], [3, withoutSalt]);
  const tallied = async () => (await read(url, `excluded?${days}`)).json.excluded.length > 0;
  await poll(tallied, 'the bot to be tallied');
  const { excluded } = (await read(url, `excluded?${days}`)).json;
  assert.deepEqual(excluded, [{ day: made[0].slice(0, 10), reason: 'bot', visits: 1 }]);
});

test('all counted details of visits can be read', async (t) => {
  const { edge, url } = await start(t);
  const campaign = { source: 'letter', medium: 'mail', campaign: 'spring' };
  assert.equal((await visit(edge, { page: '/a', referrer: 'https://www.news.example/story?x' })).visit, 'counted');
  assert.equal((await visit(edge, { page: '/a', referrer: `${BLOG}/b` })).visit, 'counted');
  assert.equal((await visit(edge, { page: '/b', address: '203.0.113.8', agent: PHONE, cf: { country: 'FR' }, ...campaign })).visit, 'counted');
  const { json: summary } = await read(url, 'summary');
  assert.deepEqual(
    { ...summary, from: undefined, to: undefined },
    {
      site: 'default', from: undefined, to: undefined, tz: 'UTC', fresh_seconds: 10, shards: 1, max_shards: 64, views: 3, visitors: 2, total_views: 3,
      views_opted_out: 0, views_without_salt: 0, views_without_address: 0, views_beyond_visitors: 0, excluded: 0,
    },
  );
  const of = async (path, name) => (await read(url, path)).json[name];
  assert.deepEqual(await of('pages', 'pages'), [{ page: '/a', views: 2, visitors: 1 }, { page: '/b', views: 1, visitors: 1 }]);
  assert.deepEqual(await of('pages?limit=1', 'pages'), [{ page: '/a', views: 2, visitors: 1 }]);
  assert.deepEqual(await of('referrers', 'referrers'), [{ referrer: 'news.example', views: 1 }], "the site's own pages are not referrers");
  assert.deepEqual(await of('countries', 'countries'), [{ country: 'DE', views: 2 }, { country: 'FR', views: 1 }]);
  assert.deepEqual(await of('devices', 'devices'), [{ device: 'desktop', views: 2 }, { device: 'mobile', views: 1 }]);
  assert.deepEqual(await of('campaigns', 'campaigns'), [{ campaign: 'spring', views: 1 }]);
  assert.deepEqual(await of('campaigns?by=source', 'campaigns'), [{ source: 'letter', views: 1 }]);
  assert.deepEqual(await of('campaigns?by=medium', 'campaigns'), [{ medium: 'mail', views: 1 }]);
  const series = await of('series', 'series');
  assert.equal(series.length, 30);
  assert.deepEqual({ ...series.at(-1), time: undefined }, { time: undefined, views: 3, visitors: 2 });
  assert.deepEqual(series.slice(0, -1).filter(({ views }) => views > 0), []);
  const page = await of('series?page=/b&by=month', 'series');
  assert.deepEqual(page.at(-1).views, 1);
  const hours = await of(`series?by=hour&from=${summary.to}&to=${summary.to}`, 'series');
  assert.equal(hours.length, 24);
  assert.deepEqual(hours.filter(({ views }) => views > 0).map(({ views, visitors }) => [views, visitors]), [[3, 2]]);
});

test('GET / is counted with its referrer', async (t) => {
  const { edge, url } = await start(t);
  const headers = { 'user-agent': PHONE, 'test-cf': '{"country":"JP"}', referer: 'https://search.example/' };
  assert.equal((await call(`${edge}/?utm_source=x&utm_source=y&other=1`, { headers })).visit, 'counted');
  const all = await Promise.all(['devices', 'countries', 'referrers', 'campaigns?by=source'].map((path) => read(url, path)));
  const values = all.map(({ json }) => Object.values(json).at(-1).map((line) => Object.values(line)[0]).join());
  assert.deepEqual(values, ['mobile', 'JP', 'search.example', 'x']);
});

test('an excluded visit is answered with the reason and tallied by it', async (t) => {
  const { edge, footfall, url } = await start(t, { EXCLUDED_ADDRESSES: '198.51.100.0/24', EXCLUDED_PAGES: '/draft/*' });
  const bots = [{ agent: BOT }, { agent: 'curl/8.5.0' }, { cf: { botManagement: { score: 2 } } }, { cf: { botManagement: { verifiedBot: true, score: 99 } } }];
  for (const bot of bots) {
    const answer = await visit(edge, { page: '/a', ...bot });
    assert.deepEqual([answer.status, answer.visit, answer.json], [200, 'bot', { site: 'default', page: '/a', excluded: 'bot' }]);
  }
  assert.equal((await visit(edge, { address: '198.51.100.9' })).json.excluded, 'address');
  assert.equal((await visit(edge, { page: '/draft/x' })).json.excluded, 'page');
  assert.equal((await call(`${url}/`, { headers: { 'sec-purpose': 'prefetch' } })).visit, 'excluded');
  const home = await call(`${url}/`, { headers: { 'cf-connecting-ip': '198.51.100.1' } });
  assert.deepEqual([home.status, home.visit, home.text], [200, 'excluded', 'This visit is not counted']);
  const elsewhere = await call(`${url}/counter`, { method: 'POST', headers: { origin: 'https://evil.example' }, body: '{}' });
  assert.equal(elsewhere.status, 403);
  const expected = [['bot', 4], ['prefetch', 1], ['address', 2], ['page', 1], ['origin', 1]];
  // The tallies are sent after a second, and an older answer stays fresh for ten more.
  await poll(async () => {
    const { json } = await read(url, 'excluded');
    return JSON.stringify(json.excluded.map(({ reason, visits }) => [reason, visits])) === JSON.stringify(expected);
  }, 'the tallies');
  const { json } = await read(url, 'summary');
  assert.deepEqual([json.views, json.excluded], [0, 9]);
  assert.doesNotMatch(footfall.logs().replace(/.*"event":"site_begins".*\n/, ''), /./, 'nothing is worth a line');
});

test('the next batch carries the tallies', async (t) => {
  const { edge, url } = await start(t);
  await visit(edge, { agent: BOT });
  await visit(edge);
  const { json } = await read(url, 'excluded');
  assert.deepEqual(json.excluded.map(({ reason, visits }) => [reason, visits]), [['bot', 1]]);
});

test('the numbers are private unless the owner says otherwise', async (t) => {
  const closed = await startWorkerd(t);
  assertProblem(await read(closed.url, 'summary'), 403);
  for (const vars of [{ STATS: 'closed', STATS_TOKEN: TOKEN }, { STATS_TOKEN: '', ADMIN_TOKEN: '' }]) {
    const shut = await startWorkerd(t, { vars });
    assertProblem(await read(shut.url, 'summary', { authorization: `Bearer ${TOKEN}` }), 403, JSON.stringify(vars));
    assertProblem(await read(shut.url, 'summary', { authorization: 'Bearer ' }), 403, JSON.stringify(vars));
  }
  const withToken = await startWorkerd(t, { vars: { STATS_TOKEN: TOKEN } });
  for (const authorization of ['', TOKEN, 'Bearer wrong-wrong-wrong-wrong', `Basic ${TOKEN}`]) {
    const answer = await read(withToken.url, 'summary', authorization ? { authorization } : {});
    assertProblem(answer, 401, authorization);
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
  }
  const open = await read(withToken.url, 'summary', { authorization: `Bearer ${TOKEN}` });
  assert.deepEqual([open.status, open.headers.get('cache-control'), open.headers.get('vary')], [200, 'private, max-age=10', 'Origin, Authorization']);
  for (const vars of [{ STATS: 'open' }, { STATS: 'token' }, { STATS_TOKEN: 'short' }]) {
    const wrong = await startWorkerd(t, { vars });
    const answer = await read(wrong.url, 'summary');
    assertProblem(answer, 500, JSON.stringify(vars));
    assert.ok(!answer.text.includes('short'), 'a secret is not shown');
  }
});

test('a reader that has the current answer gets a 304', async (t) => {
  const { edge, url } = await start(t);
  const first = await read(url, 'summary');
  const etag = first.headers.get('etag');
  assert.match(etag, /^"[0-9a-f]{16}"$/);
  assert.equal(first.headers.get('cache-control'), 'public, max-age=10');
  const again = await read(url, 'summary', { 'if-none-match': `"x", W/${etag}` });
  assert.deepEqual([again.status, again.text], [304, '']);
  await visit(edge);
  const total = await read(url, 'summary', { 'if-none-match': etag });
  assert.deepEqual([total.status, total.json.total_views], [200, 1], 'another body has another ETag');
});

test('a list can be read in parts and searched, with one shard or several', async (t) => {
  for (const SHARDS of ['1', '3']) {
    const server = await startWorkerd(t, { vars: { STATS: 'public', ADMIN_TOKEN: 'owner-of-a-test-0123', SHARDS } });
    const visits = Array.from({ length: 90 }, (_, n) => ({ page: `/p/${n % 30}`, id: `v${n}`, ...(n < 30 && { referrer: `https://${n}.example/` }) }));
    assert.equal((await call(`${server.url}/counter`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(visits) })).status, 200);
    const whole = (await read(server.url, 'pages?limit=10001')).json;
    assert.deepEqual([whole.total, whole.more, whole.pages.length, whole.pages[0].views], [30, false, 30, 3]);
    const parts = [];
    for (let offset = 0; ; offset += 7) {
      const { json } = await read(server.url, `pages?limit=7&offset=${offset}`);
      assert.deepEqual([json.offset, json.total], [offset, 30]);
      parts.push(...json.pages);
      if (!json.more) break;
    }
    assert.deepEqual(parts, whole.pages);
    const found = (await read(server.url, 'pages?q=P/2&limit=3')).json;
    assert.deepEqual([found.total, found.more, found.pages.map(({ page }) => page)], [11, true, ['/p/2', '/p/20', '/p/21']]);
    const referrers = (await read(server.url, 'referrers?limit=2&offset=28')).json;
    assert.deepEqual([referrers.total, referrers.more, referrers.referrers.length], [30, false, 2]);
    // The list includes views without a date.
    await call(`${server.url}/api/sites/default/pages?page=/old&views=9`, { method: 'PUT', headers: { authorization: 'Bearer owner-of-a-test-0123' } });
    const totals = (await read(server.url, 'totals?limit=2')).json;
    assert.deepEqual([totals.total, totals.more, totals.totals[0]], [31, true, { page: '/old', views: 9 }]);
    assert.match((await read(server.url, 'totals?limit=1&format=csv')).text, /^page,views\r\n\/old,9\r\n$/);
    for (const path of ['pages?offset=-1', 'pages?offset=x', 'summary?q=a', 'series?offset=1', `pages?q=${'x'.repeat(201)}`]) assertProblem(await read(server.url, path), 400, path);
  }
});

test('repeated and conditional requests call no shard while the answer is fresh', async (t) => {
  const server = await startWorkerd(t, { breakable: true, vars: { STATS: 'public', ADMIN_TOKEN: 'owner-of-a-test-0123', COUNTER_TIMEOUT_MS: 2_000 } });
  const { url } = server;
  await call(`${url}/`);
  const first = await read(url, 'pages');
  assert.deepEqual(first.json.pages, [{ page: '/', views: 1, visitors: 0 }]);
  await server.hang('SHARD', 'default/0');
  const again = await read(url, 'pages');
  assert.deepEqual([again.status, again.text], [200, first.text]);
  const known = await read(url, 'pages', { 'if-none-match': first.headers.get('etag') });
  assert.deepEqual([known.status, known.text], [304, '']);
  assert.equal((await read(url, 'pages?limit=1')).status, 504, 'a different request calls the shard');
  await server.throwAway('SHARD', 'default/0');
  // An owner's change shows at once.
  const gone = await call(`${url}/api/sites/default/pages?page=/`, { method: 'DELETE', headers: { authorization: 'Bearer owner-of-a-test-0123' } });
  assert.equal(gone.status, 200);
  assert.deepEqual((await read(url, 'pages')).json.pages, []);
});

test('a period consists of days of a time zone', async (t) => {
  const { edge, url } = await start(t);
  await visit(edge);
  const day = (offset) => new Date(Date.now() + offset * 3_600_000).toISOString().slice(0, 10);
  for (const [tz, offset] of [['Pacific/Kiritimati', 14], ['Etc/GMT+12', -12], ['Asia/Kolkata', 5.5], ['UTC', 0]]) {
    const { json } = await read(url, `series?tz=${encodeURIComponent(tz)}`);
    assert.deepEqual([json.tz, json.to, json.series.at(-1)], [tz, day(offset), { time: day(offset), views: 1, visitors: 1 }]);
  }
  assertProblem(await read(url, 'series?tz=Middle/Earth'), 400);
});

test('a request that cannot be answered is refused, with what is allowed', async (t) => {
  const { url } = await start(t);
  for (const path of [
    'series?by=decade', 'series?by=week&week=someday', 'summary?compare=sometime', 'series?compare=previous', 'series?from=2026-13-01', 'series?from=2026-11-22&to=2026-11-21', 'series?from=2001-01-01', 'series?by=hour&from=2020-01-01&to=2020-01-02',
    'pages?limit=0', 'pages?limit=20000', 'pages?page=/a', 'pages?by=day', 'campaigns?by=term', 'summary?format=xml',
    'countries?country=DE', 'series?by=hour&country=DE', 'summary?country=DE&page=/a', 'series?country=DE&device=mobile', 'series?country=', 'summary?source=a%0Ab', `series?referrer=${'x'.repeat(101)}`, 'series?tz=%00', 'series?from=a&from=b',
  ]) {
    assertProblem(await read(url, path), 400, path);
  }
  for (const path of ['nothing', 'series/x']) assertProblem(await read(url, path), 404, path);
  assertProblem(await read(url, ''), 405, 'a slash at the end is the site itself, which is only deleted');
  assertProblem(await call(`${url}/api/sites/none/summary`), 404);
  assertProblem(await call(`${url}/api/sites/default/summary`, { method: 'POST' }), 405);
});

test('CSV has the same numbers, and no formulas', async (t) => {
  const { edge, url } = await start(t);
  await visit(edge, { page: '/a,"b"', campaign: '=HYPERLINK("http://evil.example")' });
  const pages = await read(url, 'pages?format=csv');
  assert.deepEqual([pages.headers.get('content-type'), pages.text], ['text/csv; charset=utf-8', 'page,views,visitors\r\n"/a,""b""",1,1\r\n']);
  assert.equal((await read(url, 'campaigns?format=csv')).text, `campaign,views\r\n"'=hyperlink(""http://evil.example"")",1\r\n`);
  assert.match((await read(url, 'summary?format=csv')).text, /^views,visitors,total_views,.*\r\n1,1,1,/);
});

test('several shards answer as one', async (t) => {
  const { edge, url } = await start(t, { SHARDS: '4' });
  // With and without an id: the id may take a view to another shard than its visitor.
  const ids = [undefined, 'a', 'b', 'c'];
  await Promise.all(Array.from({ length: 20 }, (_, n) => visit(edge, { page: `/${n % 2}`, address: `203.0.113.${n % 10}`, id: ids[n % 4] && ids[n % 4] + n })));
  assert.deepEqual((await read(url, 'pages')).json.pages, [{ page: '/0', views: 10, visitors: 5 }, { page: '/1', views: 10, visitors: 5 }]);
  assert.deepEqual((await read(url, 'countries')).json.countries, [{ country: 'DE', views: 20 }]);
  assert.equal((await read(url, 'summary')).json.visitors, 10);
});

test('the views of one value are reported over time, from all shards', async (t) => {
  const { edge, url } = await start(t, { SHARDS: '4' });
  const campaign = { source: 'letter', medium: 'mail', campaign: '=1+1' };
  const each = (n) => ({ address: `203.0.113.${n}`, referrer: `https://${n % 2}.example/`, agent: n % 4 ? DESKTOP : PHONE, cf: { country: n % 5 ? 'DE' : 'FR' }, ...(n % 10 ? {} : campaign) });
  await Promise.all(Array.from({ length: 20 }, (_, n) => visit(edge, { page: `/${n}`, ...each(n) })));
  const lists = { referrers: 'referrer', countries: 'country', devices: 'device', campaigns: 'campaign', 'campaigns?by=source': 'source', 'campaigns?by=medium': 'medium' };
  for (const [path, kind] of Object.entries(lists)) {
    const list = Object.values((await read(url, path)).json).at(-1);
    assert.ok(list.length > 0, path);
    for (const { [kind]: value, views } of list) {
      const query = new URLSearchParams({ only: `${kind}:${value}` });
      const byName = await read(url, `summary?${new URLSearchParams({ [kind]: value })}`);
      const { json: { from, to, ...summary } } = await read(url, `summary?${query}`);
      assert.deepEqual(byName.json, { from, to, ...summary }, 'the name of the kind means the same');
      assert.deepEqual(summary, { site: 'default', [kind]: value, tz: 'UTC', fresh_seconds: 10, views });
      const { json } = await read(url, `series?${query}`);
      assert.deepEqual([json[kind], json.series.length, json.series.at(-1)], [value, 30, { time: to, views }]);
      const months = (await read(url, `series?by=month&from=${from}&to=${to}&${query}`)).json.series;
      assert.deepEqual(months.at(-1), { time: to.slice(0, 7), views });
    }
  }
  const { json: summary } = await read(url, 'summary?country=DE');
  assert.equal(summary.views, 16);
  // Days are in UTC, wherever the reader is. Ten years take one request.
  const { to } = summary;
  const ten = `from=${Number(to.slice(0, 4)) - 9}-01-01&to=${to}`;
  for (const tz of ['Pacific/Kiritimati', 'Etc/GMT+12']) {
    const { json } = await read(url, `series?country=DE&${ten}&tz=${encodeURIComponent(tz)}`);
    assert.deepEqual([json.tz, json.series.at(-1)], [tz, { time: to, views: 16 }]);
  }
  const nobody = await read(url, `series?country=(other)&format=csv&from=${to}`);
  assert.deepEqual([nobody.status, nobody.text], [200, `time,views\r\n${to},0\r\n`]);
  const mobile = await read(url, 'summary?device=mobile&format=csv');
  assert.deepEqual([mobile.headers.get('content-type'), mobile.text], ['text/csv; charset=utf-8', 'views\r\n5\r\n']);
  const hour = await read(url, 'series?by=hour&country=DE');
  assertProblem(hour, 400);
  assert.match(hour.json.hint, /day, week, month/);
});
