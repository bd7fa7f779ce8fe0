// One client floods the Worker in every possible way: visits of others are still counted, once each.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { call, post, raw, views } from '../support/client.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const BLOG = 'https://blog.example';
const page = (address) => ({ 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0', origin: BLOG, 'cf-connecting-ip': address });
const server = (address) => ({ 'cf-connecting-ip': address });

/** The platform's rate limit as a Worker: it lets a number of requests through for each key. If it hangs, it never answers. */
const limiter = (most) => `import { WorkerEntrypoint as Entry } from 'cloudflare:workers';
const left = new Map();
export default class extends Entry {
  async limit({ key }) {
    if (key === '203.0.113.9') await scheduler.wait(60_000);
    const more = (left.get(key) ?? ${most}) - 1;
    left.set(key, more);
    return { success: more >= 0 };
  }
}`;

const limited = (t, most, vars = {}) => startWorkerd(t, { vars: { ALLOWED_ORIGINS: BLOG, STATS: 'public', ...vars }, services: { limiter: { source: limiter(most) } }, bindings: { ADDRESS_LIMIT: 'limiter' } });

test('F26: a server is limited by its address, and a list counts as all its visits', async (t) => {
  const footfall = await limited(t, 10);
  let ids = 0;
  const list = (n) => Array.from({ length: n }, () => ({ page: '/a', id: `id-${(ids += 1)}` }));
  assert.equal((await post(footfall, list(7), server('203.0.113.7'))).visit, 'counted');
  const { status, visit, json } = await post(footfall, list(6), server('203.0.113.7'));
  assert.deepEqual([status, visit, json.visits.map((line) => line.visit)], [429, 'limited', [...Array(3).fill('counted'), ...Array(3).fill('limited')]]);
  const refused = await post(footfall, { page: '/a' }, server('203.0.113.7'));
  assert.deepEqual([refused.status, refused.visit, refused.headers.get('retry-after')], [429, 'limited', '60']);
  assert.equal((await post(footfall, list(6), server('203.0.113.8'))).visit, 'counted', 'another address');
  assert.equal((await post(footfall, { page: '/a' }, page('203.0.113.8'))).visit, 'counted');
  assert.equal(await views(footfall), 17);
  const { json: excluded } = await call(`${footfall.url}/api/sites/default/excluded`);
  assert.deepEqual(excluded.excluded.map(({ reason, visits }) => [reason, visits]), [['limited', 4]]);
});

test('reading has a limit of its own, and cached answers do not count against it', async (t) => {
  const footfall = await limited(t, 2);
  const read = (path) => call(`${footfall.url}/api/sites/default/${path}`, { headers: server('203.0.113.7') });
  for (const path of ['pages', 'series', 'pages', 'pages']) assert.equal((await read(path)).status, 200, path);
  const refused = await read('countries');
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '60']);
  assert.equal((await read('pages')).status, 200);
  assert.equal((await post(footfall, { page: '/a' }, page('203.0.113.7'))).visit, 'counted');
  const token = 'a-reader-of-a-test-0';
  const closed = await limited(t, 0, { STATS: 'token', STATS_TOKEN: token });
  const { status } = await call(`${closed.url}/api/sites/default/pages`, { headers: { ...server('203.0.113.7'), authorization: `Bearer ${token}` } });
  assert.equal(status, 200);
});

test('a limit treats the addresses of an IPv6 /64 as one', async (t) => {
  const footfall = await limited(t, 3);
  for (const address of ['2001:db8::1', '2001:db8::2', '2001:db8:0:0:ffff::']) assert.equal((await post(footfall, {}, page(address))).visit, 'counted');
  assert.equal((await post(footfall, {}, page('2001:db8::3'))).visit, 'limited');
  assert.equal((await post(footfall, {}, page('2001:db8:0:1::3'))).visit, 'counted');
});

test('a request over the limit is answered without waiting for its body', async (t) => {
  const footfall = await limited(t, 1);
  assert.equal((await post(footfall, {}, page('203.0.113.7'))).visit, 'counted');
  const { status } = await raw(footfall, ['POST /counter HTTP/1.1', `Origin: ${BLOG}`, 'CF-Connecting-IP: 203.0.113.7', 'Content-Type: text/plain', 'Content-Length: 100'], '{');
  assert.equal(status, 429, 'a body that never ends');
});

test('a limit that does not answer lets visits through, and not every visit waits for it', async (t) => {
  const footfall = await limited(t, 1);
  const began = performance.now();
  for (let n = 0; n < 20; n += 1) assert.equal((await post(footfall, {}, page('203.0.113.9'))).visit, 'counted');
  assert.ok(performance.now() - began < 5_000, `${performance.now() - began} ms for 20 visits, one of which waits for 250 ms in a second`);
});

/**
 * Posts lists of 100 visits with ids, or visits of a page, as fast as they are answered, until `isOver()` and each client has an answer. Resolves to
 * the number of counted visits. A minute of it, run by hand, fills the share of one client and changes nothing for others.
 */
async function flood(footfall, headers, isOver, clients = 8) {
  let counted = 0;
  const client = async (name) => {
    for (let n = 0; n === 0 || !isOver(); n += 1) {
      const list = Array.from({ length: 100 }, (_, at) => ({ page: '/flooded', id: `flood-${name}-${n}-${at}` }));
      const { visit } = await post(footfall, headers.origin ? list[0] : list, headers);
      if (visit === 'counted') counted += headers.origin ? 1 : 100;
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, name) => client(name)));
  return counted;
}

for (const [what, headers] of [['without Origin', server('198.51.100.1')], ['with a forged Origin', page('198.51.100.1')]]) {
  test(`F26: while one client ${what} posts as fast as it can, visits of pages with ids are counted once each`, async (t) => {
    const footfall = await startWorkerd(t, { vars: { ALLOWED_ORIGINS: BLOG, RATE_LIMITS: 'off' } });
    const readers = 40;
    let over = false;
    const flooding = flood(footfall, headers, () => over);
    for (let n = 0; n < readers; n += 1) {
      const visit = () => post(footfall, { page: '/read', id: `reader-${n}` }, page(`203.0.113.${n}`));
      assert.equal((await visit()).visit, 'counted');
      assert.equal((await visit()).visit, 'duplicate');
    }
    over = true;
    const flooded = await flooding;
    t.diagnostic(`${flooded} visits of the flood`);
    assert.deepEqual([await views(footfall, { page: '/read' }), await views(footfall, { page: '/flooded' })], [readers, flooded]);
  });
}

test('F26: pages find a place to park even when one server sends more lists than an isolate can park', async (t) => {
  // Pages must wait for their turn and not for a deadline, however slow the machine is.
  const footfall = await startWorkerd(t, { vars: { ALLOWED_ORIGINS: BLOG, RATE_LIMITS: 'off', COUNTER_TIMEOUT_MS: '25000' } });
  let over = false;
  const flooding = flood(footfall, server('198.51.100.1'), () => over, 200);
  const readers = 10;
  for (let n = 0; n < readers; n += 1) {
    assert.equal((await post(footfall, { page: '/read', id: `reader-${n}` }, page(`203.0.113.${n}`))).visit, 'counted', `reader ${n}`);
  }
  over = true;
  t.diagnostic(`${await flooding} visits of lists that were counted whole`);
  assert.equal(await views(footfall, { page: '/read' }), readers);
});

/** Notes in the first shard of `storage` that senders have sent so many ids in this window: the given number for each sender in `shares`. */
function remember(storage, shares) {
  const dir = join(storage, 'footfall-Shard');
  const [file] = readdirSync(dir).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name));
  const db = new DatabaseSync(join(dir, file));
  const halfDay = String(Math.floor(Date.now() / 43_200_000)).padStart(7, '0');
  // See `HeldShares::unstored`: a share in 2 bytes, and its ids in 4.
  const body = Buffer.alloc(6 * shares.length);
  for (const [at, [share, ids]] of shares.entries()) {
    body.writeUInt16LE(share, 6 * at);
    body.writeUInt32LE(ids, 6 * at + 2);
  }
  db.prepare('INSERT INTO meta (key, value) VALUES (?, ?)').run(`held ${halfDay}`, new Uint8Array(body));
  db.close();
}

test('F26: when others have filled their part of the memory of ids, pages still count once, and the log reports it', async (t) => {
  const storage = mkdtempSync(join(tmpdir(), 'footfall-flood-'));
  t.after(() => rmSync(storage, { recursive: true, force: true }));
  const token = 'owner-of-a-test-0123';
  const vars = { ALLOWED_ORIGINS: BLOG, RATE_LIMITS: 'off', ADMIN_TOKEN: token };
  const before = await startWorkerd(t, { storage, vars });
  await post(before, { page: '/a', id: 'first' }, page('203.0.113.7'));
  await before.stop();
  // Servers have filled their part, and pages nearly all of the rest.
  remember(storage, [[2, 12_499_900], [3, 37_500_000]]);
  const footfall = await startWorkerd(t, { storage, vars });
  const refused = await post(footfall, { page: '/a', id: 'of-a-server' }, server('203.0.113.8'));
  assert.deepEqual([refused.status, refused.visit, refused.headers.get('retry-after')], [503, 'failed', '10']);
  assert.equal((await post(footfall, { page: '/a' }, server('203.0.113.8'))).visit, 'counted', 'a server without an id');
  const began = performance.now();
  for (let n = 0; n < 10; n += 1) {
    const { json, status } = await post(footfall, Array.from({ length: 100 }, (_, at) => ({ page: '/a', id: `more-${n}-${at}` })), server('203.0.113.8'));
    assert.deepEqual([status, new Set(json.visits.map((line) => line.visit))], [503, new Set(['failed'])]);
  }
  const lines = footfall.logs().split('\n').filter((line) => line.includes('visit_failed')).length;
  const seconds = Math.ceil((performance.now() - began) / 1000) + 1;
  assert.ok(lines >= 1 && lines <= seconds * 100, `${lines} lines in the log in ${seconds} s for 1,001 visits`);
  for (let n = 0; n < 300; n += 1) {
    const visit = () => post(footfall, { page: '/a', id: `reader-${n}` }, page(`203.0.113.${n % 200}`));
    assert.deepEqual([(await visit()).visit, (await visit()).visit], ['counted', 'duplicate'], `visit ${n}`);
  }
  assert.equal((await post(footfall, { page: '/a', id: 'first' }, page('203.0.113.7'))).visit, 'duplicate');
  assert.equal(await views(footfall), 302);
  const { text } = await call(`${footfall.url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  const metric = (name) => Number(new RegExp(`^footfall_shard_${name}\\{.*\\} (\\d+)$`, 'm').exec(text)[1]);
  assert.equal(metric('server_ids'), 37_500_000);
  // Counted since the object began, which the platform may have thrown away and begun again meanwhile.
  assert.ok(metric('full_total') >= 1 && metric('full_total') <= 1_001, text);
  assert.equal(metric('ids') + metric('short_ids'), 50_000_201);
  const health = await call(`${footfall.url}/healthz`);
  assert.deepEqual([health.status, /the memory of ids is full/.test(health.json.error)], [503, true], health.text);
});
