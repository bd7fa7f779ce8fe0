// Measures what a start costs: the CPU time of the whole process from its spawn to its first answer. The storage exists already, as it does for
// every isolate but the very first.

import { say } from '../../tools/run.mjs';
import { directory, NOTHING, PROGRAMS, viewsOf, WELCOME } from './programs.mjs';
import { withRounds } from './rounds.mjs';
import { SITE } from '../../tools/workerd/served.mjs';
import { startWorkerd } from '../../tools/workerd/program.mjs';

const STARTED = { nothing: NOTHING, constant: PROGRAMS.constant, object: PROGRAMS.object, footfall: PROGRAMS.footfall };

/** Starts each program several times, in turn. The first start is not counted: it makes the storage. */
export async function measureStarts(work, rounds) {
  const found = Object.fromEntries(Object.keys(STARTED).map((name) => [name, []]));
  const dirs = Object.fromEntries(Object.keys(STARTED).map((name) => [name, directory(work, 'starts', name)]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, of] of Object.entries(STARTED)) {
      const program = round === 0 ? await of.start(dirs[name], {}) : await startWorkerd(dirs[name], [SITE]);
      try {
        const cpu = await firstAnswer(of, program);
        if (round > 0) found[name].push(cpu);
        const views = await viewsOf(of, program);
        if (views !== undefined && views !== round + 1) throw new Error(`${of.title}: ${round + 1} visits in as many starts, ${views} counted`);
      } finally {
        program.end();
      }
    }
  }
  say(`started each ${rounds} times`);
  return Object.fromEntries(Object.entries(found).map(([name, all]) => [name, withRounds(all)]));
}

/** Milliseconds of CPU. A start takes some hundredths of a second, so this reads the exact clock of the threads. */
async function firstAnswer({ title }, program) {
  const text = await program.text(SITE, title === NOTHING.title ? '/index.txt' : '/');
  const cpu = program.cpuSecondsOfThreads() * 1e3;
  if (text !== WELCOME) throw new Error(`${title}: the first answer was ${text}`);
  return cpu;
}
