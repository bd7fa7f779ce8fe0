// The script in the places where pages put it: twice, in modules and frames, under routers that swap pages, and beside other programs' entries in
// localStorage.

import assert from 'node:assert/strict';
import { poll } from '../support/waiters.mjs';
import { inBoth, openTab } from './both.mjs';
import { reaches, start } from './support.mjs';

/** The counted pages, each as often as it was counted. */
const counted = async (host) => {
  await host.settled();
  return [...new Map(host.posts.map(({ id, page }) => [id, page])).values()];
};

/** A site with the script, a tab, and a way to know that everything was sent: only the last step goes to the last page. */
async function place(t, program, { tab: tabOptions, ...options } = {}) {
  const { site, host } = await start(t, { ...options, open: () => undefined });
  const { tab, lines } = await openTab(t, program, tabOptions);
  let marks = 0;
  host.settled = async () => {
    const path = `/settled-${(marks += 1)}`;
    await tab.evaluate((to) => history.pushState({}, '', to), path);
    await reaches(host, path, 1);
    host.posts = host.posts.filter(({ page }) => page !== path);
  };
  return { site, host, tab, lines };
}

/** Inserts a copy of the page's tag, as Turbo, htmx, Astro and tag managers do, and waits until it has run. */
const again = (tab) =>
  tab.evaluate(
    () =>
      new Promise((resolve) => {
        const old = document.querySelector('script[src*=footfall]');
        const tag = document.createElement('script');
        for (const { name, value } of old.attributes) tag.setAttribute(name, value);
        tag.onload = resolve;
        old.replaceWith(tag);
      }),
  );

inBoth('F4: the same tag twice is one view', async (t, program) => {
  const twice = (host) => `<script defer src="${host}/footfall.js"></script><script async src="${host}/footfall.js?v=2"></script>`;
  const { site, host, tab } = await place(t, program, { snippet: twice });
  await tab.goto(`${site}/app`);
  assert.deepEqual(await counted(host), ['/app']);
});

inBoth('F4: a tag that is inserted again counts a new page once', async (t, program) => {
  const { site, host, tab } = await place(t, program);
  await tab.goto(`${site}/app`);
  for (const path of ['/app/1', '/app/2', '/app/3']) {
    await tab.evaluate((to) => history.pushState({}, '', to), path);
    await again(tab);
  }
  await again(tab);
  assert.deepEqual(await counted(host), ['/app', '/app/1', '/app/2', '/app/3']);
});

inBoth('a tag that is inserted again can name its page', async (t, program) => {
  const { site, host, tab } = await place(t, program, { attributes: 'data-page=/one' });
  await tab.goto(`${site}/app`);
  await tab.evaluate(() => {
    document.querySelector('script[src*=footfall]').dataset.page = '/two';
  });
  await again(tab);
  await reaches(host, '/two', 1);
  assert.deepEqual([await host.views('/one'), await host.views()], [1, 2]);
});

inBoth('F5: a router that uses the Navigation API is counted once for each page, even if it also changes the address', async (t, program) => {
  const { site, host, tab } = await place(t, program, { pages: { '/n': '<a href=/n/a>a</a><a href=/n/b>b</a>' } });
  await tab.goto(`${site}/n`);
  if (!(await tab.evaluate(() => 'navigation' in self))) return t.skip('this browser has no Navigation API');
  await tab.evaluate(() => {
    navigation.addEventListener('navigate', (event) => event.canIntercept && event.intercept({ handler: async () => {} }));
  });
  for (const path of ['/n/a', '/n/b']) {
    await tab.click(`[href="${path}"]`);
    await reaches(host, path, 1);
  }
  await tab.evaluate(() => history.back());
  await reaches(host, '/n/a', 2);
  await tab.evaluate(() => {
    history.pushState({}, '', '/n/c');
    history.replaceState({ scroll: 1 }, '', '/n/c');
  });
  assert.deepEqual(await counted(host), ['/n', '/n/a', '/n/b', '/n/a', '/n/c']);
});

inBoth('F6: whatever localStorage.footfall contains, views count and the page works', async (t, program) => {
  const { site, host, tab, lines } = await place(t, program);
  await tab.goto(`${site}/`);
  await reaches(host, '/', 1);
  let views = 1;
  const foreign = ['5', '{"a":1}', '"x"', '[1]', '[null]', '[[1e15,{}]]', '[[1e15]]', '[[1e15,null]]', 'nonsense', 'null', '[[]]', `"${'x'.repeat(100_000)}"`];
  for (const text of foreign) {
    await tab.evaluate((value) => (localStorage.footfall = value), text);
    await tab.goto(`${site}/a`);
    await reaches(host, '/a', (views += 1) - 1);
    const state = await tab.evaluate(() => (history.pushState({ kept: true }, '', '/app'), history.state));
    assert.deepEqual(state, { kept: true }, text);
    await reaches(host, '/app', views - 1);
  }
  assert.deepEqual(lines, []);
});

inBoth('if nothing can be stored, a lost view is still sent later', async (t, program) => {
  const { site, host, tab } = await place(t, program);
  await tab.evaluateOnNewDocument(() => {
    Object.defineProperty(self, 'localStorage', { value: new Proxy({}, { get: (_, name) => (name === 'footfall' ? '[]' : undefined), set: () => { throw new DOMException('full', 'QuotaExceededError'); } }) });
  });
  host.cut = true;
  await tab.goto(`${site}/app`);
  await poll(() => host.posts.length > 0, 'a try');
  host.cut = false;
  await reaches(host, '/app', 1);
});

inBoth('F7: a browser that a program drives is not counted', async (t, program) => {
  const { site, host, tab, lines } = await place(t, program, { tab: { driven: true } });
  await tab.goto(`${site}/app`);
  await tab.evaluate(() => history.pushState({}, '', '/app/one'));
  assert.deepEqual([host.posts, lines, await host.views()], [[], [], 0]);
});

inBoth('F7: the script counts as a module, and is silent if it is imported', async (t, program) => {
  const module = (host) => `<script type=module src="${host}/footfall.js" data-site=default></script>`;
  const one = await place(t, program, { snippet: module });
  await one.tab.goto(`${one.site}/a`);
  await reaches(one.host, '/a', 1);
  const imported = (host) => `<script type=module>import('${host}/footfall.js').then(() => (document.title = 'imported'))</script>`;
  const two = await place(t, program, { snippet: imported });
  await two.tab.goto(`${two.site}/a`);
  await two.tab.waitForFunction(() => document.title === 'imported');
  assert.deepEqual([two.host.posts, two.lines], [[], []]);
});

inBoth('F8: a different spelling of the same page is not a second view', async (t, program) => {
  const { site, host, tab } = await place(t, program, { pages: { '/spa/': '', '/caf%C3%A9': '' } });
  await tab.goto(`${site}/spa/`);
  await tab.evaluate(() => {
    history.replaceState({}, '', '/spa');
    for (let n = 0; n < 50; n += 1) history.replaceState({}, '', `/spa?q=${n}`);
    history.pushState({}, '', '/spa/#part');
    history.pushState({}, '', '/%73pa');
  });
  assert.deepEqual(await counted(host), ['/spa/']);
});

inBoth('F9: from an origin that is not listed, there is one request, and one line in the console that says what to set', async (t, program) => {
  const { site, host, tab, lines } = await place(t, program, { vars: { SITES: 'default,blog', STATS: 'public', ALLOWED_ORIGINS: 'https://blog.example' }, attributes: 'data-site=blog' });
  await tab.goto(`${site}/app`);
  await poll(() => lines.some((line) => line.includes('ALLOWED_ORIGINS')), 'the line');
  await tab.evaluate(() => {
    history.pushState({}, '', '/app/one');
    dispatchEvent(new Event('online'));
  });
  const ours = lines.filter((line) => line.includes('ALLOWED_ORIGINS'));
  assert.deepEqual([ours.length, host.posts.length], [1, 1]);
  assert.match(ours[0], new RegExp(`"${site}"`));
  const tallied = async () => (await host.ask('/api/sites/blog/excluded')).excluded.some(({ reason, visits }) => reason === 'origin' && visits === 1);
  await poll(tallied, 'the tally of the site that was meant');
});

inBoth('for an unknown site, there is one request, and one line in the console that says what to set', async (t, program) => {
  const { site, host, tab, lines } = await place(t, program, { attributes: 'data-site=nope' });
  await tab.goto(`${site}/app`);
  await poll(() => lines.some((line) => line.includes('SITES')), 'the line');
  await tab.evaluate(() => history.pushState({}, '', '/app/one'));
  assert.deepEqual([lines.filter((line) => line.includes('SITES')).length, host.posts.length], [1, 1]);
});

inBoth('a frame is a part of the page around it, unless its tag says otherwise', async (t, program) => {
  const { site, host, tab } = await place(t, program, { pages: { '/outer': '<iframe src=/inner></iframe>', '/inner': '' } });
  await tab.goto(`${site}/outer`);
  assert.deepEqual(await counted(host), ['/outer']);
  const framed = await place(t, program, { pages: { '/outer': '<iframe src=/inner></iframe>', '/inner': '' }, attributes: 'data-frame=on' });
  await framed.tab.goto(`${framed.site}/outer`);
  assert.deepEqual((await counted(framed.host)).sort(), ['/inner', '/outer']);
});

inBoth('a page counts under its canonical link if the tag says so', async (t, program) => {
  const link = '<link rel=canonical href="https://blog.example/story?id=3">';
  const { site, host, tab } = await place(t, program, { pages: { '/amp/story': link }, attributes: 'data-canonical=on' });
  await tab.goto(`${site}/amp/story`);
  await reaches(host, '/story', 1);
  await tab.goto(`${site}/a`);
  await reaches(host, '/a', 1);
});

inBoth('two counters on one page count separately, and each sends only its own views', async (t, program) => {
  const { host: other } = await start(t, { vars: { ALLOWED_ORIGINS: '*' }, open: () => undefined });
  const both = (host) => `<script defer src="${host}/footfall.js"></script><script defer src="${other.url}/footfall.js"></script>`;
  const { site, host, tab } = await place(t, program, { snippet: both });
  other.cut = true;
  await tab.goto(`${site}/a`);
  await tab.evaluate(() => history.pushState({}, '', '/app'));
  await reaches(host, '/app', 1);
  other.cut = false;
  await reaches(other, '/app', 1);
  await reaches(other, '/a', 1);
  assert.deepEqual([await host.views(), await other.views()], [2, 2]);
  await poll(() => tab.evaluate(() => localStorage.footfall === '[]'), 'an empty outbox');
});

inBoth('F2: a script below a path of the site, under another name, sends all requests there', async (t, program) => {
  let host;
  const through = (request, response) => {
    const headers = { 'content-type': request.headers['content-type'] ?? 'text/plain', 'user-agent': request.headers['user-agent'], ...(request.headers.origin && { origin: request.headers.origin }) };
    const body = [];
    request.on('data', (chunk) => body.push(chunk));
    request.on('end', async () => {
      const path = request.url.replace(/^\/stats/, '').replace('/s.js', '/footfall.js');
      const answer = await fetch(`${host.url}${path}`, { method: request.method, headers, ...(request.method === 'POST' && { body: Buffer.concat(body) }) });
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') }).end(Buffer.from(await answer.arrayBuffer()));
    });
  };
  const started = await place(t, program, { snippet: () => '<script defer src="/stats/s.js"></script>', pages: { '/stats/s.js': through, '/stats/visit': through } });
  host = started.host;
  await started.tab.goto(`${started.site}/a`);
  await reaches(host, '/a', 1);
  assert.deepEqual(host.paths.filter((path) => path !== '/footfall.js'), ['/visit']);
});

inBoth('a page without elements requests no numbers, and one answer fills all elements', async (t, program) => {
  const body = '<b data-footfall=views>?</b> <i data-footfall=views>?</i> <b data-footfall=views data-scope=site>?</b> <b data-footfall=visitors>?</b>';
  const { site, host, tab } = await place(t, program, { pages: { '/n': body }, attributes: 'data-site=default' });
  const texts = () => tab.$$eval('[data-footfall]', (elements) => elements.map((element) => element.textContent).join());
  await tab.goto(`${site}/a`);
  await reaches(host, '/a', 1);
  assert.equal(host.posts[0].show, '');
  await tab.goto(`${site}/n`);
  await poll(async () => (await texts()) === '1,1,2,1', 'the numbers');
  await tab.goto(`${site}/n?footfall=off`);
  await poll(async () => (await texts()) === '1,1,2,1', 'the numbers, without a visit');
  assert.equal(await host.views(), 2);
  assert.deepEqual(host.paths.filter((path) => !path.startsWith('/footfall.js')), ['/visit', '/visit', '/visit']);
});
