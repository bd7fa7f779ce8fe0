// `npm run pack`: what owners install, as dist/footfall-VERSION.tgz. It has the built Worker in it, so that they need Node and no Rust.
//
// Its folders are those of the repository, of which it has what `npx footfall` needs: one program, whether from a clone or from the package.

import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from './build.mjs';
import { OUTPUT } from './bundle.mjs';
import { ROOT, toolEnv } from './pins.mjs';
import { isMain, main, runQuietly, say } from './run.mjs';
import { setup } from './setup.mjs';

const DIST = join(ROOT, 'dist');

/** What is copied as it is. tests/tools/package.test.mjs fails where a module is missing. */
const COPIED = [
  'cli',
  'tools/convert',
  ...['options', 'root', 'run', 'serve', 'toml', 'wrangler'].map((name) => `tools/${name}.mjs`),
  ...[...OUTPUT, 'assets'].map((name) => `build/${name}`),
  'wrangler.toml',
  'CHANGELOG.md',
  'LICENSE-APACHE',
  'LICENSE-MIT',
];

/** Of the dependencies of the repository those that the commands need, at the same versions. */
const NEEDED = ['csv-parse', 'smol-toml', 'wrangler', 'yauzl'];

/** The oldest Node that wrangler takes (tools/wrangler.mjs). */
const NODE = '>=22.12.0';

/** Lays the package out in a folder. */
export function lay(folder) {
  rmSync(folder, { recursive: true, force: true });
  const docs = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`);
  for (const path of [...COPIED, ...docs]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  }
  renameSync(join(folder, 'cli', 'README.md'), join(folder, 'README.md'));
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
}

function manifest() {
  const { name, version, description, license, type, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const dependencies = Object.fromEntries(NEEDED.map((needed) => [needed, devDependencies[needed]]));
  return { name, version, description, license, type, engines: { node: NODE }, bin: { footfall: 'cli/footfall.mjs' }, dependencies };
}

/** Packs what `lay` laid, and gives the file. */
export async function pack(folder, into) {
  mkdirSync(into, { recursive: true });
  const written = await runQuietly('npm', ['pack', '--silent', '--pack-destination', into], { cwd: folder, env: toolEnv() });
  return join(into, written.trim().split('\n').at(-1));
}

if (isMain(import.meta.url)) {
  await main(async () => {
    await setup();
    await build();
    const folder = join(DIST, 'package');
    lay(folder);
    say(`${await pack(folder, DIST)}: npm install takes it`);
  });
}
