// From the WebAssembly that cargo compiled to the two modules that are deployed: index.js and index_bg.wasm.
//
// wasm-bindgen writes the calls between the two sides, esbuild puts them together with src/edge/worker.js, and binaryen
// drops what nobody calls. Nothing is compiled here.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { changed } from './bindings.mjs';
import { withLock } from './lock.mjs';
import { cargoBin, npmBin, ROOT } from './pins.mjs';
import { runQuietly } from './run.mjs';

const EDGE = join(ROOT, 'src', 'edge');

/** What the module may use: all that workerd has had for years, and exceptions, with which a trap is told from an error. */
const FEATURES = ['mutable-globals', 'sign-ext', 'nontrapping-float-to-int', 'bulk-memory', 'multivalue', 'reference-types', 'exception-handling'];
const ENABLED = FEATURES.map((feature) => `--enable-${feature}`);

/** What lets worker.js begin with a fresh instance where one broke down. */
const RECOVERY = ['--experimental-reset-state-function', '--force-enable-abort-handler'];

/** The modules that are deployed. */
export const OUTPUT = ['index.js', 'index_bg.wasm'];

/** In the directory, while somebody writes there. */
const LOCK = '.lock';

/** What is in the directory besides what this writes: tools/assets.mjs writes it. */
const KEPT = [...OUTPUT, 'assets', LOCK];

/**
 * Writes `into`/index.js and `into`/index_bg.wasm from the module `compiled`, both at the end, so that they fit together. `entry` is
 * the script that the platform loads.
 */
export async function bundle(compiled, into, env, entry = join(EDGE, 'worker.js')) {
  mkdirSync(into, { recursive: true });
  // `npm run deploy` builds next to an `npm start` that sees the same change, and would take its files for a killed build's.
  await withLock(join(into, LOCK), () => bundleAlone(compiled, into, env, entry), 'build');
}

/** Lets wasm-bindgen write the calls between the two sides into `into`: the path of its script, next to which the module is. */
export async function bind(compiled, into, env) {
  await runQuietly(cargoBin('wasm-bindgen'), [compiled, '--out-dir', into, '--out-name', 'index', '--target', 'module', '--no-typescript', ...RECOVERY], { env });
  return join(into, 'index.js');
}

async function bundleAlone(compiled, into, env, entry) {
  // What a build left that was killed, or one of another version.
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
      // Nothing here is disposed of so, and classes that say how stay in even if nobody uses them.
      '--define:Symbol.dispose=undefined',
      '--external:cloudflare:*',
      '--external:./index_bg.wasm',
      `--outfile=${script}`,
    ], { env });
    const wasm = join(work, 'index_bg.wasm');
    await dropUncalled(wasm, bindings, readFileSync(script, 'utf8'), env);
    // The names of functions are a third of the module. A panic still says its file and line.
    await runQuietly(npmBin('wasm-opt'), ['-Oz', '--strip-debug', ...ENABLED, wasm, '-o', module], { env });
    made.forEach((file, at) => renameSync(file, join(into, OUTPUT[at])));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Takes out of the module what only those exports reach that `bindings` know and `script` does not mention. */
async function dropUncalled(wasm, bindings, script, env) {
  const exported = new Set([...bindings.matchAll(/\bwasm\.(\w+)/g)].map(([, name]) => name));
  const called = [...exported].filter((name) => new RegExp(`\\.${name}\\b`).test(script));
  const graph = [{ name: 'script', root: true, reaches: called }, ...called.map((name) => ({ name, export: name }))];
  const file = `${wasm}.json`;
  writeFileSync(file, JSON.stringify(graph));
  await runQuietly(npmBin('wasm-metadce'), [wasm, '--graph-file', file, ...ENABLED, '-o', wasm], { env });
}
