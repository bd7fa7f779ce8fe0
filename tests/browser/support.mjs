// Shared by the browser tests: a real Chromium, a small site, and the host that a page's script calls.

import assert from 'node:assert/strict';
import { after } from 'node:test';
import { chromium } from 'playwright-core';
import { chromiumBinary } from '../../tools/programs.mjs';
import { startServer } from '../support/http_server.mjs';
import { call } from '../support/client.mjs';
import { Front } from '../support/front.mjs';
import { poll } from '../support/waiters.mjs';
import { startWorkerd } from '../support/workerd.mjs';

/** A normal user agent: headless Chromium says that it is headless, and the Worker takes that for a bot. */
export const AGENT = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36';

/** A static site: the text of each page by path, or a function that answers. `headers` are sent with every text. */
const startSite = (t, pages, headers = {}) =>
  startServer(t, (request, response) => {
    const { pathname } = new URL(request.url, 'http://site');
    const page = pages()[pathname];
    if (typeof page === 'function') return void page(request, response);
    response.writeHead(page === undefined ? 404 : 200, { 'content-type': 'text/html; charset=utf-8', ...headers });
    response.end(page ?? '');
  });

/** Starts a Worker that pages of `site` may call, behind a host of its own. */
async function startFootfall(t, site, vars) {
  const footfall = await startWorkerd(t, { vars: { ALLOWED_ORIGINS: site, ...vars } });
  const host = await new Front(footfall.url).listen(t);
  host.views = async (page) => (await call(`${footfall.url}/counter${page ? `?page=${encodeURIComponent(page)}` : ''}`)).json.views;
  host.ask = async (path) => (await call(`${footfall.url}${path}`)).json;
  host.visitors = async () => (await call(`${footfall.url}/visitors`)).json;
  return host;
}

/**
 * Starts a Chromium. The user agent is an argument of the program, because Playwright can set it only for pages that it watches. Counters' scripts
 * ignore a browser that says that a program drives it (`navigator.webdriver`), so this one does not say so.
 */
export async function launch(t, options) {
  const browser = await chromium.launch({ executablePath: await chromiumBinary(), args: ['--no-sandbox', '--disable-blink-features=AutomationControlled', `--user-agent=${AGENT}`], ...options });
  t.after(() => browser.close());
  return browser;
}

/** The Chromium that the tests of a file share, started on demand. */
let shared;
after(async () => (await shared)?.close());

/** A context in the shared Chromium, with its own storage, cache and connections. It starts in a tenth of a Chromium's time. */
export async function newContext(t, options) {
  shared ??= launch({ after() {} });
  const context = await (await shared).newContext(options);
  t.after(() => context.close());
  return context;
}

/** A context whose test fails if a page reports an error. With `launchOptions`, it is in a Chromium of its own. */
export async function startBrowser(t, options, launchOptions) {
  const context = launchOptions ? await (await launch(t, launchOptions)).newContext(options) : await newContext(t, options);
  const complaints = [];
  context.on('weberror', (error) => complaints.push(String(error.error())));
  context.on('console', (message) => {
    // Chromium itself reports a network that is down.
    if (['error', 'warning'].includes(message.type()) && !/net::ERR_|404/.test(message.text())) complaints.push(message.text());
  });
  t.after(() => assert.deepEqual(complaints, [], 'the page has no trouble by the script'));
  return context;
}

/** A site whose pages load the script from a host that starts after it. `open` starts the browser. */
export async function start(t, { pages = {}, headers, attributes = '', context, snippet, vars, open = startBrowser } = {}) {
  let host = { url: '' };
  const own = () => `<script defer src="${host.url}/footfall.js" ${attributes}></script>`;
  const page = (body = '') => `<!doctype html><title>t</title><link rel=icon href=data:,>${body}${(snippet ?? own)(host.url)}`;
  const all = () => ({
    '/': page('<a href=/a>a</a>'), '/a': page('<a href=/b>b</a>'), '/b': page(), '/app': page(),
    ...Object.fromEntries(Object.entries(pages).map(([path, body]) => [path, typeof body === 'function' ? body : page(body)])),
  });
  const site = await startSite(t, all, headers && { get 'content-security-policy'() { return headers(host.url); } });
  host = await startFootfall(t, site, vars);
  return { site, host, browser: await open(t, context) };
}

export const reaches = (host, page, views) => poll(async () => (await host.views(page)) === views, `${views} views of ${page ?? 'the site'}`);
