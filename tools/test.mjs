// `npm test`: sets up what is missing and passes every gate, or stops at the first that is shut.
// `npm test -- fmt clippy` passes only the gates named, `npm test -- workerd welcome` only a gate's tests with that word in their names.

import { performance } from 'node:perf_hooks';
import { GATES, LONG_GATES } from './gates.mjs';
import { TEST_TOOLS } from './pins.mjs';
import { duration, main, say, Trouble } from './run.mjs';
import { setup } from './setup.mjs';
import { untried } from './untried.mjs';

const ALL = [...GATES, ...LONG_GATES];
const line = ({ name, what }) => `  ${name.padEnd(10)} ${what}`;
const HELP = `npm test                   all gates, in this order
npm test -- GATE ...       only these:
${GATES.map(line).join('\n')}
or, only when named, as they take long:
${LONG_GATES.map(line).join('\n')}
npm test -- GATE WORD ...  only the tests that have one of the words:
${GATES.filter(({ words }) => words).map(({ name, words }) => line({ name, what: words })).join('\n')}
`;

await main(async () => {
  const args = process.argv.slice(2);
  if (args.includes('--help')) return void process.stdout.write(HELP);
  const chosen = choose(args);
  await setup({ tools: TEST_TOOLS });
  await pass(chosen);
});

/** The gates that are named, each with the words that follow its name. */
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

async function pass(gates) {
  const lines = [];
  for (const { name, what, run, chosen } of gates) {
    say(`gate ${name}: ${what}`);
    const start = performance.now();
    try {
      await run(chosen);
    } catch (error) {
      say(`gate ${name} FAILED after ${duration(performance.now() - start)}`);
      throw error;
    }
    const took = duration(performance.now() - start);
    say(`gate ${name}: passed in ${took}`);
    lines.push(`${name.padEnd(10)} ${took}`);
  }
  say(`all ${gates.length} gates passed\n${lines.map((line) => `  ${line}`).join('\n')}`);
  untried().forEach(say);
}
