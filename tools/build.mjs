// Compiles the Worker into build/.
//
// wrangler runs this before it serves or deploys, and again when the source changes. cargo decides what to compile. If the WebAssembly is the
// same as last time and build/ is unchanged, the other steps are skipped.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { gzipSync } from 'node:zlib';
import { buildAssets } from './assets.mjs';
import { checkBuild } from './build_check.mjs';
import { bundle, OUTPUT } from './bundle.mjs';
import { ROOT, toolEnv, WASM } from './pins.mjs';
import { duration, isMain, main, run, say } from './run.mjs';
import { setup } from './setup.mjs';

const BUILD = join(ROOT, 'build');
const STAMP = join(BUILD, '.footfall-stamp');
/** The module that cargo compiles. */
export const COMPILED = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), WASM, 'release', 'footfall.wasm');

/** The scripts that esbuild reads. cargo compiles in those that the Rust source names. */
const SCRIPTS = readdirSync(join(ROOT, 'src', 'edge')).filter((file) => file.endsWith('.js')).sort().map((file) => join('src', 'edge', file));

/** Builds whatever is missing or out of date, and checks it. */
export async function build() {
  const start = performance.now();
  if (!existsSync(STAMP)) say('compiling the Worker (about 1 min the first time) ...');
  const env = await compile();
  const fresh = existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp();
  if (!fresh) {
    await bundle(COMPILED, BUILD, env);
    checkBuild(...[join(BUILD, 'index.js'), join(ROOT, 'wrangler.toml')].map((file) => readFileSync(file, 'utf8')));
    writeFileSync(STAMP, stamp());
  }
  await buildAssets(join(BUILD, 'assets'));
  say(`build/ is ${fresh ? 'up to date' : `built in ${duration(performance.now() - start)}`}: ${sizes()}`);
}

/** Compiles the crate to {@link COMPILED}. Only `npm run trace` passes `features`. Returns the environment that it compiled in. */
export async function compile(...features) {
  const env = toolEnv({ CARGO_ENCODED_RUSTFLAGS: withoutPaths() });
  await run('cargo', ['build', '--quiet', '--locked', '--release', '--lib', '--target', WASM, ...features.map((name) => `--features=${name}`)], { env });
  return env;
}

/** A digest of the inputs, the tools and the output. A changed output file is built again, too. */
function stamp() {
  const made = createHash('sha256');
  const from = [
    COMPILED,
    ...['package-lock.json', 'Cargo.lock', 'wrangler.toml', 'tools/bindings.mjs', 'tools/build.mjs', 'tools/build_check.mjs', 'tools/bundle.mjs', 'tools/pins.mjs', ...SCRIPTS].map((file) => join(ROOT, file)),
    ...OUTPUT.map((file) => join(BUILD, file)),
  ];
  for (const file of from) made.update(existsSync(file) ? readFileSync(file) : 'missing').update('\0');
  return made.digest('hex');
}

/** Flags that keep this machine's paths out of the module. They would make it larger, and different on each machine. */
function withoutPaths() {
  const registry = join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'registry', 'src');
  return [registry, ROOT].map((path) => `--remap-path-prefix=${path}=.`).join('\x1f');
}

/** The size of the deployed modules. An isolate loads them before its first visit. */
function sizes() {
  const files = OUTPUT.map((file) => readFileSync(join(BUILD, file)));
  const sum = (of) => files.reduce((bytes, file) => bytes + of(file), 0);
  const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
  return `${OUTPUT.join(' + ')} = ${kib(sum((file) => file.length))}, ${kib(sum((file) => gzipSync(file).length))} with gzip`;
}

if (isMain(import.meta.url)) {
  await main(async () => {
    await setup();
    await build();
  });
}
