// Visits that are refused because of the settings: the owner learns where they came from and what to set.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call } from '../support/client.mjs';
import { poll } from '../support/waiters.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const BLOG = 'https://blog.example';
const SHOP = 'https://shop.example';
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0';
const vars = { SITES: 'blog,docs', STATS: 'public', ALLOWED_ORIGINS: BLOG };
const today = () => new Date().toISOString().slice(0, 10);

const post = ({ url }, origin, body) =>
  call(`${url}/counter`, { method: 'POST', headers: { origin, 'user-agent': AGENT, 'content-type': 'text/plain' }, body: JSON.stringify(body) });

/** The report of a site, once it has this many names. */
const refused = ({ url }, site, names) =>
  poll(async () => {
    const { json } = await call(`${url}/api/sites/${site}/excluded`);
    return json.refused.length >= names && json.refused;
  }, `${names} names`);

test('an origin that is not listed is reported, with what to set', async (t) => {
  const footfall = await startWorkerd(t, { vars });
  assert.deepEqual((await call(`${footfall.url}/api/sites/blog/excluded`)).json.refused, []);
  for (const origin of [SHOP, SHOP, 'null']) assert.equal((await post(footfall, origin, { site: 'blog' })).status, 403);
  const preflight = await call(`${footfall.url}/counter`, { method: 'OPTIONS', headers: { origin: 'http://localhost:3000', 'access-control-request-method': 'POST' } });
  assert.equal(preflight.status, 405);
  const [first, ...others] = await refused(footfall, 'blog', 3);
  assert.deepEqual(first, { unlisted: 'origin', name: SHOP, visits: 2, last: today(), set: `ALLOWED_ORIGINS = "${BLOG},${SHOP}"` });
  assert.deepEqual(others.map(({ name, set }) => [name, set]), [
    ['http://localhost:3000', `ALLOWED_ORIGINS = "${BLOG},http://localhost:3000"`],
    ['null', null],
  ]);
});

test('a picture on a page that is not listed is reported under its site', async (t) => {
  const footfall = await startWorkerd(t, { vars });
  const { visit } = await call(`${footfall.url}/pixel/docs.gif?page=/a`, { headers: { referer: `${SHOP}/cart?secret`, 'user-agent': AGENT } });
  assert.equal(visit, 'excluded');
  assert.deepEqual((await refused(footfall, 'docs', 1)).map(({ name }) => name), [SHOP]);
});

test('an unknown site is reported under the first site', async (t) => {
  const footfall = await startWorkerd(t, { vars });
  assert.equal((await post(footfall, BLOG, { site: 'shop' })).status, 404);
  assert.equal((await call(`${footfall.url}/pixel/forum.gif`, { headers: { 'user-agent': AGENT } })).status, 404);
  // A request that only reads is not a visit.
  assert.equal((await call(`${footfall.url}/counter?site=wiki`)).status, 404);
  assert.equal((await call(`${footfall.url}/api/sites/wiki/summary`)).status, 404);
  assert.deepEqual((await refused(footfall, 'blog', 2)).map(({ unlisted, name, set }) => [unlisted, name, set]), [
    ['site', 'forum', 'SITES = "blog,docs,forum"'],
    ['site', 'shop', 'SITES = "blog,docs,shop"'],
  ]);
});
