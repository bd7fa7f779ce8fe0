// `npm run compare -- DIR`: compares the Worker of the source with an older build in DIR (a copy of build/), and both with the plain JS Worker
// with an object. It prints the ratios of one run, which show what a change costs.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { builtModules } from '../tools/workerd/built.mjs';
import { build } from '../tools/build.mjs';
import { BENCH_TOOLS } from '../tools/pins.mjs';
import { main, Trouble } from '../tools/run.mjs';
import { setup } from '../tools/setup.mjs';
import { measureRounds, ratio } from './side_by_side/rounds.mjs';

const LEVELS = [{ connections: 1, visits: 4_000 }, { connections: 64, visits: 8_000 }, { connections: 1_000, visits: 8_000 }];
const ROUNDS = 7;

const shown = ({ median, min, max }) => `${median.toFixed(3)} (${min.toFixed(3)} to ${max.toFixed(3)})`;

await main(async () => {
  const [dir, ...more] = process.argv.slice(2);
  if (dir === undefined || more.length > 0) throw new Trouble('npm run compare -- DIR, where DIR has index.js and index_bg.wasm of another build');
  const before = resolve(dir);
  builtModules(before);
  await setup({ tools: BENCH_TOOLS });
  await build();
  const work = mkdtempSync(join(tmpdir(), 'footfall-compare-'));
  try {
    const levels = await measureRounds(work, { before, names: ['object', 'before', 'footfall'], levels: LEVELS, rounds: ROUNDS });
    for (const { connections, programs: { object, before: was, footfall: is } } of levels) {
      const micros = (program) => `${program.cpuUs.median.toFixed(0)} us`;
      process.stdout.write(`${connections} connections, CPU a visit: was ${micros(was)}, is ${micros(is)}; is/was ${shown(ratio(is.cpuUs, was.cpuUs))}, is/plain JS ${shown(ratio(is.cpuUs, object.cpuUs))}\n`);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});
