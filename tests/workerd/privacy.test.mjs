// Privacy: after a run, no table, no file and no log has an address or a user agent. A view of somebody who opted out has no visitor. Visitors are
// exact.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertWelcome } from '../support/answers.mjs';
import { call, views } from '../support/client.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const AGENT = 'Distinctive-Browser/77.1';
const visit = (server, headers) => call(`${server.url}/`, { headers: { 'user-agent': AGENT, ...headers } });
const visitors = async (server) => (await call(`${server.url}/visitors?fresh=1`)).json;

test('a visitor is one address, or an IPv6 /64, and one browser on a day', async (t) => {
  const server = await startWorkerd(t);
  const addresses = ['192.0.2.1', '192.0.2.1', '192.0.2.2', '2001:db8:1:2::1', '2001:db8:1:2:ffff::9', '2001:db8:1:3::1'];
  for (const address of addresses) assertWelcome(await visit(server, { 'cf-connecting-ip': address }));
  assertWelcome(await visit(server, { 'cf-connecting-ip': '192.0.2.1', 'user-agent': 'Another/1' }));
  assert.equal((await visitors(server)).visitors, 5);
  assert.equal(await views(server), 7);
});

test('a view of somebody who opted out has no visitor', async (t) => {
  const server = await startWorkerd(t);
  for (const header of ['sec-gpc', 'dnt']) assertWelcome(await visit(server, { 'cf-connecting-ip': '192.0.2.1', [header]: '1' }));
  assertWelcome(await visit(server, {}));
  const { visitors: number, views_without_visitor: without } = await visitors(server);
  assert.deepEqual([number, without], [0, { opted_out: 2, no_salt: 0, no_address: 1, full: 0 }]);
  assert.equal(await views(server), 3);
});

test('visitors are exact over several shards, and after a restart', async (t) => {
  const storage = mkdtempSync(join(tmpdir(), 'footfall-visitors-'));
  t.after(() => rmSync(storage, { recursive: true, force: true }));
  const options = { storage, vars: { SHARDS: '4' } };
  const first = await startWorkerd(t, options);
  const twice = Array.from({ length: 200 }, (_, n) => `198.51.100.${n % 100}`);
  const answers = await Promise.all(twice.map((address) => visit(first, { 'cf-connecting-ip': address })));
  for (const answer of answers) assertWelcome(answer);
  assert.equal((await visitors(first)).visitors, 100);
  await first.stop();

  const second = await startWorkerd(t, options);
  for (const address of twice.slice(0, 20)) assertWelcome(await visit(second, { 'cf-connecting-ip': address }));
  assert.equal((await visitors(second)).visitors, 100, 'the salt and the hashes of the day survive');
  assert.equal(await views(second), 220);
});

test('no file and no log has an address or a user agent', async (t) => {
  const storage = mkdtempSync(join(tmpdir(), 'footfall-private-'));
  t.after(() => rmSync(storage, { recursive: true, force: true }));
  const server = await startWorkerd(t, { storage });
  const address = '203.0.113.77';
  for (let n = 0; n < 50; n += 1) await visit(server, { 'cf-connecting-ip': address, referer: 'https://referrer.example/private?private' });
  // The log and the answer of a refused call say what was wrong, not who sent it.
  await call(`${server.url}/counter?page=no`, { headers: { 'user-agent': AGENT, 'cf-connecting-ip': address } });
  await server.stop();
  const files = readdirSync(storage, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const everything = files.map((file) => readFileSync(join(file.parentPath, file.name)));
  assert.ok(files.some((file) => file.name.endsWith('.sqlite')), 'the databases were found');
  assert.ok(everything.some((bytes) => bytes.includes('CREATE TABLE')), 'the tables were read');
  const octets = Buffer.from(address.split('.').map(Number));
  for (const bytes of [...everything, Buffer.from(server.logs())]) {
    for (const trace of [address, octets, AGENT, 'Distinctive', 'private']) assert.ok(!bytes.includes(trace), String(trace));
  }
});
