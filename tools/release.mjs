// `npm run pack`: makes the package that owners install, dist/footfall-VERSION.tgz. It contains the built Worker, so owners need Node but no Rust.
//
// It has the folders of the repository, with the files that `npx footfall` needs, so the program is the same in a clone and in the package.

import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from './build.mjs';
import { OUTPUT } from './bundle.mjs';
import { ROOT, toolEnv } from './pins.mjs';
import { isMain, main, runQuietly, say } from './run.mjs';
import { setup } from './setup.mjs';

const DIST = join(ROOT, 'dist');

/** The files and folders that are copied unchanged. tests/tools/package.test.mjs fails if a module is missing. */
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

/** The dependencies that the commands need, at the versions of the repository. */
const NEEDED = ['csv-parse', 'smol-toml', 'wrangler', 'yauzl'];

/** The oldest Node that wrangler runs on (tools/wrangler.mjs). */
const NODE = '>=22.12.0';

/** Writes the contents of the package into a folder. */
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

/** Packs a folder that `lay` wrote. Returns the path of the tarball. */
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
