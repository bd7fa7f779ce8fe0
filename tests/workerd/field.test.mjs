// Cases from real deployments that no other file covers: pages, referrers, campaigns, pictures and prefetches as real clients send them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call, views } from '../support/client.mjs';
import { shareWorkerd } from '../support/shared.mjs';
import { poll } from '../support/waiters.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const BROWSER = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0', 'cf-connecting-ip': '203.0.113.7' };
const PAGE = { ...BROWSER, origin: 'https://blog.example', 'content-type': 'text/plain' };
const VARS = { SITES: 'default,blog', ALLOWED_ORIGINS: 'https://blog.example', STATS: 'public', RATE_LIMITS: 'off' };

let footfall;
shareWorkerd({ vars: VARS }, (server) => { footfall = server; });

const visit = (body, path = '/visit') => call(`${footfall.url}${path}`, { method: 'POST', headers: PAGE, body: JSON.stringify({ site: 'blog', ...body }) });
const get = (path, headers = BROWSER) => call(`${footfall.url}${path}`, { headers });
const ask = async (path) => (await get(`/api/sites/blog/${path}`)).json;
/** The lines of a list by their first column, once one of them has this many views: lists are up to ten seconds old. */
const listed = (path, first, name, views) =>
  poll(async () => {
    const lines = Object.values(await ask(path)).find(Array.isArray);
    const found = new Map(lines.map((line) => [line[first], line.views]));
    return found.get(name) === views && found;
  }, `${views} views of ${name}`);

test('F10: a long encoded page is counted, and a page that is too long counts under its beginning', async () => {
  const long = `/${'%E4%BD%A0'.repeat(57)}`;
  assert.equal((await visit({ page: long })).visit, 'counted');
  assert.equal(await views(footfall, { site: 'blog', page: long }), 1);
  for (const page of [`/${'a'.repeat(4_000)}`, `/${'é'.repeat(2_000)}`]) {
    const answer = await visit({ page });
    assert.equal(answer.visit, 'counted');
    assert.ok(Buffer.byteLength(answer.json.page) >= 1_000 && Buffer.byteLength(answer.json.page) <= 1_024, `${Buffer.byteLength(answer.json.page)} bytes`);
    assert.ok(page.startsWith(answer.json.page.slice(0, 300)) && answer.json.page.length < page.length);
    assert.equal((await visit({ page: answer.json.page })).json.views, 2, 'the cut name means the same page');
  }
});

test('F11: different spellings of accents and addresses are one page', async () => {
  for (const page of ['/caf%C3%A9', '/cafe%CC%81', '/café', '/caf%c3%a9/', 'https://blog.example/caf%C3%A9?x=1#y']) assert.equal((await visit({ page })).json.page, '/café', page);
  assert.equal(await views(footfall, { site: 'blog', page: '/cafe%CC%81' }), 5);
});

test('F12: visits with spam referrers are not counted, and tallied as spam', async () => {
  const before = await views(footfall, { site: 'blog' });
  for (const referrer of ['https://semalt.com/x', 'https://buttons-for-website.com/', 'http://www.semalt.com']) {
    const answer = await visit({ page: '/spam', referrer });
    assert.deepEqual([answer.status, answer.visit, answer.json.excluded], [200, 'excluded', 'spam']);
  }
  assert.equal((await visit({ page: '/spam', referrer: 'https://notsemalt.com/' })).visit, 'counted');
  assert.equal(await views(footfall, { site: 'blog' }), before + 1);
  await poll(async () => (await ask('excluded')).excluded.some(({ reason, visits }) => reason === 'spam' && visits === 3), 'the tally');
});

test('F13: different spellings of a source are one line, and the address of the page can name it', async () => {
  for (const source of ['LinkedIn', 'linkedin', ' linkedin ']) await visit({ page: '/s', source });
  for (const page of ['/s?ref=producthunt', '/s?source=ProductHunt', '/s?utm_source=producthunt&utm_medium=Mail&ref=x']) await visit({ page });
  const sources = await listed('campaigns?by=source', 'source', 'producthunt', 3);
  assert.deepEqual([sources.get('linkedin'), sources.get('x')], [3, undefined]);
  await listed('campaigns?by=medium', 'medium', 'mail', 1);
  assert.equal((await ask('summary?source=LinkedIn')).views, 3);
});

test('F14: the referrers of one source are one line, and their hosts are kept', async () => {
  const hosts = ['t.co', 'x.com', 'twitter.com', 'l.facebook.com', 'lm.facebook.com', 'm.facebook.com', 'www.google.de', 'google.com', 'news.example'];
  for (const host of hosts) await visit({ page: '/r', referrer: `https://${host}/a?b` });
  const lines = await listed('referrers', 'referrer', 'news.example', 1);
  assert.deepEqual(['Twitter', 'Facebook', 'Google', 'news.example'].map((name) => lines.get(name)), [3, 3, 2, 1]);
  assert.equal(lines.get('t.co'), undefined);
  const kept = await listed('referrers?by=host', 'host', 'm.facebook.com', 1);
  assert.deepEqual(['t.co', 'google.de', 'm.facebook.com'].map((name) => kept.get(name)), [1, 1, 1]);
  // A host without another name keeps its own, in the list and in a filter.
  assert.equal(kept.get('news.example'), 1);
  for (const host of ['news.example', 'https://www.news.example/b', 't.co', 'WWW.Google.de']) assert.equal((await ask(`summary?only=host:${encodeURIComponent(host)}`)).views, 1, host);
  assert.equal((await ask('series?host=news.example')).series.reduce((sum, { views }) => sum + views, 0), 1);
  for (const name of ['Twitter', 'x.com', 'https://t.co/a']) assert.equal((await ask(`summary?only=referrer:${encodeURIComponent(name)}`)).views, 3, name);
});

test('a source that is a URL or a host means a referrer, and the page fills in parts of the campaign that the visit leaves out', async () => {
  const before = new Map((await ask('campaigns?by=source')).campaigns.map(({ source, views }) => [source, views]));
  for (const query of ['ref=https://news.ycombinator.com/x', 'ref=news.ycombinator.com', 'source=www.google.de', 'utm_source=google', 'ref=twitter.com', 'ref=https%3A%2F%2Ft.co%2Fa']) {
    assert.equal((await visit({ page: `/u?${query}` })).visit, 'counted', query);
  }
  await visit({ page: '/u?utm_source=page&utm_medium=Page&utm_campaign=of+the+page', medium: 'told' });
  const found = await listed('campaigns?by=source', 'source', 'page', 1);
  for (const source of ['hacker news', 'google', 'twitter']) assert.equal(found.get(source), 2 + (before.get(source) ?? 0), source);
  assert.equal((await listed('campaigns?by=medium', 'medium', 'told', 1)).get('page'), undefined);
  assert.equal((await listed('campaigns', 'campaign', 'of the page', 1)).get('of the page'), 1);
  assert.equal((await ask('summary?only=source:t.co')).views, found.get('twitter'));
  const spam = await visit({ page: '/u?ref=semalt.com' });
  assert.equal(spam.json.excluded, 'spam');
});

test('F15: a country in lower case is the same country', async () => {
  const [lower, upper] = [await get('/api/sites/blog/summary?country=de'), await get('/api/sites/blog/summary?country=DE')];
  assert.deepEqual([lower.status, lower.text], [200, upper.text]);
  for (const wrong of ['country=Germany', 'device=phone', 'only=country:d']) assert.equal((await get(`/api/sites/blog/summary?${wrong}`)).status, 400, wrong);
});

test('F16: a badge stays a badge with other parameters, and counts views through a proxy', async () => {
  for (const [at, query] of ['count=1&t=9', 'count=1&logo=github', 'count=1&style=for-the-badge', 'count=1&style=none&_=1'].entries()) {
    const { status, headers, visit: became, text } = await get(`/badge/blog/b.svg?${query}`);
    assert.deepEqual([status, became], [200, 'counted'], query);
    assert.match(headers.get('content-type'), /^image\/svg\+xml/);
    assert.match(text, /<svg[\s\S]*<\/svg>/);
    assert.equal(headers.get('cache-control'), 'max-age=0, no-cache, no-store, must-revalidate');
    assert.equal(headers.get('pragma'), 'no-cache');
    assert.equal(await views(footfall, { site: 'blog', page: '/b' }), at + 1);
  }
  for (const agent of ['go-camo (+https://github.com/cactus/go-camo)', 'github-camo (876de43e)', 'Camo Asset Proxy 2.3.0']) {
    assert.equal((await get('/badge/blog/b.svg?count=1', { 'user-agent': agent, 'cf-connecting-ip': '140.82.115.1' })).visit, 'counted', agent);
  }
  const wrong = await get('/badge/nope/b.svg?count=1');
  assert.deepEqual([wrong.status, /^image\/svg\+xml/.test(wrong.headers.get('content-type'))], [404, true]);
});

test('F17: a pixel is always a picture, and counts its campaign', async () => {
  for (const query of ['page=/p&utm_source=Letter&rnd=1', 'page=p', 'page=%FF', 'page=/p%FF&x=%', '', 'page=&cache=1']) {
    const { status, headers } = await get(`/pixel/blog.gif?${query}`);
    assert.deepEqual([status, headers.get('content-type')], [200, 'image/gif'], query);
  }
  assert.equal(await views(footfall, { site: 'blog', page: '/p' }), 2);
  await get(`/pixel/blog.gif?page=${encodeURIComponent('/p?utm_source=Letter&utm_campaign=may')}&utm_campaign=june`);
  await listed('campaigns?by=source', 'source', 'letter', 2);
  assert.equal((await listed('campaigns', 'campaign', 'june', 1)).get('may'), undefined, 'from the address of the picture');
  const unknown = await get('/pixel/nope.gif?page=/a');
  assert.deepEqual([unknown.status, unknown.headers.get('content-type')], [404, 'image/gif']);
});

test('F18: an answer that depends on the origin always says so', async () => {
  for (const path of ['/api/sites/blog/summary', '/numbers?site=blog', '/visitors?site=blog', '/nope', '/api/sites/nope/summary']) {
    for (const headers of [BROWSER, PAGE]) assert.match((await get(path, headers)).headers.get('vary') ?? '', /\bOrigin\b/, path);
    assert.equal((await get(path, PAGE)).headers.get('access-control-allow-origin'), 'https://blog.example', path);
  }
});

test('F25: a prefetch is not a visit, under any of its names', async () => {
  const before = await views(footfall);
  for (const [name, value] of [['purpose', 'prefetch'], ['x-purpose', 'preview'], ['x-moz', 'prefetch'], ['sec-purpose', 'prefetch;prerender'], ['Purpose', 'Prefetch']]) {
    const answer = await get('/', { ...BROWSER, [name]: value });
    assert.deepEqual([answer.visit, answer.status], ['excluded', 503], name);
    assert.equal((await get('/pixel/default.gif', { ...BROWSER, [name]: value })).visit, 'excluded', name);
  }
  // A value under one name does not hide one under another.
  for (const more of [{ purpose: 'x', 'x-moz': 'prefetch' }, { purpose: '', 'x-purpose': 'preview' }, { purpose: 'y'.repeat(9_000), 'x-purpose': 'z', 'x-moz': 'prefetch' }, { purpose: 'navigate', 'sec-purpose': 'prefetch;prerender' }]) {
    assert.equal((await get('/', { ...BROWSER, ...more })).visit, 'excluded', Object.keys(more).join());
  }
  assert.equal(await views(footfall), before);
  assert.equal((await get('/', { ...BROWSER, purpose: 'x', 'x-moz': 'y' })).visit, 'counted');
});

test('unknown fields are ignored, and an age must be a number', async () => {
  for (const body of [{ age: 12.5 }, { age: '12' }, { age: 0, v: 2, nested: { a: [1] } }, { age: null, extra: true }]) assert.equal((await visit({ page: '/x', ...body })).visit, 'counted');
  assert.equal((await visit({ page: '/x' }, '/visit?_=1&fbclid=x')).visit, 'counted');
  assert.equal((await get('/numbers?site=blog&page=/x&_=1&t=2&show=views,site_views,visitors')).json.views, 5);
  const late = await visit({ page: '/x', age: 90_000_000 });
  assert.equal(late.status, 400);
  assert.match(late.json.error, /90000000/);
});

test('GET / counts every caller, with HOME_SITE for a site of its own', async (t) => {
  const only = await startWorkerd(t, { vars: { SITES: 'blog' } });
  assert.equal((await call(`${only.url}/`, { headers: { 'user-agent': 'curl/8.0' } })).text, 'Welcome to my site!');
  assert.deepEqual([await views(only), await views(only, { site: 'default' })], [0, 1]);
  const joined = await startWorkerd(t, { vars: { SITES: 'blog', HOME_SITE: 'blog' } });
  await call(`${joined.url}/`);
  assert.equal(await views(joined), 1);
});
