// Compiles the Worker once more with the feature `trace`, into a directory that is never deployed.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMPILED, compile } from '../build.mjs';
import { bundle, OUTPUT } from '../bundle.mjs';
import { ROOT } from '../pins.mjs';
import { say } from '../run.mjs';

/** The output directory, below cargo's. wrangler.toml names only build/, so it is never deployed. */
export const TRACED = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'trace');
const STAMP = join(TRACED, '.footfall-stamp');
const ENTRY = join(ROOT, 'tools', 'trace', 'worker.js');

/** The files and folders that decide what is built. */
const SOURCES = ['src', 'tools/trace/worker.js', 'tools/trace/recorder.js', 'tools/trace/build.mjs', 'tools/build.mjs', 'tools/bundle.mjs', 'Cargo.toml', 'Cargo.lock', 'rust-toolchain.toml', 'package-lock.json'];

/**
 * Builds what is missing or out of date, with the steps of tools/build.mjs. If nothing changed, it does not call cargo, because with other
 * features than last time cargo would link again, and once more at the next build of the Worker.
 */
export async function buildTraced() {
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp()) return TRACED;
  say('compiling the Worker with the feature `trace` (about 20 s after a build without it) ...');
  const env = await compile('trace');
  await bundle(COMPILED, TRACED, env, ENTRY);
  writeFileSync(STAMP, stamp());
  return TRACED;
}

function stamp() {
  const made = createHash('sha256');
  for (const file of [...SOURCES.flatMap((path) => filesOf(join(ROOT, path))), ...OUTPUT.map((name) => join(TRACED, name))]) {
    made.update(file).update('\0').update(existsSync(file) ? readFileSync(file) : 'missing').update('\0');
  }
  return made.digest('hex');
}

function filesOf(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).sort().flatMap((name) => filesOf(join(path, name)));
}
