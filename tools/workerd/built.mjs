// Finds the built Worker, its configuration, and workerd.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { ROOT } from '../pins.mjs';
import { parseToml } from '../toml.mjs';

const require = createRequire(import.meta.url);

/** The directory of the built Worker. FOOTFALL_BUILD names another one, to run the tests on a different Worker. */
export const BUILD = resolve(process.env.FOOTFALL_BUILD ?? join(ROOT, 'build'));

/** The modules of the Worker in the directory `build`. Throws if one is missing. */
export function builtModules(build = BUILD) {
  const modules = ['index.js', 'index_bg.wasm'].map((name) => join(build, name));
  for (const module of modules) {
    if (!existsSync(module)) throw new Error(`${module} is missing: build the Worker first (npm run build)`);
  }
  return modules;
}

/**
 * The entries of wrangler.toml that decide how the Worker runs: its compatibility date, its objects as `[binding, class]`, and the classes
 * with SQLite. The tests run what is deployed, so they have no list of their own.
 */
export function wranglerConfig() {
  const config = parseToml(readFileSync(join(ROOT, 'wrangler.toml'), 'utf8'), 'wrangler.toml');
  const { compatibility_date: compatibilityDate, durable_objects: { bindings = [] } = {}, migrations = [] } = config;
  if (bindings.length === 0 || !compatibilityDate) throw new Error('wrangler.toml has no durable objects or no compatibility date');
  const objects = bindings.map(({ name, class_name: className }) => [name, className]);
  return { compatibilityDate, objects, sqlite: migrations.flatMap((migration) => migration.new_sqlite_classes ?? []) };
}

/** The workerd that wrangler pins, so that the tests run on what `npm start` serves with. */
export function workerdBinary() {
  const fromWrangler = createRequire(require.resolve('wrangler/package.json'));
  // The package's `bin` is a script that starts the real program. A signal to the script would not stop the program.
  return fromWrangler('workerd').default;
}
