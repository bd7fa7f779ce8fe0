// `npm test`: sets up what is missing and runs every gate, or stops at the first that fails.
// `npm test -- fmt clippy` runs only the named gates, `npm test -- workerd welcome` only a gate's tests with that word in their names.
// With `--watch`, they run again after each change.

import { watch } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { ABOUT_THE_WORKER, GATES, LONG_GATES } from './gates.mjs';
import { runTests } from './node_tests.mjs';
import { ROOT, TEST_TOOLS } from './pins.mjs';
import { aside, duration, endAll, main, say, Trouble } from './run.mjs';
import { setup } from './setup.mjs';
import { untried } from './untried.mjs';

const ALL = [...GATES, ...LONG_GATES];
const line = ({ name, what }) => `  ${name.padEnd(10)} ${what}`;
const HELP = `npm test                   all gates; those of the Worker beside those of the source
npm test -- GATE ...       only these:
${GATES.map(line).join('\n')}
or, only when named, as they take long:
${LONG_GATES.map(line).join('\n')}
npm test -- GATE WORD ...  only the tests that have one of the words:
${GATES.filter(({ words }) => words).map(({ name, words }) => line({ name, what: words })).join('\n')}
npm test -- ... --watch    again after each change, until Ctrl-C
`;

/** The folders that `--watch` watches. */
const WATCHED = ['src', 'assets', 'tests', 'tools', 'bench'];

/** How long to wait after a change: an editor writes a file in several steps. */
const SETTLE_MS = 100;

await main(async () => {
  const args = process.argv.slice(2);
  if (args.includes('--help')) return void process.stdout.write(HELP);
  const chosen = choose(args.filter((arg) => arg !== '--watch'));
  await setup({ tools: TEST_TOOLS });
  await (args.includes('--watch') ? passAgain(chosen) : pass(chosen));
});

/** The gates named in the arguments, each with the words that follow its name. */
function choose(args) {
  const chosen = [];
  for (const arg of args) {
    const gate = ALL.find(({ name }) => name === arg);
    if (gate) chosen.push({ ...gate, chosen: [] });
    else if (chosen.at(-1)?.words) chosen.at(-1).chosen.push(arg);
    else throw new Trouble(`${chosen.length > 0 ? `gate ${chosen.at(-1).name} takes no words, and ` : ''}there is no gate ${arg}\n\n${HELP}`);
  }
  return chosen.length > 0 ? chosen : GATES;
}

/** Runs the gates after each change, including changes that came while they ran. */
async function passAgain(gates) {
  let onChange;
  for (const folder of WATCHED) watch(join(ROOT, folder), { recursive: true }, () => onChange?.());
  for (;;) {
    const change = new Promise((resolve) => (onChange = resolve));
    await pass(gates).catch((error) => {
      if (!(error instanceof Trouble)) throw error;
      say(error.message);
    });
    say('waiting for a change; Ctrl-C ends this');
    await change;
    await sleep(SETTLE_MS);
  }
}

/** Runs named gates one after the other. All gates run in two sequences side by side. */
async function pass(gates) {
  const times = [];
  if (gates !== GATES) {
    for (const gate of gates) times.push(await passOne(gate));
  } else {
    const about = ({ name }) => ABOUT_THE_WORKER.includes(name);
    const postponed = [];
    const inRow = (row) => async () => {
      for (const gate of row) times.push(await passOne({ ...gate, postponed }));
    };
    await besides(inRow(GATES.filter(about)), () => aside(inRow(GATES.filter((gate) => !about(gate)))));
    times.push(await passOne({ name: 'alone', what: 'the tests that need the machine for themselves', run: () => runTests(postponed) }));
  }
  say(`all ${times.length} gates passed\n${times.map((line) => `  ${line}`).join('\n')}`);
  untried().forEach(say);
}

/** Does both at once. If one fails, the programs of the other are ended. */
async function besides(...both) {
  let first;
  await Promise.all(both.map((work) => work().catch((error) => {
    first ??= error;
    endAll();
  })));
  if (first) throw first;
}

async function passOne({ name, what, run, chosen, postponed }) {
  say(`gate ${name}: ${what}`);
  const start = performance.now();
  try {
    await run(chosen, postponed);
  } catch (error) {
    say(`gate ${name} FAILED after ${duration(performance.now() - start)}`);
    throw error;
  }
  const took = duration(performance.now() - start);
  say(`gate ${name}: passed in ${took}`);
  return `${name.padEnd(10)} ${took}`;
}
