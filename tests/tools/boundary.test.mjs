// Checks the imports between JavaScript files: no cycles, and only one direction between folders. tests/boundary.rs checks the same for Rust.

import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { test } from 'node:test';
import { build } from 'esbuild';
import { ROOT } from '../../tools/pins.mjs';

/** A file may import from its own folder and from those before it. bench/ comes last, because it uses the harness of the tests. */
const FOLDERS = ['src', 'assets', 'tools', 'cli', 'tests', 'bench'];

const SCRIPTS = ['.js', '.mjs', '.jsx'];

const scriptsIn = (root) =>
  FOLDERS.flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, name))).filter((file) => SCRIPTS.includes(extname(file)));

/** Modules that exist only in a Worker's directory that is ready to be served. */
const LAID_OUT = { name: 'laid-out', setup: (builder) => builder.onResolve({ filter: /^\.\/index\.js$/ }, () => ({ external: true })) };

/** The files of the repository that each script imports, as esbuild reads it: file -> files. */
async function imports(root) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: scriptsIn(root).map((file, at) => ({ in: file, out: String(at) })),
    outdir: 'out',
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    jsx: 'automatic',
    logLevel: 'silent',
    plugins: [LAID_OUT],
  });
  return new Map(Object.entries(metafile.inputs).map(([file, input]) => [file, input.imports.filter(({ external }) => !external).map(({ path }) => path)]));
}

/** Every import that closes a cycle, with the cycle. */
function circles(graph) {
  const found = [];
  const done = new Set();
  const visit = (file, path) => {
    const at = path.indexOf(file);
    if (at >= 0) return void found.push(`${path.at(-1)} must not import ${file}: ${[...path.slice(at), file].join(' -> ')}`);
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}

/** Every import from a later folder. */
function wrongArrows(graph) {
  const rank = (file) => FOLDERS.indexOf(file.split('/')[0]);
  const arrows = [...graph].flatMap(([file, list]) => list.map((next) => [file, next]));
  return arrows.filter(([file, next]) => rank(next) > rank(file)).map(([file, next]) => `${file} must not import ${next}`);
}

test('no import closes a cycle or leads to a later folder', async () => {
  const graph = await imports(ROOT);
  assert.ok([...graph.values()].flat().length > 200, 'esbuild finds the imports');
  assert.deepEqual(circles(graph), []);
  assert.deepEqual(wrongArrows(graph), []);
});

test('a cycle and a wrong direction are found, and the import is named', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'footfall-imports-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const file of scriptsIn(ROOT)) cpSync(join(ROOT, file), join(root, file));
  // Scripts import data as well.
  for (const file of readdirSync(join(ROOT, 'assets/dashboard')).filter((name) => name.endsWith('.json'))) cpSync(join(ROOT, 'assets/dashboard', file), join(root, 'assets/dashboard', file));

  appendFileSync(join(root, 'tools/pins.mjs'), "\nimport './build.mjs';\n");
  appendFileSync(join(root, 'assets/dashboard/format.js'), "\nexport const later = () => import('./chart.jsx');\n");
  appendFileSync(join(root, 'tools/text.mjs'), "\nimport '../bench/side_by_side/rounds.mjs';\n");
  const graph = await imports(root);
  const found = circles(graph).join('\n');
  assert.match(found, /tools\/pins\.mjs .*-> tools\/build\.mjs|tools\/build\.mjs -> .*tools\/pins\.mjs/);
  assert.match(found, /assets\/dashboard\/chart\.jsx -> assets\/dashboard\/format\.js|assets\/dashboard\/format\.js -> assets\/dashboard\/chart\.jsx/);
  assert.deepEqual(wrongArrows(graph), ['tools/text.mjs must not import bench/side_by_side/rounds.mjs']);
});
