// footfall.js in a real browser: what counts as a view, and that no view is lost or counted twice.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poll } from '../support/waiters.mjs';
import { reaches, start } from './support.mjs';

test('three static pages count one view each', async (t) => {
  const { site, host, browser } = await start(t);
  const page = await browser.newPage();
  await page.goto(`${site}/?utm_source=letter&utm_campaign=spring`, { referer: 'https://news.example/story' });
  await page.click('a');
  await page.click('a');
  await reaches(host, undefined, 3);
  for (const path of ['/', '/a', '/b']) assert.equal(await host.views(path), 1, path);
  assert.equal((await host.visitors()).visitors, 1);
  // A page that finds the previous page's view still unsent sends it, too. Its id makes it count once.
  const [first, second] = [...new Map(host.posts.map((post) => [post.id, post])).values()];
  assert.deepEqual([first.referrer, first.source, first.medium, first.campaign], ['https://news.example/story', 'letter', null, 'spring']);
  assert.deepEqual([second.referrer, second.source], [`${site}/?utm_source=letter&utm_campaign=spring`, null]);
  assert.equal(new Set(host.posts.map(({ id }) => id)).size, 3, 'each view has an id of its own');
  assert.equal(await page.evaluate(() => localStorage.footfall), '[]', 'nothing waits');
  assert.equal(await page.evaluate(() => document.cookie), '');
});

test('an app that changes its path is counted by path', async (t) => {
  const { site, host, browser } = await start(t);
  const page = await browser.newPage();
  await page.goto(`${site}/app`);
  await reaches(host, '/app', 1);
  await page.evaluate(() => {
    history.pushState({}, '', '/app/one');
    history.pushState({}, '', '/app/one?sorted');
    history.replaceState({ scroll: 1 }, '', '/app/one#part');
    history.replaceState({}, '', '/app/two');
  });
  await page.evaluate(() => history.back());
  await reaches(host, '/app/one', 2);
  assert.deepEqual([await host.views('/app'), await host.views('/app/two'), await host.views()], [1, 1, 4]);
  assert.equal(host.posts[1].referrer, undefined, 'a page is not its own referrer');
});

test('an app whose routes are behind the # is counted by route if its tag says so', async (t) => {
  const { site, host, browser } = await start(t, { attributes: 'data-hash' });
  const page = await browser.newPage();
  await page.goto(`${site}/app#/one`);
  await page.evaluate(() => { location.hash = '#!/two'; });
  await reaches(host, '/app/two', 1);
  assert.deepEqual([await host.views('/app/one'), await host.views()], [1, 2]);
});

test('query parameters that the owner lists distinguish pages', async (t) => {
  const { site, host, browser } = await start(t, { attributes: 'data-query="on"', vars: { PAGE_QUERY: 'id' } });
  const page = await browser.newPage();
  await page.goto(`${site}/app?token=secret&id=3`);
  await reaches(host, '/app?id=3', 1);
  await page.evaluate(() => history.pushState({}, '', '?id=4#x'));
  await reaches(host, '/app?id=4', 1);
  assert.deepEqual([await host.views('/app?id=3&x=y'), await host.views('/app'), await host.views()], [1, 0, 2]);
  await page.goto(`${site}/app?${'x'.repeat(2000)}`);
  await reaches(host, '/app', 1);
});

test('a view that is lost on the network is sent later, and counted once', async (t) => {
  const { site, host, browser } = await start(t);
  const page = await browser.newPage();
  await page.goto(site);
  await reaches(host, undefined, 1);
  host.cut = true;
  await page.goto(`${site}/a`);
  await page.goto(`${site}/b`);
  await poll(() => host.posts.length >= 4, 'the tries');
  assert.equal(await host.views(), 1);
  host.cut = false;
  // The answers are lost, so every visit is sent again although it is stored.
  host.losesAnswers = true;
  await page.goto(`${site}/app`);
  await reaches(host, undefined, 4);
  assert.ok((await page.evaluate(() => JSON.parse(localStorage.footfall))).length >= 3, 'it does not know');
  host.losesAnswers = false;
  await poll(() => page.evaluate(() => localStorage.footfall === '[]'), 'an empty outbox');
  for (const path of ['/', '/a', '/b', '/app']) assert.equal(await host.views(path), 1, path);
  const ids = Map.groupBy(host.posts, ({ page }) => page);
  for (const [path, posts] of ids) assert.equal(new Set(posts.map(({ id }) => id)).size, 1, `${path} kept its id`);
  const late = ids.get('/a').at(-1);
  assert.ok(Number(late.age) > 0 && Number.isInteger(Number(late.age)), 'it says how old it is');
});

test('an outbox holds at most 50 visits of the last 20 hours', async (t) => {
  const { site, host, browser } = await start(t);
  host.cut = true;
  const page = await browser.newPage();
  let pending = 0;
  page.on('request', () => { pending += 1; });
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, () => { pending -= 1; });
  await page.goto(`${site}/app`);
  await page.evaluate(() => {
    const old = [Date.now() - 21 * 3_600_000, { page: '/old', id: 'old' }];
    localStorage.footfall = JSON.stringify([old, ...JSON.parse(localStorage.footfall)]);
    for (let n = 0; n < 60; n += 1) history.pushState({}, '', `/app/${n}`);
  });
  const kept = await page.evaluate(() => JSON.parse(localStorage.footfall).map(([, { page }]) => page));
  assert.deepEqual([kept.length, kept[0], kept.at(-1)], [50, '/app/10', '/app/59']);
  // A request for a visit that the outbox dropped must not arrive once the network is back.
  await poll(() => pending === 0, 'all requests to fail');
  host.cut = false;
  await poll(() => page.evaluate(() => localStorage.footfall === '[]'), 'an empty outbox');
  assert.equal(await host.views(), 50);
});

test('a hidden or prerendered page counts when it is shown', async (t) => {
  const { site, host, browser } = await start(t);
  for (const [state, event, path] of [['hidden', 'visibilitychange', '/a'], ['prerendering', 'prerenderingchange', '/b']]) {
    const page = await browser.newPage();
    await page.addInitScript((name) => Object.defineProperty(document, name, { get: () => !globalThis.seen }), state);
    await page.goto(`${site}${path}`);
    await page.evaluate(() => history.pushState({}, '', `${location.pathname}/later`));
    assert.equal(await host.views(), path === '/a' ? 0 : 1, `${state}: the page was not shown`);
    await page.evaluate((name) => {
      globalThis.seen = true;
      document.dispatchEvent(new Event(name, { bubbles: true }));
      document.dispatchEvent(new Event(name, { bubbles: true }));
    }, event);
    await reaches(host, `${path}/later`, 1);
  }
  assert.equal(host.posts.length, 2);
});

test('a reader who opts out is not counted until they opt in', async (t) => {
  const { site, host, browser } = await start(t);
  const page = await browser.newPage();
  await page.goto(`${site}/?footfall=off`);
  await page.goto(`${site}/a`);
  await page.goto(`${site}/b?footfall=on`);
  await reaches(host, '/b', 1);
  assert.deepEqual(host.posts.map(({ page }) => page), ['/b']);
});

test('a view with Global Privacy Control has no visitor', async (t) => {
  const { site, host, browser } = await start(t, { context: { extraHTTPHeaders: { 'sec-gpc': '1' } } });
  // A header set on all requests would cause preflights; a browser that sends it by itself causes none.
  const page = await browser.newPage();
  await page.goto(site);
  await reaches(host, undefined, 1);
  const { visitors, views_without_visitor: without } = await host.visitors();
  assert.deepEqual([visitors, without.opted_out], [0, 1]);
});

test('elements are filled with numbers, even for a reader who opted out', async (t) => {
  const body = '<b data-footfall=views>?</b> <b data-footfall=views data-scope=site>?</b> <b data-footfall=visitors>?</b>';
  const { site, browser } = await start(t, { pages: { '/n': body }, attributes: 'data-site=default' });
  const page = await browser.newPage();
  const texts = () => page.$$eval('b', (elements) => elements.map((element) => element.textContent).join());
  await page.goto(`${site}/a`);
  await page.goto(`${site}/n`);
  await poll(async () => (await texts()) === '1,2,1', 'the numbers');
  await page.goto(`${site}/n?footfall=off`);
  await poll(async () => (await texts()) === '1,2,1', 'the numbers, without a visit');
});

test('it works under a strict content security policy', async (t) => {
  const headers = (host) => `default-src 'none'; script-src ${host}; connect-src ${host}; img-src data:; require-trusted-types-for 'script'`;
  const { site, host, browser } = await start(t, { headers });
  const page = await browser.newPage();
  await page.goto(site);
  await reaches(host, undefined, 1);
});

test('it counts without localStorage', async (t) => {
  const { site, host, browser } = await start(t);
  const page = await browser.newPage();
  await page.addInitScript(() => Object.defineProperty(globalThis, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } }));
  host.cut = true;
  await page.goto(`${site}/app`);
  await poll(() => host.posts.length > 0, 'a try');
  await page.evaluate(() => history.pushState({}, '', '/app/two'));
  host.cut = false;
  await reaches(host, undefined, 2);
  assert.equal(new Set(host.posts.map(({ id }) => id)).size, 2);
});

test('the snippets of busuanzi and GoatCounter work with only the host changed', async (t) => {
  const busuanzi = (host) => `<script async src="${host}/busuanzi/2.3/busuanzi.pure.mini.js"></script>`;
  const spans = `<span id="busuanzi_container_site_pv" style="display:none"><span id="busuanzi_value_site_pv"></span></span>
    <span id="busuanzi_container_page_pv" style="display:none"><span id="busuanzi_value_page_pv"></span></span>
    <span id="busuanzi_container_site_uv" style="display:none"><span id="busuanzi_value_site_uv"></span></span>`;
  const one = await start(t, { snippet: busuanzi, pages: { '/b1': spans, '/b2': spans } });
  const page = await one.browser.newPage();
  await page.goto(`${one.site}/b1`);
  await page.goto(`${one.site}/b2`);
  const texts = () => page.$$eval('[id^=busuanzi_container]', (all) => all.map((element) => element.innerText.trim()).join());
  await poll(async () => (await texts()) === '2,1,1', 'the numbers, shown');

  const goatcounter = (host) => `<script data-goatcounter="${host}/count" async src="${host}/count.js"></script>
    <noscript><img src="${host}/count?p=/a"></noscript>`;
  const two = await start(t, { snippet: goatcounter });
  await (await two.browser.newPage()).goto(`${two.site}/a`);
  await reaches(two.host, '/a', 1);
});
