// `npm test`: sets up what is missing and passes every gate, or stops at the first that is shut.
// `npm test -- fmt clippy` passes only the gates named.

import { performance } from 'node:perf_hooks';
import { GATES, LONG_GATES } from './gates.mjs';
import { TEST_TOOLS } from './pins.mjs';
import { duration, main, say, Trouble } from './run.mjs';
import { setup } from './setup.mjs';

const ALL = [...GATES, ...LONG_GATES];
const line = ({ name, what }) => `  ${name.padEnd(10)} ${what}`;
const HELP = `npm test                 all gates, in this order
npm test -- NAME ...     only these:
${GATES.map(line).join('\n')}
or, only when named, as they take long:
${LONG_GATES.map(line).join('\n')}
`;

await main(async () => {
  const args = process.argv.slice(2);
  if (args.includes('--help')) return void process.stdout.write(HELP);
  const unknown = args.filter((arg) => !ALL.some(({ name }) => name === arg));
  if (unknown.length > 0) throw new Trouble(`there is no gate ${unknown.join(', ')}\n\n${HELP}`);
  await setup({ tools: TEST_TOOLS });
  await pass(args.length === 0 ? GATES : ALL.filter(({ name }) => args.includes(name)));
});

async function pass(gates) {
  const lines = [];
  for (const { name, what, run } of gates) {
    say(`gate ${name}: ${what}`);
    const start = performance.now();
    try {
      await run();
    } catch (error) {
      say(`gate ${name} FAILED after ${duration(performance.now() - start)}`);
      throw error;
    }
    const took = duration(performance.now() - start);
    say(`gate ${name}: passed in ${took}`);
    lines.push(`${name.padEnd(10)} ${took}`);
  }
  say(`all ${gates.length} gates passed\n${lines.map((line) => `  ${line}`).join('\n')}`);
}
