// The database of version 0.1 in tests/upgrade/, put where workerd keeps those of its objects: the Worker opens it, and reads and counts on.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { call, post, views } from '../support/client.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const DAY_MS = 24 * 60 * 60 * 1000;
/** `OPENED` in tests/upgrade/story.rs. */
const OPENED = (20_006 * 24 + 14) * 60 * 60 * 1000;
const TOKEN = 'a-token-of-a-test-0123';

const stored = (name) => readFileSync(new URL(`../upgrade/${name}`, import.meta.url), 'utf8');
const expected = stored('v0_1.txt').split('\n');

/** Replaces the database of the only object of a class. */
function replace(storage, name, statements) {
  const [file, ...more] = readdirSync(join(storage, name)).filter((file) => /^[0-9a-f]{64}\.sqlite$/.test(file));
  assert.deepEqual(more, [], 'one object');
  for (const part of ['', '-wal', '-shm']) rmSync(join(storage, name, file + part), { force: true });
  const database = new DatabaseSync(join(storage, name, file));
  database.exec(`BEGIN; ${statements.trim().replaceAll('\n', ';\n')}; COMMIT`);
  database.close();
}

test('a site of version 0.1 opens as it was, also after a kill, and counts on', async (t) => {
  const storage = mkdtempSync(join(tmpdir(), 'footfall-upgrade-'));
  t.after(() => rmSync(storage, { recursive: true, force: true }));
  const options = { storage, vars: { ADMIN_TOKEN: TOKEN }, clockAheadMs: OPENED - Date.now() };
  const first = await startWorkerd(t, options);
  assert.equal((await post(first, { page: '/a', id: 'first' })).visit, 'counted');
  await first.stop();
  replace(storage, 'footfall-Shard', stored('v0_1.sql'));
  replace(storage, 'footfall-Days', stored('v0_1_days.sql'));

  const total = Number(expected.find((line) => line.startsWith('views of the shard: ')).split(': ')[1]);
  const lines = expected.filter((line) => line.startsWith('export: ')).map((line) => line.slice('export: '.length));
  // After them come those of the next day.
  const file = lines.slice(0, lines.findIndex((line) => line.includes('"lowered"')) + 1);
  for (const more of [0, 1, 2]) {
    const server = await startWorkerd(t, options);
    assert.equal(await views(server), total + more);
    if (more === 0) {
      assert.equal(await views(server, { page: '/old' }), 70);
      const { status, text } = await call(`${server.url}/api/sites/default/export`, { headers: { authorization: `Bearer ${TOKEN}` } });
      assert.deepEqual([status, text.trimEnd().split('\n').slice(1, -1)], [200, file]);
    }
    const visit = { page: '/p330', id: `after-${more}` };
    assert.deepEqual([(await post(server, visit)).visit, (await post(server, visit)).visit], ['counted', 'duplicate']);
    await server.stop();
  }
  const nextDay = await startWorkerd(t, { ...options, clockAheadMs: options.clockAheadMs + DAY_MS });
  assert.equal((await post(nextDay, { page: '/p330', id: 'tomorrow' })).visit, 'counted');
  assert.equal(await views(nextDay), total + 4);
});
