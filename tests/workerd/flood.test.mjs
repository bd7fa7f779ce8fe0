// One client that sends as fast as it can, in every way that it can: others go on, and are counted once.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call, post, raw, views } from '../support/client.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const BLOG = 'https://blog.example';
const page = (address) => ({ 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0', origin: BLOG, 'cf-connecting-ip': address });
const server = (address) => ({ 'cf-connecting-ip': address });

/** The platform's rate limit as a Worker: so many of each key, and none where it hangs. */
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

test('F26: a server is limited by its address, and a list weighs as much as its visits', async (t) => {
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

test('the addresses of an IPv6 network are one to a limit', async (t) => {
  const footfall = await limited(t, 3);
  for (const address of ['2001:db8::1', '2001:db8::2', '2001:db8:0:0:ffff::']) assert.equal((await post(footfall, {}, page(address))).visit, 'counted');
  assert.equal((await post(footfall, {}, page('2001:db8::3'))).visit, 'limited');
  assert.equal((await post(footfall, {}, page('2001:db8:0:1::3'))).visit, 'counted');
});

test('a body that is one too many is not waited for', async (t) => {
  const footfall = await limited(t, 1);
  assert.equal((await post(footfall, {}, page('203.0.113.7'))).visit, 'counted');
  const { status } = await raw(footfall, ['POST /counter HTTP/1.1', `Origin: ${BLOG}`, 'CF-Connecting-IP: 203.0.113.7', 'Content-Type: text/plain', 'Content-Length: 100'], '{');
  assert.equal(status, 429, 'whose body never ends');
});

test('a limit that does not answer lets through, and not every visit waits for it', async (t) => {
  const footfall = await limited(t, 1);
  const began = performance.now();
  for (let n = 0; n < 20; n += 1) assert.equal((await post(footfall, {}, page('203.0.113.9'))).visit, 'counted');
  assert.ok(performance.now() - began < 5_000, `${performance.now() - began} ms for 20 visits, one of which waits for 250 ms in a second`);
});
