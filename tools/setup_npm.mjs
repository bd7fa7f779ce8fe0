// Part of the set-up: installs node_modules exactly as package-lock.json says.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmBin, outerPath, ROOT } from './pins.mjs';
import { runQuietly, step, Trouble } from './run.mjs';

/** The stamp is inside node_modules, so that it is deleted with it. */
const STAMP = join(ROOT, 'node_modules', '.footfall-stamp');

export function npmPackages() {
  const missing = async () => !existsSync(STAMP) || !existsSync(npmBin('node')) || readFileSync(STAMP, 'utf8') !== wanted();
  return {
    missing,
    async install() {
      // npm warns about packages that need a newer Node than its own. Those never run on it.
      const env = { ...process.env, PATH: outerPath() };
      await step('npm ci', '15 s', () => runQuietly('npm', ['ci', '--loglevel=error'], { env }));
      if (!existsSync(npmBin('node'))) {
        throw new Trouble('npm ci left no Node in node_modules: npm must run the install script of the package "node" (ignore-scripts?)');
      }
      writeFileSync(STAMP, wanted());
    },
  };
}

/** A digest of everything that decides node_modules: the lock file, the dependencies, and which packages may run install scripts. */
function wanted() {
  const { dependencies, devDependencies, overrides, allowScripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  return createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .update(JSON.stringify({ dependencies, devDependencies, overrides, allowScripts }))
    .digest('hex');
}
