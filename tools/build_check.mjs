// What must hold of build/index.js before anybody serves it. In scope: reading its text; it is never run here.

import { Trouble } from './run.mjs';
import { parseToml } from './toml.mjs';

/**
 * Throws where the Worker would lose the visits of clients that leave, tells what only `npm run trace` may hear, or offers more or
 * less than it should.
 * `source` is the text of build/index.js, `config` that of wrangler.toml: its bindings name the classes of the objects.
 */
export function checkBuild(source, config) {
  const objects = parseToml(config, 'wrangler.toml').durable_objects.bindings.map((binding) => binding.class_name);
  if (!/\bfetch\([^)]*\)\s*\{[^}]*\}[^}]*\.waitUntil\(/.test(source)) {
    throw new Trouble('build/index.js does not pass its answer to waitUntil (src/edge/worker.js)');
  }
  // The feature `trace` of the crate imports it by this name (src/edge/runtime/trace.rs).
  if (source.includes('footfallTrace')) throw new Trouble('build/index.js contains code that only `npm run trace` may build in');
  const [, list = ''] = /export\s*\{([^}]*)\};?\s*$/.exec(source) ?? [];
  const names = list.split(',').map((entry) => entry.trim().split(' as ').pop()).sort().join(', ');
  // Every export is an entry point that any Worker with a service binding can call.
  const wanted = ['default', ...objects].sort().join(', ');
  if (names !== wanted) throw new Trouble(`build/index.js exports ${names}; expected ${wanted} (src/edge/worker.js)`);
}
