// The gates of `npm test`, in order: from those that fail fastest to those that take longest. Each is `{ name, what, run }`.
//
// `run` takes the words that were typed after the gate's name and runs only the tests that match them; `words` says what they match. It also
// takes a list: test files that must run alone are put there, to be run when nothing else runs.

import { join } from 'node:path';
import { build } from './build.mjs';
import { audit, deny } from './dependencies.mjs';
import { runTests, testsIn } from './node_tests.mjs';
import { cargoBin, toolEnv, WASM } from './pins.mjs';
import { chromiumBinary, provide } from './programs.mjs';
import { run } from './run.mjs';

/** On a terminal, cargo shows its progress on one line. A log would get a line for each of 150 crates. */
const QUIET = process.stderr.isTTY ? [] : ['--quiet'];

const cargo = (args, extra) => run('cargo', args, { env: toolEnv(extra) });
const compile = (command, args, extra) => cargo([command, '--locked', ...QUIET, ...args], extra);
const DENY = ['--', '-D', 'warnings'];

/** The profile of the native tests. */
const NATIVE = '--profile=native';

const WORKERD = join('tests', 'workerd');
const BROWSER = join('tests', 'browser');
const TOOLS = join('tests', 'tools');
const FILES = 'a part of the names of test files';

export const GATES = [
  { name: 'fmt', what: 'formatting', run: () => cargo(['fmt', '--check']) },
  { name: 'deny', what: 'licences, sources, versions and vulnerabilities of crates', run: deny },
  { name: 'audit', what: 'vulnerabilities of npm packages', run: () => audit() },
  {
    name: 'clippy',
    what: 'lints, native and wasm32',
    async run() {
      // The profile of the tests, so that SQLite is compiled once for both.
      await compile('clippy', [NATIVE, '--all-targets', ...DENY]);
      await compile('clippy', ['--lib', '--tests', '--target', WASM, ...DENY]);
      // Code that only `npm run trace` compiles.
      await compile('clippy', ['--lib', '--target', WASM, '--features=trace', ...DENY]);
    },
  },
  {
    name: 'rustdoc',
    what: 'the documentation of the source, without warnings',
    // On wasm32, because the edge half exists only there.
    run: () => compile('doc', ['--no-deps', '--document-private-items', '--lib', '--target', WASM], { RUSTDOCFLAGS: '-D warnings' }),
  },
  {
    name: 'native',
    what: 'tests of the pure half',
    words: 'a part of the names of tests',
    async run(words = []) {
      // A few tests do not need optimised code, and without it cargo recompiles only what changed.
      if (words.length > 0) return cargo(['test', '--locked', '--', ...words]);
      await compile('test', [NATIVE, '--no-run']);
      await cargo(['test', '--locked', NATIVE]);
    },
  },
  {
    name: 'wasm',
    what: 'the pure half once more, on wasm32',
    async run() {
      // All of `--tests`, as wasm-pack does. Native tests exclude themselves with `#![cfg(not(target_arch = "wasm32"))]`.
      await compile('build', ['--tests', '--target', WASM]);
      // wasm-pack uses the wasm-bindgen-test-runner on PATH; no-install keeps it from looking for another.
      // cargo would pass its --quiet on to that runner, which rejects it.
      const env = toolEnv({ CARGO_TERM_QUIET: 'false' });
      await run(cargoBin('wasm-pack'), ['test', '--node', '--mode', 'no-install', '.', '--locked', '--test', 'wasm'], { env });
    },
  },
  { name: 'build', what: 'the Worker, as it is deployed', run: build },
  {
    name: 'workerd',
    what: 'the built Worker on workerd',
    words: FILES,
    async run(words, postponed) {
      await provide('nginx');
      await provide('caddy');
      await onBuild(testsIn(WORKERD, words), { postponed });
    },
  },
  {
    name: 'tools',
    what: 'the programs for owners, such as npm run convert',
    words: FILES,
    run: (words, postponed) => onBuild(testsIn(TOOLS, words), { postponed }),
  },
  {
    name: 'browser',
    what: 'the script for pages and the dashboard, in Chromium and Firefox',
    words: FILES,
    async run(words, postponed) {
      await chromiumBinary();
      await provide('firefox-esr');
      await onBuild(testsIn(BROWSER, words), { postponed });
    },
  },
];

/** Gates that take long and run only when they are named. */
export const LONG_GATES = [
  {
    name: 'soak',
    what: '200,000 visits at 64 connections in one isolate',
    run: () => onBuild(testsIn(WORKERD, ['many_visits']), { env: { FOOTFALL_VISITS: '200000' } }),
  },
  {
    name: 'seeds',
    what: 'the simulator with 200,000 seeds',
    run: () => cargo(['test', '--locked', NATIVE, '--test', 'simulator'], { FOOTFALL_SEEDS: '200000' }),
  },
  {
    name: 'measures',
    what: 'the programs that measure, with little work',
    async run() {
      await build();
      for (const args of [['bench', '--', '--quick'], ['scale', '--', '--quick'], ['compare', '--', 'build'], ['lighthouse'], ['watchers'], ['reports']]) await run('npm', ['run', ...args]);
    },
  },
];

/**
 * The gates that run in one row, as they need the built Worker. The others run beside them: they need only the source, or, as `tools`, come last
 * in their row, where the Worker is built. So both rows take about as long.
 */
export const ABOUT_THE_WORKER = ['build', 'workerd', 'browser'];

async function onBuild(files, options) {
  await build();
  await runTests(files, options);
}
