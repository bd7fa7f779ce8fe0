// Pages with the scripts of other counters in a real browser, with only the host changed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { build } from 'esbuild';
import { call } from '../support/client.mjs';
import { sourceOf } from '../support/clients.mjs';
import { poll } from '../support/waiters.mjs';
import { reaches, start } from './support.mjs';

/** A package's module as a classic script, followed by the page's own code. */
async function scriptOf(contents) {
  const { outputFiles } = await build({ stdin: { contents, resolveDir: import.meta.dirname }, bundle: true, format: 'iife', write: false });
  return outputFiles[0].text;
}

/** A site and a host whose pages load `script(host)` from /client.js. */
async function startWith(t, script, more = {}) {
  const text = {};
  const serve = (request, response) => void response.writeHead(200, { 'content-type': 'text/javascript' }).end(text.script);
  const started = await start(t, { snippet: () => '<script src="/client.js"></script>', ...more, pages: { '/client.js': serve, ...more.pages } });
  text.script = await script(started.host.url, started.site);
  return started;
}

test("busuanzi's own script fills its elements", async (t) => {
  const spans = ['site_pv', 'page_pv', 'site_uv'].map((id) => `<p id=busuanzi_container_${id} style="display:none"><b id=busuanzi_value_${id}></b></p>`).join('');
  const script = (host) => `var module = {};${sourceOf('busuanzi.pure.js/busuanzi.pure.js', [['//busuanzi.ibruce.info', host]])}`;
  const { site, host, browser } = await startWith(t, script, { pages: { '/one': spans, '/two': spans } });
  const page = await browser.newPage();
  await page.goto(`${site}/one`);
  await reaches(host, '/', 1);
  await page.goto(`${site}/two`);
  const shown = () => page.$$eval('p', (all) => all.map((one) => `${one.style.display} ${one.innerText}`).join());
  await poll(async () => (await shown()) === 'inline 2,inline 2,inline 1', 'the numbers, shown');
  assert.equal(await host.views('/'), 2, 'a browser sends another host only the origin');
});

test('F21: the snippet of busuanzi 2.3 counts for and shows the site of its host', async (t) => {
  const spans = '<b id=busuanzi_value_site_pv></b> <b id=busuanzi_value_page_pv></b>';
  const snippet = (host) => `<script async src="${host}/busuanzi/2.3/busuanzi.pure.mini.js"></script>`;
  const { site, host, browser } = await start(t, { snippet, pages: { '/one': spans }, vars: { SITES: 'default,blog', HOSTS: '127.0.0.1=blog' } });
  const page = await browser.newPage();
  await page.goto(`${site}/one`);
  await poll(async () => (await page.innerText('body')).trim() === '1 1', 'the numbers of its site');
  const { json } = await call(`${host.url}/counter?site=blog&page=/one`);
  assert.deepEqual([json.views, await host.views()], [1, 0], 'and none of another');
});

test("Plausible's trackers count pages and routes, and an event is not a view", async (t) => {
  const older = (host) => scriptOf(`
    import Plausible from 'plausible-tracker';
    const { enableAutoPageviews, trackEvent } = Plausible({ domain: 'blog.example', apiHost: '${host}', trackLocalhost: true });
    enableAutoPageviews();
    window.track = trackEvent;`);
  const newer = (host) => scriptOf(`
    import { init, track } from '@plausible-analytics/tracker';
    init({ domain: 'blog.example', endpoint: '${host}/api/event', captureOnLocalhost: true });
    window.track = track;`);
  for (const script of [older, newer]) {
    const { site, host, browser } = await startWith(t, script);
    const page = await browser.newPage();
    await page.goto(`${site}/app?utm_source=letter`, { referer: 'https://news.example/' });
    await reaches(host, '/app', 1);
    await page.evaluate(() => history.pushState({}, '', '/app/two'));
    await reaches(host, '/app/two', 1);
    await page.evaluate(() => window.track('Signup', { props: { plan: 'x' } }));
    await poll(() => host.posts.some(({ n }) => n === 'Signup'), 'the event is sent');
    await page.evaluate(() => history.pushState({}, '', '/app/three'));
    await reaches(host, '/app/three', 1);
    assert.equal(await host.views(), 3, 'the event is not a view');
  }
});

const GOATCOUNTER = (host) => `<script data-goatcounter="${host}/count" async src="${host}/count.js"></script>`;

test("GoatCounter's interface: the calls that its pages make", async (t) => {
  const stats = '<div id=stats></div><a id=link data-goatcounter-click="out" href="#x">x</a>';
  const { site, host, browser } = await startWith(t, () => '', { snippet: GOATCOUNTER, pages: { '/page': stats } });
  const page = await browser.newPage();
  await page.goto(`${site}/page?utm_campaign=spring&Who=me`);
  await reaches(host, '/page', 1);
  await page.evaluate(() => {
    history.pushState({}, '', '/routed');
    window.goatcounter.count({ path: '/own', title: 'T', referrer: 'https://news.example/' });
    window.goatcounter.count({ path: (path) => `/app${path}` });
    window.goatcounter.count();
  });
  await reaches(host, '/own', 1);
  await reaches(host, '/app/routed', 1);
  await reaches(host, '/routed', 1);
  assert.equal(await host.views(), 4, 'in GoatCounter, a change of the path alone is not a view');
  await page.click('#link');
  await poll(() => host.paths.some((path) => path.startsWith('/count/?') && /[?&]p=out&.*e=true/.test(path)), 'a click is an event');
  const said = await page.evaluate(() => {
    const { url, get_query, filter, get_data, bind_events } = window.goatcounter;
    bind_events();
    return { url: url({ path: '/u' }), query: [get_query('who'), get_query('nope')], filter: filter(), data: get_data({ path: '/d', event: true }), none: url({ path: () => null }) };
  });
  assert.match(said.url, /\/count\/\?p=%2Fu&/);
  assert.deepEqual([said.query[0], said.filter, said.data.p, said.data.e, said.none], [undefined, false, '/d', true, undefined]);
  for (const type of ['html', 'svg', 'png']) await page.evaluate((type) => window.goatcounter.visit_count({ append: '#stats', type, path: '/page', no_branding: true }), type);
  await poll(() => page.$$eval('#stats img', (all) => all.length === 2 && all.every((image) => image.complete && image.naturalWidth === 200)), 'the pictures');
  const frame = await (await page.$('#stats iframe')).contentFrame();
  await poll(() => frame.$eval('#gcvc-views', (element) => element.textContent === '1').catch(() => false), 'the number in the frame');
  assert.equal(await host.views(), 4, 'neither showing a counter nor an event counts');
});

test('GoatCounter: settings, no view on load, and a view whose answer is lost', async (t) => {
  const snippet = (host) => `<script>window.goatcounter = { no_onload: true, path: (path) => 'x' + path }</script>${GOATCOUNTER(host)}`;
  const one = await startWith(t, () => '', { snippet });
  const page = await one.browser.newPage();
  await page.goto(`${one.site}/a`);
  await page.waitForFunction(() => window.goatcounter.count);
  one.host.losesAnswers = true;
  await page.evaluate(() => window.goatcounter.count());
  await poll(() => one.host.paths.filter((path) => path.startsWith('/count/?')).length >= 2, 'the view, sent again');
  one.host.losesAnswers = false;
  const ids = one.host.paths.filter((path) => path.startsWith('/count/?')).map((path) => new URL(path, 'http://x').searchParams.get('id'));
  assert.equal(new Set(ids).size, 1, 'under one id');
  assert.deepEqual([await one.host.views('/x/a'), await one.host.views()], [1, 1]);
  const settings = (host) => GOATCOUNTER(host).replace('<script', `<script data-goatcounter-settings='{"path":"/set"}'`);
  const two = await startWith(t, () => '', { snippet: settings });
  await (await two.browser.newPage()).goto(`${two.site}/a`);
  await reaches(two.host, '/set', 1);
});

test('the scripts of Plausible and Umami count each view once with their own tags', async (t) => {
  const early = '<script>window.plausible = window.plausible || function () { (plausible.q = plausible.q || []).push(arguments); }; plausible("Early");</script>';
  const plausible = (host) => `${early}<script defer data-domain="blog" src="${host}/js/script.outbound-links.js"></script>`;
  const umami = (host) => `<script defer src="${host}/script.js" data-website-id="94db1cb1"></script>`;
  const tell = { plausible: (page) => page.evaluate(() => window.plausible('Signup', { props: { plan: 'x' } })), umami: (page) => page.evaluate(() => window.umami.track('signup')) };
  for (const [name, snippet] of Object.entries({ plausible, umami })) {
    const { site, host, browser } = await start(t, { snippet, vars: { SITES: 'blog' } });
    const page = await browser.newPage();
    await page.goto(`${site}/app?utm_source=letter`, { referer: 'https://news.example/' });
    await reaches(host, '/app', 1);
    host.losesAnswers = true;
    await page.evaluate(() => history.pushState({}, '', '/app/two'));
    await poll(() => host.posts.filter((post) => JSON.stringify(post).includes('/app/two')).length >= 2, 'the view, sent again');
    host.losesAnswers = false;
    await page.evaluate(() => history.replaceState({}, '', '/app/two#part'));
    await tell[name](page);
    await page.evaluate(() => history.pushState({}, '', '/app/three'));
    await reaches(host, '/app/three', 1);
    assert.deepEqual([await host.views('/app/two'), await host.views()], [1, 3], name);
  }
});

test("Plausible's script under its other names: routes behind the #, and manual views", async (t) => {
  const hash = await start(t, { snippet: (host) => `<script defer data-domain="blog" src="${host}/js/script.hash.js"></script>`, vars: { SITES: 'blog' } });
  const page = await hash.browser.newPage();
  await page.goto(`${hash.site}/app#/one`);
  await page.evaluate(() => { location.hash = '#/two'; });
  await reaches(hash.host, '/app/two', 1);
  assert.equal(await hash.host.views('/app/one'), 1);
  const manual = await start(t, { snippet: (host) => `<script defer data-domain="blog" data-api="${host}/api/event" src="${host}/js/script.manual.js"></script>`, vars: { SITES: 'blog' } });
  const other = await manual.browser.newPage();
  await other.goto(`${manual.site}/a`);
  await other.waitForFunction(() => window.plausible);
  await other.evaluate(() => window.plausible('pageview', { u: `${location.origin}/own` }));
  await reaches(manual.host, '/own', 1);
  assert.equal(await manual.host.views(), 1);
});
