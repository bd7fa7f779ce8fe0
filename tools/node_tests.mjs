// Runs test files with Node's test runner on the Node that is itself a dependency.
//
// Files run side by side, because each starts its own servers on free ports. A file that measures or that needs the whole machine runs alone
// after the others. It has a line that says so: `// Runs alone: REASON`.

import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { npmBin, ROOT, toolEnv } from './pins.mjs';
import { run, Trouble } from './run.mjs';

/** Two files for each core: a test that waits for a timer of the Worker leaves its core idle. */
const SIDE_BY_SIDE = availableParallelism() * 2;

const ALONE = /^\/\/ Runs alone: \S/m;

/** The test files of a folder. If there are `words`, only the files whose name contains one of them. */
export function testsIn(folder, words = []) {
  const files = readdirSync(join(ROOT, folder)).filter((file) => file.endsWith('.test.mjs')).sort();
  const chosen = files.filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
  if (chosen.length === 0) {
    throw new Trouble(`${folder} has no test file whose name contains ${words.join(' or ')}; it has ${files.map((file) => file.replace('.test.mjs', '')).join(', ')}`);
  }
  return chosen.map((file) => join(folder, file));
}

/**
 * Runs test files: first side by side those that share the machine, then one by one those that run alone. With a list `postponed`, the latter
 * are added to it instead. `env` is added to the environment.
 */
export async function runTests(files, { env, postponed } = {}) {
  const alone = files.filter((file) => ALONE.test(readFileSync(join(ROOT, file), 'utf8')));
  const together = files.filter((file) => !alone.includes(file));
  if (together.length > 0) await runFiles(together, SIDE_BY_SIDE, env);
  if (postponed) postponed.push(...alone);
  else if (alone.length > 0) await runFiles(alone, 1, env);
}

async function runFiles(files, concurrency, env) {
  const reporters = ['spec', join(ROOT, 'tools', 'slow_tests.mjs')].flatMap((name) => [`--test-reporter=${name}`, '--test-reporter-destination=stdout']);
  await run(npmBin('node'), ['--test', `--test-concurrency=${concurrency}`, ...reporters, ...files], { env: toolEnv(env) });
}
