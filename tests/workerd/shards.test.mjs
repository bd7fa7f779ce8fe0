// A site of several shards: counts add up, ids are known across isolates' lives, reads fail whole.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { call, post, views } from '../support/client.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const SHARDS = 8;

test('visits spread over the shards, and every number is the sum of all', async (t) => {
  const storage = mkdtempSync(join(tmpdir(), 'footfall-shards-'));
  t.after(() => rmSync(storage, { recursive: true, force: true }));
  const server = await startWorkerd(t, { storage, vars: { SHARDS } });
  const ids = Array.from({ length: 200 }, (_, n) => `visit-${n}`);
  const answers = await Promise.all(ids.map((id, n) => post(server, { page: `/${n % 2}`, id })));
  for (const { status, json } of answers) assert.deepEqual([status, json.duplicate], [200, false]);
  assert.equal(await views(server), 200);
  assert.equal(await views(server, { page: '/1' }), 100);
  const last = await post(server, { page: '/1', id: 'one-more' });
  assert.deepEqual(last.json, { site: 'default', page: '/1', views: 101, duplicate: false });
  const databases = readdirSync(join(storage, 'footfall-Shard')).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name));
  assert.equal(databases.length, SHARDS);

  await server.stop();
  const after = await startWorkerd(t, { storage, vars: { SHARDS } });
  const again = await Promise.all(ids.map((id) => post(after, { page: '/0', id })));
  assert.deepEqual(again.filter(({ json }) => json.duplicate !== true), []);
  assert.equal(await views(after), 201);
});

test('more shards take effect at midnight, and until then nothing is lost or counted twice', async (t) => {
  const storage = mkdtempSync(join(tmpdir(), 'footfall-shards-'));
  t.after(() => rmSync(storage, { recursive: true, force: true }));
  const few = await startWorkerd(t, { storage, vars: { SHARDS: 2 } });
  const ids = Array.from({ length: 50 }, (_, n) => `visit-${n}`);
  await Promise.all(ids.map((id) => post(few, { id })));
  await few.stop();

  for (const shards of [8, 1]) {
    const many = await startWorkerd(t, { storage, vars: { SHARDS: shards } });
    const again = await Promise.all(ids.map((id) => post(many, { id })));
    assert.deepEqual(again.filter(({ json }) => json.duplicate !== true), [], `${shards} shards`);
    assert.equal(await views(many), 50, `${shards} shards`);
    await many.stop();
  }
});

test('sites are counted apart', async (t) => {
  const server = await startWorkerd(t, { vars: { SITES: 'blog,docs', SHARDS: 2 } });
  await call(`${server.url}/`);
  await post(server, { site: 'docs', page: '/a', id: 'same' });
  await post(server, { site: 'blog', page: '/a', id: 'same' });
  assert.equal(await views(server, { site: 'blog' }), 2);
  assert.equal(await views(server, { site: 'docs' }), 1);
});
