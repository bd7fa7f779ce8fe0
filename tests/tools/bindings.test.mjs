// Tests the patches to the script that the pinned wasm-bindgen writes for the built Worker.
// Runs alone: trace.test.mjs compiles to the file that this reads.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CHANGES, changed } from '../../tools/bindings.mjs';
import { COMPILED } from '../../tools/build.mjs';
import { bind } from '../../tools/bundle.mjs';
import { CARGO_TOOLS, ROOT } from '../../tools/pins.mjs';
import { BUILD } from '../../tools/workerd/built.mjs';

const dir = mkdtempSync(join(tmpdir(), 'footfall-bindings-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const written = readFileSync(await bind(COMPILED, dir), 'utf8');

const VERSION = CARGO_TOOLS['wasm-bindgen-cli'].version;

test('the crate, the lock file and the program have the same version', () => {
  const lines = (file) => readFileSync(join(ROOT, file), 'utf8');
  assert.match(lines('Cargo.toml'), new RegExp(`^wasm-bindgen = "=${VERSION.replaceAll('.', '\\.')}"$`, 'm'));
  assert.match(lines('Cargo.lock'), new RegExp(`^name = "wasm-bindgen"\nversion = "${VERSION.replaceAll('.', '\\.')}"$`, 'm'));
});

/** For each change, a replacement that makes the script look as if another version had written it. */
const OTHER = {
  'the import of the module is a plain one': [/import source \w+ from/, 'import defer * as wasmModule from'],
  'each script is named once among the imports': [/^( *)("\.\/snippets\/[^"]+"): import\d+,$/m, '$1$2: { ...import1 },'],
  'a registry of finalizers does nothing where its class is not used': [/: new FinalizationRegistry\(/, ': globalThis.Registry('],
};

for (const { name, pattern, places } of CHANGES) {
  test(`${name}: the pinned version writes what the patch replaces`, () => {
    assert.ok(places(written) > 0);
    assert.equal(written.match(pattern)?.length, places(written));
  });

  test(`${name}: a different script stops the build`, () => {
    const other = written.replace(...OTHER[name]);
    assert.notEqual(other, written);
    assert.throws(() => changed(other), (error) => error.message.includes(VERSION) && error.message.includes(`"${name}"`));
  });
}

test('a patched script cannot be patched again', () => {
  assert.throws(() => changed(changed(written)), /the import of the module is a plain one/);
});

test('the Worker contains nothing that the patches remove, and no unused class', () => {
  const script = readFileSync(join(BUILD, 'index.js'), 'utf8');
  assert.doesNotMatch(script, /import source|Symbol\.dispose/);
  const names = [...script.matchAll(/"(\.\/snippets\/[^"]+)":/g)].map(([, name]) => name);
  assert.ok(names.length > 0);
  assert.deepEqual(names, [...new Set(names)]);
  const unused = [...written.matchAll(/^export class (\w+)/gm)].map(([, name]) => name).filter((name) => !new RegExp(`\\b${name}\\b`).test(script));
  assert.ok(unused.length > 0);
  assert.deepEqual(unused.filter((name) => script.includes(`__wbg_${name.toLowerCase()}_free`)), []);
});
