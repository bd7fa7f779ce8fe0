// Hostile input in every place where strangers can write: it is kept unchanged or refused, and breaks no answer, export or log.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call, open, post, raw } from '../support/client.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const BLOG = 'https://blog.example';
const TOKEN = 'owner-of-a-test-0123';
const BROWSER = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0', origin: BLOG, 'cf-connecting-ip': '203.0.113.7' };
const vars = { ALLOWED_ORIGINS: BLOG, STATS: 'public', ADMIN_TOKEN: TOKEN, PAGE_QUERY: 'id' };

/** Texts that are harmful if they are taken for code, markup, a formula, a path or a line. MARK finds them in a log. */
const MARK = 'hst1le';
const HOSTILE = [
  `'; DROP TABLE pages; --${MARK}`,
  `"}],"x":"${MARK}`,
  `</title></svg><script>alert("${MARK}")</script>`,
  `<img src=x onerror=alert("${MARK}")>`,
  `=cmd|' /C calc'!A0${MARK}`,
  `+1+1${MARK}`,
  `-2+3${MARK}`,
  `@SUM(1)${MARK}`,
  `a,b;"c"${MARK}`,
  `\\u0022\\x00${MARK}`,
  `\u202e\u2066${MARK}\u200b`,
  `../../${MARK}/..`,
  `%00%0d%0aSet-Cookie: ${MARK}`,
  `\${jndi:ldap://${MARK}}`,
  `{{7*7}}${MARK}`,
  `${MARK}\ud83d\ude00é`,
  `__proto__${MARK}`,
];

/** The lines of a CSV (RFC 4180). */
function csv(text) {
  assert.match(text, /\r\n$/);
  const cells = [...text.matchAll(/("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n)/g)];
  assert.equal(cells.reduce((sum, [all]) => sum + all.length, 0), text.length, 'nothing is between cells');
  const lines = [[]];
  for (const [, cell, end] of cells) {
    lines.at(-1).push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    if (end !== ',') lines.push([]);
  }
  return lines.slice(0, -1);
}

test('any text in pages, referrers and campaigns is returned as it was sent, and never as a formula', async (t) => {
  const footfall = await startWorkerd(t, { vars });
  const told = [];
  for (const text of HOSTILE) {
    const answer = await post(footfall, { page: `/${text}`, referrer: `https://${text}/x`, source: text, medium: text, campaign: text, id: 'x' }, BROWSER);
    // The id is always the same, so only the first counts, but every answer names its page.
    assert.equal(answer.status, 200, answer.text);
    const { json } = await post(footfall, { page: `/${text}`, referrer: `https://${text}/x`, source: text, medium: text, campaign: text }, BROWSER);
    told.push(json.page);
    assert.equal((await call(`${footfall.url}/counter?${new URLSearchParams({ page: `/${text}` })}`)).json.page, json.page);
  }
  const api = async (path) => call(`${footfall.url}/api/sites/default/${path}`);
  const pages = (await api('pages')).json.pages.map(({ page }) => page);
  assert.deepEqual([...new Set(pages)].sort(), [...new Set(told)].sort());
  // Parts of campaigns are normalised: case and spaces do not matter.
  const kept = HOSTILE.map((text) => text.trim().split(/\s+/u).join(' ').toLowerCase().replace(/[\u0000-\u001f\u007f-\u009f]/g, ''));
  for (const by of ['campaign', 'source', 'medium']) {
    const values = (await api(`campaigns?by=${by}`)).json.campaigns.map((line) => line[by]);
    assert.deepEqual(values.sort(), [...kept].sort(), by);
  }
  for (const what of ['pages', 'referrers', 'campaigns', 'campaigns?by=source']) {
    const { text, headers } = await api(`${what}${what.includes('?') ? '&' : '?'}format=csv`);
    assert.equal(headers.get('content-type'), 'text/csv; charset=utf-8');
    const [names, ...lines] = csv(text);
    assert.ok(lines.length > 5);
    for (const line of lines) {
      assert.equal(line.length, names.length, line.join(' | '));
      assert.doesNotMatch(line[0], /^[=+\-@\t\r]/, 'a formula');
    }
  }
  const file = await call(`${footfall.url}/api/sites/default/export`, { headers: { authorization: `Bearer ${TOKEN}` } });
  const lines = file.text.trimEnd().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(lines.filter(({ kind }) => kind === 'source').map(({ value }) => value).sort(), [...kept].sort());
  assert.ok(!footfall.logs().includes(MARK), footfall.logs());
});

test('any text in a path, a query or a header gets an answer, and is never taken for code or markup', async (t) => {
  const footfall = await startWorkerd(t, { vars });
  for (const text of HOSTILE) {
    const part = encodeURIComponent(text);
    const paths = [
      `/${part}`, `/pixel/${part}.gif`, `/pixel/default.gif?page=/${part}`, `/badge/default/${part}.svg?count=1`, `/badge/default.svg?label=${part}`, `/badge/default.svg?color=${part}`,
      `/badge/${part}/a.svg`, `/api/sites/${part}/pages`, `/api/sites/default/${part}`, `/api/sites/default/pages?tz=${part}`, `/api/sites/default/pages?${part}=1`, `/counter?site=${part}`,
      `/counter?page=/?id=${part}`, `/hit/default/${part}`, `/get/${part}/a?callback=${part}`, `/get/default/a/shield?text=${part}&bgcolor=${part}`, `/count?p=${part}&r=${part}&q=${part}`,
      `/counter/${part}.json`, `/busuanzi?jsonpCallback=${part}`, `/visitors?day=${part}`, `/info/default/a?callback=${part}`, `/?utm_source=${part}`,
    ];
    for (const path of paths) {
      const answer = await call(`${footfall.url}${path}`, { headers: { ...BROWSER, referer: `https://x.example/${part}` } });
      assert.ok(answer.status < 500, `${path}: ${answer.status} ${answer.text}`);
      const type = answer.headers.get('content-type');
      assert.match(type, /^(application\/json|image\/gif|image\/svg\+xml; charset=utf-8|text\/plain; charset=utf-8|text\/javascript; charset=utf-8|text\/csv; charset=utf-8)$/, path);
      assert.equal(answer.headers.get('x-content-type-options'), 'nosniff', path);
      assert.equal(answer.headers.get('set-cookie'), null, path);
      if (type.startsWith('image/svg')) assert.doesNotMatch(answer.text, /<script|<img|onerror="|=alert\("/, path);
      if (type.startsWith('text/javascript')) {
        // A call with numbers or an error, whose texts are JSON: of the named function, or else of the console.
        const [, complaint] = /^\/\*\*\/(?:console\.error\("Footfall:",|[\w$.]+\()(\{"error":.*\})\);$/s.exec(answer.text) ?? [];
        if (complaint) assert.deepEqual(Object.keys(JSON.parse(complaint)), ['error', 'hint'], path);
        else assert.match(answer.text, /^(try\{|\/\*\*\/)[\w$.]+\(\{[\w":,.-]*\}\);(\}catch\(e\)\{\})?$/, path);
      }
    }
    const bytes = Buffer.from(text, 'utf8').toString('latin1').replaceAll(/[\r\n]/g, '');
    for (const name of ['User-Agent', 'Referer', 'Origin', 'Sec-Purpose', 'Authorization', 'Idempotency-Key', 'If-None-Match', 'CF-Connecting-IP', 'Content-Type', 'DNT']) {
      for (const line of ['GET / HTTP/1.1', 'GET /api/sites/default/pages HTTP/1.1', 'POST /counter HTTP/1.1']) {
        const answer = await raw(footfall, [line, `${name}: ${bytes}`, 'Content-Length: 2'], '{}');
        assert.ok(answer.status > 0 && answer.status < 500, `${line} ${name}: ${answer.status}`);
        assert.notEqual(answer.headers.get('access-control-allow-origin'), text);
      }
    }
  }
  assert.ok(!footfall.logs().includes(MARK), footfall.logs());
});

test('long texts are refused or cut, and delay nothing', async (t) => {
  const footfall = await startWorkerd(t, { vars });
  const long = 'x'.repeat(7_000);
  const { visit } = await post(footfall, { page: '/a', referrer: `https://${long.slice(0, 3_000)}.example/`, campaign: long.slice(0, 3_000) }, BROWSER);
  assert.equal(visit, 'counted');
  const headers = { ...BROWSER, 'user-agent': `${BROWSER['user-agent']} ${long}`, referer: `https://n.example/${long}`, authorization: `Bearer ${long}`, 'sec-gpc': long };
  assert.equal((await call(`${footfall.url}/`, { headers })).visit, 'counted');
  for (const path of [`/counter?page=/${long}`, `/pixel/default.gif?page=/${long}`, `/count?p=${long}`]) {
    assert.equal((await call(`${footfall.url}${path}`, { headers: BROWSER })).status, 200, `${path.slice(0, 40)} names a page that is cut`);
  }
  for (const path of [`/${long}`, `/hit/default/${long}`, `/badge/default/a.svg?label=${long}`, `/api/sites/${long}/pages`]) {
    const { status } = await call(`${footfall.url}${path}`, { headers: BROWSER });
    assert.ok([400, 404].includes(status), `${path.slice(0, 40)}: ${status}`);
  }
  const { json } = await call(`${footfall.url}/api/sites/default/campaigns`);
  assert.deepEqual(json.campaigns, [{ campaign: 'x'.repeat(64), views: 1 }]);
});

/** A header of 120 KB, which workerd accepts as Cloudflare does. */
const HUGE = 'x'.repeat(120_000);

test('F27: 500 visits with user agents of 120 KB each leak no memory', async (t) => {
  const footfall = await startWorkerd(t, { vars, collect: ['footfall'] });
  const visit = (agent) => raw(footfall, ['POST /counter HTTP/1.1', `Origin: ${BLOG}`, 'Content-Type: text/plain', `User-Agent: ${agent}`, 'Content-Length: 13'], '{"page":"/a"}');
  for (let n = 0; n < 50; n += 1) assert.equal((await visit(`${BROWSER['user-agent']} ${n} ${HUGE}`)).visit, 'counted');
  const before = await footfall.settledMemory();
  for (let n = 0; n < 500; n += 1) assert.equal((await visit(`${BROWSER['user-agent']} again ${n} ${HUGE}`)).visit, 'counted');
  const after = await footfall.settledMemory();
  t.diagnostic(JSON.stringify([before, after]));
  assert.equal(after.wasmBytes, before.wasmBytes);
  // All agents together have 60 MB.
  assert.ok(after.rssKiB - before.rssKiB < 30 * 1024, `workerd grew by ${after.rssKiB - before.rssKiB} KiB`);
});

test('F27: 1,000 stalled POSTs do not hold their 120 KB of headers in memory, and visits go on', async (t) => {
  const footfall = await startWorkerd(t, { vars: { ...vars, COUNTER_TIMEOUT_MS: 25_000 }, collect: ['footfall'] });
  const headers = ['Referer', 'User-Agent', 'Idempotency-Key', 'Sec-Purpose'].map((name) => `${name}: ${HUGE.slice(0, 30_000)}\r\n`).join('');
  const stall = (n) => open(footfall, `POST /counter HTTP/1.1\r\nHost: footfall.test\r\nOrigin: ${BLOG}\r\nContent-Type: text/plain\r\nX-Number: ${n}\r\n${headers}Content-Length: 13\r\n\r\n{`);
  const before = await footfall.settledMemory();
  const sockets = [];
  for (let n = 0; n < 1_000; n += 1) sockets.push(await stall(n));
  for (let n = 0; n < 20; n += 1) assert.equal((await post(footfall, { page: '/a' }, BROWSER)).visit, 'counted');
  const during = await footfall.settledMemory();
  t.diagnostic(JSON.stringify([before, during]));
  // Each holds only its future, of some kilobytes.
  assert.ok(during.wasmBytes - before.wasmBytes < 8 * 1024 * 1024, `wasm grew by ${during.wasmBytes - before.wasmBytes} bytes`);
  for (const socket of sockets) socket.resetAndDestroy();
});
