// The upload of `npm run deploy`, without an account: its bindings, migrations and size.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { ROOT } from '../../tools/pins.mjs';
import { BUILD, wranglerConfig } from '../../tools/workerd/built.mjs';
import { wrangler } from '../../tools/wrangler.mjs';

/** The most bytes, compressed: an eighth of the free plan's limit (3 MB), and small enough to start in a few milliseconds. A tenth of them is for the compat routes. */
const MAX_GZIP_BYTES = 345_000;

const run = promisify(execFile);

/** The files in a directory and below it, by their path in it. */
function files(dir) {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

test('a deploy uploads one module and its wasm, under 345 KB compressed, with the bindings of its objects', async (t) => {
  const out = mkdtempSync(join(tmpdir(), 'footfall-deploy-'));
  t.after(() => rmSync(out, { recursive: true, force: true }));
  const { stdout, stderr } = await run(...wrangler('deploy', '--dry-run', '--outdir', out), {
    cwd: ROOT,
    // A test sends no telemetry.
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false', CI: '1', NO_COLOR: '1' },
    // The Worker is built already, so this takes 3 s. If a compiler does start, it must not be cut off.
    timeout: 340_000,
  });
  for (const [binding, className] of wranglerConfig().objects) {
    assert.match(stdout, new RegExp(`env\\.${binding} \\(${className}\\)\\s+Durable Object`), stdout);
  }
  // wrangler writes its warnings to stderr.
  assert.doesNotMatch(stdout + stderr, /warning/i, stdout + stderr);

  const written = files(out).filter((file) => /\.(js|mjs|wasm)$/.test(file));
  assert.equal(written.filter((file) => file.endsWith('.wasm')).length, 1, written.join());
  const sizes = written.map((file) => gzipSync(readFileSync(file)).length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  t.diagnostic(`${written.length} files, ${Math.round(total / 1024)} KiB compressed`);
  assert.ok(total < MAX_GZIP_BYTES, `${total} bytes compressed`);
});

test('two builds at once do not delete each other\'s files', async (t) => {
  const into = mkdtempSync(join(tmpdir(), 'footfall-bundles-'));
  t.after(() => rmSync(into, { recursive: true, force: true }));
  // Each is a process, as `npm start` and `npm run deploy` are.
  const script = `import { bundle } from './tools/bundle.mjs'; import { COMPILED } from './tools/build.mjs'; import { toolEnv } from './tools/pins.mjs';
    await bundle(COMPILED, process.argv[1], toolEnv());`;
  const once = () => run(process.execPath, ['--input-type=module', '--eval', script, into], { cwd: ROOT });
  const first = once();
  // The second starts while the first works on its WebAssembly. Earlier, a deleted directory would be made again.
  const begun = async () => {
    while (!readdirSync(into).some((name) => existsSync(join(into, name, 'made-index.js')))) await nextTurn(5);
  };
  await Promise.race([first, begun()]);
  await Promise.all([first, once()]);
  assert.deepEqual(readdirSync(into).sort(), ['index.js', 'index_bg.wasm']);
});

test('every class of objects is bound, is created with SQLite, and is in the built Worker', () => {
  // A class that was created without SQLite cannot be converted: its counts would have to be moved.
  const { objects, sqlite } = wranglerConfig();
  assert.ok(objects.some(([binding, className]) => binding === 'SHARD' && className === 'Shard'));
  assert.deepEqual(objects.map(([, className]) => className).sort(), [...sqlite].sort());
  const source = readFileSync(join(BUILD, 'index.js'), 'utf8');
  for (const className of sqlite) assert.match(source, new RegExp(`export\\s*\\{[^}]*\\b${className}\\b`), className);
});

test('the built Worker keeps the visit of a client that has left alive', () => {
  // Without it, a reset leaks the visit (client_reset.test.mjs).
  assert.match(readFileSync(join(BUILD, 'index.js'), 'utf8'), /\.waitUntil\(/);
});
