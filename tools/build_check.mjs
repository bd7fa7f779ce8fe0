// Checks the text of build/index.js before it is served. It does not run it.

import { Trouble } from './run.mjs';
import { parseToml } from './toml.mjs';

/**
 * Throws if the Worker would lose the visits of clients that disconnect, contains the events of `npm run trace`, or exports more or less than its
 * objects and `default`. `source` is the text of build/index.js. `config` is the text of wrangler.toml, whose bindings name the classes of
 * the objects.
 */
export function checkBuild(source, config) {
  const objects = parseToml(config, 'wrangler.toml').durable_objects.bindings.map((binding) => binding.class_name);
  if (!/\bfetch\([^)]*\)\s*\{[^}]*\}[^}]*\.waitUntil\(/.test(source)) {
    throw new Trouble('build/index.js does not pass its answer to waitUntil (src/edge/worker.js)');
  }
  // The crate's feature `trace` imports its recorder by this name (src/edge/runtime/trace.rs).
  if (source.includes('footfallTrace')) throw new Trouble('build/index.js contains code that only `npm run trace` may build in');
  const [, list = ''] = /export\s*\{([^}]*)\};?\s*$/.exec(source) ?? [];
  const names = list.split(',').map((entry) => entry.trim().split(' as ').pop()).sort().join(', ');
  // Every export is an entry point that any Worker with a service binding can call.
  const wanted = ['default', ...objects].sort().join(', ');
  if (names !== wanted) throw new Trouble(`build/index.js exports ${names}; expected ${wanted} (src/edge/worker.js)`);
}
