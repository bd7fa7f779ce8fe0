// Makes the two deployed modules, index.js and index_bg.wasm, from the WebAssembly that cargo compiled.
//
// wasm-bindgen writes the calls between JavaScript and WebAssembly, esbuild bundles them with src/edge/worker.js, and binaryen removes what
// nothing calls.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { changed } from './bindings.mjs';
import { withLock } from './lock.mjs';
import { cargoBin, npmBin, ROOT } from './pins.mjs';
import { runQuietly } from './run.mjs';

const EDGE = join(ROOT, 'src', 'edge');

/** The WebAssembly features that the module may use. workerd has had them for years, except for exceptions, which tell a trap from an error. */
const FEATURES = ['mutable-globals', 'sign-ext', 'nontrapping-float-to-int', 'bulk-memory', 'multivalue', 'reference-types', 'exception-handling'];
const ENABLED = FEATURES.map((feature) => `--enable-${feature}`);

/** Options of wasm-bindgen that let worker.js start a fresh instance after a trap. */
const RECOVERY = ['--experimental-reset-state-function', '--force-enable-abort-handler'];

/**
 * Options of wasm-opt. The most that it inlines of a function with one caller is small: whole functions that end in others have more locals, and
 * their code then repeats less of what stands elsewhere. That made the module 3 KB larger, and 14 KB smaller after gzip. Below 1 KiB of memory
 * there is only the end of the stack, so an address and a small offset do not wrap around.
 */
const SMALL = ['-Oz', '--one-caller-inline-max-function-size=30', '--low-memory-unused', '--strip-debug'];

/** The deployed modules. */
export const OUTPUT = ['index.js', 'index_bg.wasm'];

/** The lock file in the directory while a build writes there. */
const LOCK = '.lock';

/** The entries of the directory that a build leaves alone. tools/assets.mjs writes `assets`. */
const KEPT = [...OUTPUT, 'assets', LOCK];

/**
 * Writes `into`/index.js and `into`/index_bg.wasm from the module `compiled`. Both appear together at the end, so that they match. `entry` is the
 * script that the platform loads.
 */
export async function bundle(compiled, into, env, entry = join(EDGE, 'worker.js')) {
  mkdirSync(into, { recursive: true });
  // `npm run deploy` may build while an `npm start` builds the same change. Without the lock, it would delete the other's files as leftovers.
  await withLock(join(into, LOCK), () => bundleAlone(compiled, into, env, entry), 'build');
}

/** Runs wasm-bindgen into the directory `into`. Returns the path of its script; the module is next to it. */
export async function bind(compiled, into, env) {
  await runQuietly(cargoBin('wasm-bindgen'), [compiled, '--out-dir', into, '--out-name', 'index', '--target', 'module', '--no-typescript', ...RECOVERY], { env });
  return join(into, 'index.js');
}

async function bundleAlone(compiled, into, env, entry) {
  // Leftovers of a build that was killed, or of another version.
  for (const name of readdirSync(into).filter((name) => !KEPT.includes(name))) rmSync(join(into, name), { recursive: true });
  const work = mkdtempSync(join(into, '.bundle-'));
  try {
    const written = await bind(compiled, work, env);
    const bindings = readFileSync(written, 'utf8');
    writeFileSync(written, changed(bindings));
    const made = OUTPUT.map((name) => join(work, `made-${name}`));
    const [script, module] = made;
    await runQuietly(npmBin('esbuild'), [
      entry,
      '--bundle',
      '--minify',
      '--format=esm',
      `--alias:footfall=${written}`,
      `--inject:${join(EDGE, 'microtask.js')}`,
      // Nothing uses `Symbol.dispose`, and esbuild keeps unused classes that define it.
      '--define:Symbol.dispose=undefined',
      '--external:cloudflare:*',
      '--external:./index_bg.wasm',
      `--outfile=${script}`,
    ], { env });
    const wasm = join(work, 'index_bg.wasm');
    await dropUncalled(wasm, bindings, readFileSync(script, 'utf8'), env);
    // Function names are a third of the module. A panic still names its file and line.
    await runQuietly(npmBin('wasm-opt'), [...SMALL, ...ENABLED, wasm, '-o', module], { env });
    made.forEach((file, at) => renameSync(file, join(into, OUTPUT[at])));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Removes from the module whatever is reachable only through exports that `bindings` names and `script` does not call. */
async function dropUncalled(wasm, bindings, script, env) {
  const exported = new Set([...bindings.matchAll(/\bwasm\.(\w+)/g)].map(([, name]) => name));
  const called = [...exported].filter((name) => new RegExp(`\\.${name}\\b`).test(script));
  const graph = [{ name: 'script', root: true, reaches: called }, ...called.map((name) => ({ name, export: name }))];
  const file = `${wasm}.json`;
  writeFileSync(file, JSON.stringify(graph));
  await runQuietly(npmBin('wasm-metadce'), [wasm, '--graph-file', file, ...ENABLED, '-o', wasm], { env });
}
