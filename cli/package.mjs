// The contents of the package, or of a clone that was built.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../tools/root.mjs';
import { Trouble } from '../tools/run.mjs';

export const { version: VERSION } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** The settings that the repository itself is deployed with. */
export const template = () => readFileSync(join(ROOT, 'wrangler.toml'), 'utf8');

/** The deployed files: two modules, and the assets that Cloudflare serves without calling them. */
export const PARTS = ['index.js', 'index_bg.wasm', 'assets'];

/** The folder of the prebuilt Worker. */
export function prebuilt() {
  const folder = join(ROOT, 'build');
  if (!PARTS.every((part) => existsSync(join(folder, part)))) throw new Trouble(`${folder} has no Worker: in a clone, run npm run build`);
  return folder;
}
