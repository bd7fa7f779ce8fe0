// footfall.js where the browser decides what a view is: pages that it keeps and shows again, and pages that it prerenders.
// Runs alone: Chromium prerenders nothing where the machine has no time for it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poll, Waiters } from '../support/waiters.mjs';
import { launch, reaches, start, startBrowser } from './support.mjs';

/** The pages of the views that were sent, in order. A view that two pages find waiting is sent twice, but is one view. */
const viewed = ({ posts }) => [...new Map(posts.map(({ id, page }) => [id, page])).values()];

const sawTwo = (host, path) => poll(() => viewed(host).filter((page) => page === path).length === 2, `a try of the second view of ${path}`);

/** Playwright turns off Chromium's back/forward cache. With this, Chromium keeps pages that were left and shows them again. */
async function startKeeping(t) {
  const context = await startBrowser(t, {}, { ignoreDefaultArgs: ['--disable-back-forward-cache'] });
  await context.addInitScript(() => {
    globalThis.shows = [];
    addEventListener('pageshow', ({ persisted }) => globalThis.shows.push(persisted));
  });
  return context;
}

const outbox = (page) => page.evaluate(() => JSON.parse(localStorage.footfall).map(([, visit]) => visit.page));

/** Waits until no request is in flight: Chromium may not keep a page with unanswered requests. */
const settled = (page) => poll(async () => (await outbox(page)).length === 0, 'an empty outbox');

/** A tab that was on /a, which is marked, and then on /b. */
async function leaveMarked({ site, browser }) {
  const page = await browser.newPage();
  await page.goto(`${site}/a`);
  await settled(page);
  await page.evaluate(() => (globalThis.mark = 'of this very page'));
  await page.click('a');
  await page.waitForURL('**/b');
  return page;
}

/** Goes through the tab's history to a page that the browser must have kept. */
async function travel(page, steps, path) {
  await page.evaluate((by) => history.go(by), steps);
  const look = () =>
    page.evaluate(() => {
      const { type, notRestoredReasons: reasons } = performance.getEntriesByType('navigation')[0];
      const loaded = type === 'back_forward' && JSON.stringify(reasons ?? 'no reason given');
      return { path: location.pathname, kept: globalThis.shows.at(-1), loaded, mark: globalThis.mark };
    });
  // Between two pages, there is none to query.
  const there = await poll(async () => {
    const seen = await look().catch(() => undefined);
    return seen?.path === path && (seen.kept || seen.loaded) && seen;
  }, `${path} again`);
  assert.equal(there.kept, true, `${path} was loaded again: ${there.loaded}`);
  return there;
}

test('each time the browser shows a kept page again, it is one more view', async (t) => {
  const { site, host, browser } = await start(t, { open: startKeeping });
  const page = await leaveMarked({ site, browser });
  await settled(page);
  assert.equal((await travel(page, -1, '/a')).mark, 'of this very page');
  await reaches(host, '/a', 2);
  await settled(page);
  assert.equal((await travel(page, 1, '/b')).mark, undefined);
  await reaches(host, '/b', 2);
  await settled(page);
  assert.equal((await travel(page, -1, '/a')).mark, 'of this very page');
  await reaches(host, '/a', 3);
  assert.deepEqual(viewed(host), ['/a', '/b', '/a', '/b', '/a']);
  assert.deepEqual(host.posts.map(({ referrer }) => referrer), ['', `${site}/a`, undefined, undefined, undefined], 'there is no new visitor');
  assert.equal(host.posts.length, 5);
});

test('a view of a kept page that is lost on the network is sent later, and counted once', async (t) => {
  const { site, host, browser } = await start(t, { open: startKeeping });
  const page = await leaveMarked({ site, browser });
  await settled(page);
  host.cut = true;
  assert.equal((await travel(page, -1, '/a')).mark, 'of this very page');
  await sawTwo(host, '/a');
  assert.deepEqual([await outbox(page), await host.views()], [['/a'], 2]);
  // The page is left while its view waits.
  await travel(page, 1, '/b');
  await sawTwo(host, '/b');
  host.cut = false;
  await settled(page);
  assert.deepEqual([await host.views('/a'), await host.views('/b'), await host.views()], [2, 2, 4]);
  assert.deepEqual(viewed(host), ['/a', '/b', '/a', '/b'], 'each kept its id');
});

test('a kept page that is shown again sends the view that another page could not', async (t) => {
  const { site, host, browser } = await start(t, { open: startKeeping });
  // The page that could not send schedules a retry that never comes, because the browser freezes pages that are left.
  await browser.addInitScript(() => {
    globalThis.setTimeout = () => (globalThis.planned = true);
  });
  const page = await browser.newPage();
  await page.goto(`${site}/a`);
  await settled(page);
  host.cut = true;
  await page.click('a');
  await page.waitForURL('**/b');
  await poll(() => page.evaluate(() => globalThis.planned), 'a try that failed');
  host.cut = false;
  await travel(page, -1, '/a');
  await settled(page);
  assert.deepEqual([await host.views('/a'), await host.views('/b'), await host.views()], [2, 1, 3]);
});

/** Chromium does not prerender for a page with a debugger attached, so Playwright detaches from the pages that this opens. */
async function startUnwatched(t) {
  const session = await (await launch(t)).newBrowserCDPSession();
  return {
    open: async (url) => (await session.send('Target.createTarget', { url })).targetId,
    close: (targetId) => session.send('Target.closeTarget', { targetId }),
  };
}

/** Runs in a page before the script that counts. Reports the state of the page after that script has run, and when it is shown. */
function tellAll() {
  const tell = ({ type }) => {
    const { activationStart } = performance.getEntriesByType('navigation')[0];
    const counted = JSON.parse(localStorage.footfall ?? '[]').filter(([, { page }]) => page === location.pathname).length;
    const said = { type, prerendering: document.prerendering, activated: activationStart > 0, counted };
    return fetch(`/told?${encodeURIComponent(JSON.stringify(said))}`);
  };
  addEventListener('load', tell);
  // A listener on the document runs after the script's, which catches the event at the window, in the capture phase.
  document.addEventListener('prerenderingchange', tell);
}

/** The reports of the pages, and the one link that /a is told to follow. Nothing else touches the pages. */
class Line {
  #said = [];
  #waiters = new Waiters();
  #order;

  /** The pages of a site whose /a lets the browser prerender /b fully and at once. */
  pages = {
    '/a': `<a href=/b>b</a> <a href=/c>c</a>
      <script>fetch('/order').then((answer) => answer.text()).then((path) => document.querySelector('[href="' + path + '"]').click())</script>
      <script type=speculationrules>{ "prerender": [{ "source": "list", "urls": ["/b"], "eagerness": "immediate" }] }</script>`,
    '/b': `<script>(${tellAll})()</script>`,
    '/c': '',
    '/told': (request, response) => {
      this.#said.push(JSON.parse(decodeURIComponent(request.url.split('?')[1])));
      this.#waiters.wake();
      response.end();
    },
    '/order': (_, response) => {
      this.#order = response;
      this.#waiters.wake();
    },
  };

  async hears(type, ms) {
    await this.#waiters.until(() => this.#said.some((said) => said.type === type), `the page's ${type}`, ms);
    return this.#said.find((said) => said.type === type);
  }

  async follow(path) {
    await this.#waiters.until(() => this.#order, 'the page that takes orders');
    this.#order.end(path);
  }
}

/**
 * Opens /a until Chromium prerenders /b for it. Returns how often it opened /a. Chromium need not prerender, and on a busy machine it sometimes does
 * not; then another tab tries again.
 */
async function openPrerendering({ site, host, browser, line }) {
  for (let opened = 1; ; opened += 1) {
    const tab = await browser.open(`${site}/a`);
    await reaches(host, '/a', opened);
    const said = await line.hears('load', 5_000).catch((error) => {
      if (opened === 20) throw error;
    });
    if (said) {
      assert.deepEqual(said, AHEAD);
      return Array(opened).fill('/a');
    }
    await browser.close(tab);
  }
}

const AHEAD = { type: 'load', prerendering: true, activated: false, counted: 0 };

test('a prerendered page is a view only when it is shown', async (t) => {
  const line = new Line();
  const { site, host, browser } = await start(t, { pages: line.pages, open: startUnwatched });
  const seen = await openPrerendering({ site, host, browser, line });
  assert.deepEqual(viewed(host), seen);
  await line.follow('/b');
  assert.deepEqual(await line.hears('prerenderingchange'), { type: 'prerenderingchange', prerendering: false, activated: true, counted: 1 });
  await reaches(host, '/b', 1);
  assert.deepEqual([viewed(host), await host.views()], [[...seen, '/b'], seen.length + 1]);
  assert.equal(host.posts.at(-1).referrer, `${site}/a`);
});

test('a page that is prerendered and never shown is never a view', async (t) => {
  const line = new Line();
  const { site, host, browser } = await start(t, { pages: line.pages, open: startUnwatched });
  const seen = await openPrerendering({ site, host, browser, line });
  await line.follow('/c');
  await reaches(host, '/c', 1);
  assert.deepEqual([viewed(host), await host.views()], [[...seen, '/c'], seen.length + 1]);
});
