// The gates of `npm test`, in their order: from what fails fastest to what takes longest. Each is `{ name, what, run }`.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { chromiumBinary } from './chromium.mjs';
import { cargoBin, npmBin, ROOT, toolEnv, WASM } from './pins.mjs';
import { run, Trouble } from './run.mjs';

/** A terminal shows how far cargo is in one line; a log would get one for each of 150 crates. */
const QUIET = process.stderr.isTTY ? [] : ['--quiet'];

const cargo = (args, extra) => run('cargo', args, { env: toolEnv(extra) });
const compile = (command, args, extra) => cargo([command, '--locked', ...QUIET, ...args], extra);
const DENY = ['--', '-D', 'warnings'];

/** Native tests try the logic, of which the simulator needs much: fast code, and no linking as a whole, which takes long. */
const NATIVE = { CARGO_PROFILE_RELEASE_OPT_LEVEL: '2', CARGO_PROFILE_RELEASE_LTO: 'off', CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16' };

const WORKERD = join('tests', 'workerd');
const BROWSER = join('tests', 'browser');
const TOOLS = join('tests', 'tools');

export const GATES = [
  { name: 'fmt', what: 'formatting', run: () => cargo(['fmt', '--check']) },
  {
    name: 'clippy',
    what: 'lints, native and wasm32',
    async run() {
      // In the profile of the tests, so that SQLite is compiled once for both.
      await compile('clippy', ['--release', '--all-targets', ...DENY], NATIVE);
      await compile('clippy', ['--lib', '--target', WASM, ...DENY]);
      // What only `npm run trace` compiles.
      await compile('clippy', ['--lib', '--target', WASM, '--features=trace', ...DENY]);
    },
  },
  {
    name: 'docs',
    what: 'documentation without a warning',
    // On wasm32, as the half at the edge exists only there.
    run: () => compile('doc', ['--no-deps', '--document-private-items', '--lib', '--target', WASM], { RUSTDOCFLAGS: '-D warnings' }),
  },
  {
    name: 'native',
    what: 'tests of the pure half',
    async run() {
      await compile('test', ['--release', '--no-run'], NATIVE);
      await cargo(['test', '--locked', '--release'], NATIVE);
    },
  },
  {
    name: 'wasm',
    what: 'the pure half once more, on wasm32',
    async run() {
      // All of `--tests`, as wasm-pack does: what is native only says so with `#![cfg(not(target_arch = "wasm32"))]`.
      await compile('build', ['--tests', '--target', WASM]);
      // wasm-pack takes the wasm-bindgen-test-runner that PATH has; no-install, so that it never looks for another.
      // cargo would pass its own quiet on to that runner, which takes it for an error.
      const env = toolEnv({ CARGO_TERM_QUIET: 'false' });
      await run(cargoBin('wasm-pack'), ['test', '--node', '--mode', 'no-install', '.', '--locked', '--test', 'wasm'], { env });
    },
  },
  { name: 'build', what: 'the Worker, as it is deployed', run: build },
  {
    name: 'workerd',
    what: 'the built Worker on workerd',
    run: () => onWorkerd(testsIn(WORKERD)),
  },
  {
    name: 'tools',
    what: 'the programs for owners, such as npm run convert',
    run: () => onWorkerd(testsIn(TOOLS)),
  },
  {
    name: 'browser',
    what: 'the script for pages, in Chromium',
    async run() {
      await chromiumBinary();
      await onWorkerd(testsIn(BROWSER));
    },
  },
];

/** What takes long and runs only when it is named. */
export const LONG_GATES = [
  {
    name: 'soak',
    what: '200,000 visits at 64 connections in one isolate',
    run: () => onWorkerd([join(WORKERD, 'many_visits.test.mjs')], { FOOTFALL_VISITS: '200000' }),
  },
  {
    name: 'seeds',
    what: 'the simulator with 200,000 seeds',
    run: () => cargo(['test', '--locked', '--release', '--test', 'simulator'], { ...NATIVE, FOOTFALL_SEEDS: '200000' }),
  },
  {
    name: 'measures',
    what: 'the programs that measure, on little work',
    async run() {
      await build();
      for (const args of [['bench', '--', '--quick'], ['scale', '--', '--quick'], ['compare', '--', 'build'], ['lighthouse'], ['watchers']]) await run('npm', ['run', ...args]);
    },
  },
];

/** The test files in a directory. */
function testsIn(folder) {
  const files = existsSync(join(ROOT, folder)) ? readdirSync(join(ROOT, folder)).filter((file) => file.endsWith('.test.mjs')) : [];
  if (files.length === 0) throw new Trouble(`${folder} has no tests`);
  return files.sort().map((file) => join(folder, file));
}

/** Runs test files one at a time: they measure, and each has a workerd that takes all that the machine has. */
async function onWorkerd(files, extra) {
  await build();
  const flags = ['--test', '--test-concurrency=1', '--test-reporter=spec'];
  await run(npmBin('node'), [...flags, ...files], { env: toolEnv(extra) });
}
