// Where the built Worker and the tools that npm installed are found.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { ROOT } from '../pins.mjs';

const require = createRequire(import.meta.url);

/** The directory of the built Worker; FOOTFALL_BUILD names another one, to try the tests on a Worker that is wrong. */
export const BUILD = resolve(process.env.FOOTFALL_BUILD ?? join(ROOT, 'build'));

/** The modules of the built Worker, or of one that was built into another directory. */
export function builtModules(build = BUILD) {
  const modules = ['index.js', 'index_bg.wasm'].map((name) => join(build, name));
  for (const module of modules) {
    if (!existsSync(module)) throw new Error(`${module} is missing: build the Worker first (npm run build)`);
  }
  return modules;
}

/**
 * What of wrangler.toml decides how the Worker runs: its compatibility date, and its objects as `[binding, class]`. The
 * tests run what is deployed, so they have no list of their own.
 */
export function wranglerConfig() {
  const toml = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8').replace(/^\s*#.*$/gm, '');
  const objects = [...toml.matchAll(/\[\[durable_objects\.bindings\]\]\s+name\s*=\s*"(\w+)"\s+class_name\s*=\s*"(\w+)"/g)];
  const sqlite = [...toml.matchAll(/new_sqlite_classes\s*=\s*\[([^\]]*)\]/g)].flatMap(([, list]) => list.match(/\w+/g) ?? []);
  const [, compatibilityDate] = /^compatibility_date\s*=\s*"([\d-]+)"/m.exec(toml) ?? [];
  if (objects.length === 0 || !compatibilityDate) throw new Error('wrangler.toml has no durable objects or no compatibility date');
  return { compatibilityDate, objects: objects.map(([, binding, className]) => [binding, className]), sqlite };
}

/** The workerd that wrangler pins: the tests must run on what `npm start` serves with. */
export function workerdBinary() {
  const fromWrangler = createRequire(require.resolve('wrangler/package.json'));
  // The package's `bin` is a script that starts the real program, and a signal to it would not stop that.
  return fromWrangler('workerd').default;
}
