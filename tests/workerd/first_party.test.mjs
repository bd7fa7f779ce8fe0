// Footfall on a site's own domain: behind nginx, Caddy and a small proxy, and below a Worker route. The proxies are configured as in
// docs/first-party.md.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { assetOf } from '../support/assets.mjs';
import { assertProblem } from '../support/answers.mjs';
import { ROOT } from '../../tools/pins.mjs';
import { programOf } from '../../tools/programs.mjs';
import { call } from '../support/client.mjs';
import { startServer } from '../support/http_server.mjs';
import { freePort } from '../support/ports.mjs';
import { poll } from '../support/waiters.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const TOKEN = 'a-proxy-of-a-test-0123';
const BLOG = 'https://blog.example';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0';
const CRAWLER = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';
const DOCS = readFileSync(join(ROOT, 'docs/first-party.md'), 'utf8');
const vars = { SITES: 'default,blog', ALLOWED_ORIGINS: BLOG, STATS: 'public', RATE_LIMITS: 'off' };

/** The data that Cloudflare adds about a connection: its country and whether it is a bot. */
const PLACE = `export default {
  fetch(request, env) {
    return env.FOOTFALL.fetch(new Request(request, { cf: env.CF }));
  },
};`;

/** Passes a request on, with its body as a stream. */
function pass(request, response, url, headers) {
  const onward = httpRequest(url, { method: request.method, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  request.pipe(onward);
}

/** The Worker behind an edge that acts as Cloudflare does: it serves static files and adds the client's address, also to `X-Forwarded-For`. */
async function startEdge(t, more = {}, cf = {}) {
  const place = { source: PLACE, vars: { CF: cf }, services: { FOOTFALL: 'footfall' } };
  const footfall = await startWorkerd(t, { vars: { ...vars, ...more }, services: { place }, expose: ['footfall', 'place'] });
  const asked = [];
  const url = await startServer(t, (request, response) => {
    asked.push(request);
    const asset = request.method === 'GET' && assetOf(new URL(request.url, 'http://edge').pathname);
    if (asset) return void response.writeHead(200, asset.headers).end(asset.body);
    const address = request.socket.remoteAddress;
    const hops = [request.headers['x-forwarded-for'], address].filter(Boolean).join(', ');
    pass(request, response, `http://127.0.0.1:${footfall.ports.place}${request.url}`, { ...request.headers, 'cf-connecting-ip': address, 'x-forwarded-for': hops });
  });
  const api = async (what) => (await call(`${footfall.url}/api/sites/blog/${what}`)).json;
  return { url, asked, api };
}

/** Sends a request from an address of this machine, which has all of 127.0.0.0/8. Resolves to `{ status, headers, text }`. */
function from(localAddress, url, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers: { 'user-agent': FIREFOX, ...headers }, localAddress, agent: false }, async (response) => {
      let text = '';
      for await (const chunk of response.setEncoding('utf8')) text += chunk;
      resolve({ status: response.statusCode, headers: response.headers, text });
    });
    request.on('error', reject);
    request.end(body);
  });
}

const visit = (address, base, headers = {}) =>
  from(address, `${base}/counter`, { method: 'POST', headers: { origin: BLOG, 'content-type': 'text/plain;charset=UTF-8', ...headers }, body: JSON.stringify({ site: 'blog', page: '/a' }) });

/** A small proxy that removes the path prefix and adds the given headers. */
const startProxy = async (t, edge, headersOf) => `${await startServer(t, (request, response) => {
  pass(request, response, `${edge.url}${request.url.replace(/^\/stats\//, '/')}`, { ...request.headers, ...headersOf(request.socket.remoteAddress) });
})}/stats`;

test('F2: a page behind a proxy loads the script from its own domain, and its visit counts', async (t) => {
  const edge = await startEdge(t);
  const base = await startProxy(t, edge, () => ({}));
  const script = await from('127.0.0.1', `${base}/footfall.js`);
  assert.deepEqual([script.status, script.headers['content-type'], script.text], [200, 'text/javascript', assetOf('/footfall.js').body.toString()]);
  const sent = await visit('127.0.0.1', base);
  assert.deepEqual([sent.status, sent.headers['footfall-visit']], [200, 'counted']);
  assert.deepEqual(JSON.parse((await from('127.0.0.1', `${base}/counter?site=blog&page=/a`)).text), { site: 'blog', page: '/a', views: 1 });
});

test('F3: two visitors behind a proxy are two with the secret, and one without it', async (t) => {
  for (const [what, headersOf, visitors] of [
    ['the address beside the secret', (address) => ({ 'footfall-proxy': `${TOKEN} ${address}` }), 2],
    ['X-Forwarded-For', (address) => ({ 'footfall-proxy': TOKEN, 'x-forwarded-for': `192.0.2.66, ${address}` }), 2],
    ['no secret', (address) => ({ 'x-forwarded-for': address }), 1],
    ['a wrong secret', (address) => ({ 'footfall-proxy': `${TOKEN}x ${address}`, 'x-forwarded-for': address }), 1],
    ['the beginning of the secret', (address) => ({ 'footfall-proxy': `${TOKEN.slice(0, -1)} ${address}` }), 1],
    ['the secret and nobody', () => ({ 'footfall-proxy': `${TOKEN} unknown` }), 0],
  ]) {
    const edge = await startEdge(t, { PROXY_TOKEN: TOKEN });
    const base = await startProxy(t, edge, headersOf);
    for (const address of ['127.0.0.2', '127.0.0.3', '127.0.0.2']) assert.equal((await visit(address, base)).headers['footfall-visit'], 'counted', what);
    const { views, visitors: told } = await edge.api('summary');
    assert.deepEqual([views, told], [3, visitors], what);
  }
  const edge = await startEdge(t);
  const base = await startProxy(t, edge, (address) => ({ 'footfall-proxy': `${TOKEN} ${address}` }));
  for (const address of ['127.0.0.2', '127.0.0.3']) await visit(address, base);
  assert.equal((await edge.api('summary')).visitors, 1, 'without a secret in the settings, no secret is right');
});

test('F3: the proxy names the country, and its own connection does not make a visitor a bot', async (t) => {
  const edge = await startEdge(t, { PROXY_TOKEN: TOKEN }, { country: 'US', botManagement: { score: 2 } });
  const base = await startProxy(t, edge, (address) => ({ 'footfall-proxy': `${TOKEN} ${address}${address === '127.0.0.2' ? ' fr' : ''}` }));
  for (const address of ['127.0.0.2', '127.0.0.3']) assert.equal((await visit(address, base)).headers['footfall-visit'], 'counted');
  assert.deepEqual((await edge.api('countries')).countries, [{ country: 'FR', views: 1 }], 'the country of the other is not known');
  assert.equal((await visit('127.0.0.4', base, { 'user-agent': CRAWLER })).headers['footfall-visit'], 'bot');
  const bare = await startProxy(t, edge, () => ({}));
  assert.equal((await visit('127.0.0.2', bare)).headers['footfall-visit'], 'bot', 'without the secret, the visitor is the proxy');
});

test('F3: exclusions and opt-outs work behind a proxy', async (t) => {
  const edge = await startEdge(t, { PROXY_TOKEN: TOKEN, EXCLUDED_ADDRESSES: '127.0.0.2' });
  const base = await startProxy(t, edge, (address) => ({ 'footfall-proxy': `${TOKEN} ${address}` }));
  assert.equal((await visit('127.0.0.2', base)).headers['footfall-visit'], 'excluded');
  assert.equal((await visit('127.0.0.3', base)).headers['footfall-visit'], 'counted');
  await visit('127.0.0.4', base, { 'sec-gpc': '1' });
  const { views, visitors, views_opted_out } = await edge.api('summary');
  assert.deepEqual([views, visitors, views_opted_out], [2, 1, 1]);
  const pixel = await from('127.0.0.2', `${base}/pixel/blog.gif?page=/a`, { headers: { referer: `${BLOG}/a` } });
  assert.equal(pixel.headers['footfall-visit'], 'excluded', 'an image as well');
});

/** The code block of docs/first-party.md in a language, adapted for a test. */
function documented(language, edge) {
  const block = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(DOCS)?.[1];
  assert.ok(block?.includes('https://count.example.com') && block.includes('TOKEN'), 'the document contains the replaced text');
  return block.replace('https://count.example.com', edge.url).replace('TOKEN', TOKEN);
}

/** Runs a program for the test, with its files in a directory, and waits until it answers. */
async function runs(t, file, args, dir, url) {
  const env = { ...process.env, HOME: dir, XDG_CONFIG_HOME: dir, XDG_DATA_HOME: dir };
  const program = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [program.stdout, program.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  const ended = new Promise((resolve) => program.once('close', () => resolve(true)));
  t.after(async () => {
    program.kill();
    await ended;
  });
  await poll(async () => {
    if (program.exitCode !== null) throw new Error(`${file} ended: ${said}`);
    return from('127.0.0.1', url).then(() => true, () => false);
  }, `${file} to answer`);
}

const PROXIES = {
  nginx: {
    config: (dir, port, block) => `
      daemon off; pid ${dir}/pid; error_log stderr warn; events {}
      http {
        access_log off;
        ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${dir}/${name};`).join(' ')}
        server { listen 127.0.0.1:${port}; ${block} }
      }`,
    args: (dir, file) => ['-p', dir, '-e', 'stderr', '-c', file],
  },
  caddy: {
    config: (dir, port, block) => `{\n\tadmin off\n\tauto_https off\n\tstorage file_system ${dir}\n}\nhttp://127.0.0.1:${port} {\n${block}\n}\n`,
    args: (dir, file) => ['run', '--adapter', 'caddyfile', '--config', file],
  },
};

for (const [name, { config, args }] of Object.entries(PROXIES)) {
  const program = programOf(name);
  test(`F2, F3: ${name}, configured as documented, serves the script and distinguishes visitors`, { skip: !program && `${name} is not installed` }, async (t) => {
    const edge = await startEdge(t, { PROXY_TOKEN: TOKEN });
    const dir = mkdtempSync(join(tmpdir(), 'footfall-proxy-'));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    const port = await freePort();
    const file = join(dir, 'config');
    writeFileSync(file, config(dir, port, documented(name, edge)));
    const base = `http://127.0.0.1:${port}/stats`;
    await runs(t, program, args(dir, file), dir, `${base}/healthz`);
    const script = await from('127.0.0.1', `${base}/footfall.js`, { headers: { cookie: 'session=secret' } });
    assert.deepEqual([script.status, script.text], [200, assetOf('/footfall.js').body.toString()]);
    // A visitor's own copies of the proxy's headers must not replace them.
    const forged = { 'footfall-proxy': `${TOKEN} 192.0.2.66 XX`, 'x-forwarded-for': '192.0.2.67', cookie: 'session=secret' };
    for (const address of ['127.0.0.2', '127.0.0.3', '127.0.0.2']) {
      const sent = await visit(address, base, forged);
      assert.deepEqual([sent.status, sent.headers['footfall-visit']], [200, 'counted'], sent.text);
    }
    const { views, visitors } = await edge.api('summary');
    assert.deepEqual([views, visitors], [3, 2]);
    assert.deepEqual((await edge.api('countries')).countries, []);
    assert.ok(edge.asked.length > 4 && edge.asked.every(({ headers, url }) => headers.cookie === undefined && !url.startsWith('/stats')), 'the site keeps its cookies');
  });
}

/** A Worker that serves the static files, for the binding. */
const STATIC = `export default {
  fetch(request) {
    const { pathname } = new URL(request.url);
    return pathname === '/footfall.js' ? new Response(request.method === 'GET' ? 'the script' : null, { headers: { 'content-type': 'text/javascript' } }) : new Response('none', { status: 404 });
  },
};`;

test('F2: a Worker route serves the script and counts below its path, and the own host still works', async (t) => {
  const footfall = await startWorkerd(t, { vars: { SITES: 'blog', STATS: 'public', BASE_PATH: '/stats' }, services: { files: { source: STATIC } }, bindings: { ASSETS: 'files' } });
  const at = (path, options) => call(`${footfall.url}${path}`, options);
  const script = await at('/stats/footfall.js?v=1');
  assert.deepEqual([script.status, script.headers.get('content-type'), script.text], [200, 'text/javascript', 'the script']);
  assert.deepEqual([(await at('/stats/footfall.js', { method: 'HEAD' })).status, (await at('/stats/none.js')).status], [200, 404]);
  assertProblem(await at('/stats/footfall.js', { method: 'POST' }), 404);
  // The page has the same origin, because the route is on its domain.
  const headers = { origin: footfall.url, 'content-type': 'text/plain', 'user-agent': FIREFOX, 'cf-connecting-ip': '203.0.113.7' };
  for (const [path, views] of [['/stats/counter', 1], ['/counter', 2]]) {
    const sent = await at(path, { method: 'POST', headers, body: '{"page":"/stats/a"}' });
    assert.deepEqual([sent.visit, sent.json], ['counted', { site: 'blog', page: '/stats/a', views, duplicate: false }]);
  }
  assert.equal((await at('/stats/counter?page=/stats/a')).json.views, 2);
  assert.equal((await at('/stats/api/sites/blog/summary')).json.views, 2);
  assert.equal((await at('/stats/pixel/blog.gif?page=/b', { headers })).visit, 'counted');
  assertProblem(await at('/other/counter'), 404);
});

test('an invalid BASE_PATH is reported, and an invalid token without showing it', async (t) => {
  for (const [vars, told] of [[{ BASE_PATH: 'stats/' }, /BASE_PATH/], [{ PROXY_TOKEN: 'short-secret' }, /PROXY_TOKEN/]]) {
    const wrong = await startWorkerd(t, { vars });
    assertProblem(await call(`${wrong.url}/counter`), 500);
    await poll(() => told.test(wrong.logs()), `${told} in the log`);
    assert.ok(!wrong.logs().includes('short-secret'));
  }
});
