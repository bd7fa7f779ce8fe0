// Load on all programs in turn, round after round: whatever else the machine does falls on all alike, and the programs of one
// round can be compared with each other.

import { say } from '../../tools/run.mjs';
import { spread } from '../../tools/text.mjs';
import { load } from './load.mjs';
import { directory, PROGRAMS } from './programs.mjs';

const FIGURES = ['cpuUs', 'visitsPerSecond', 'p50Ms', 'p99Ms', 'rssBytes'];

const WARM_UP = { visits: 8_000, connections: 64 };

/**
 * Measures the programs of these names at each of `levels`, `{ connections, visits }`, in so many rounds after one that is not
 * counted, in which all connections and rooms of memory are made.
 */
export async function measureRounds(work, { counter, bins, before, names, levels, rounds }) {
  const running = new Map();
  try {
    for (const name of names) {
      running.set(name, await PROGRAMS[name].start(directory(work, 'rounds', name), { counter, bins, before }));
    }
    // Before the first level, which may have too few visits for V8 to compile all that runs.
    for (const [name, program] of running) await load(PROGRAMS[name], program, { ...WARM_UP, counter });
    const measured = [];
    for (const level of levels) measured.push({ ...level, programs: await measureLevel(running, counter, level, rounds) });
    return measured;
  } finally {
    running.forEach((program) => program.end());
  }
}

async function measureLevel(running, counter, level, rounds) {
  const found = new Map([...running.keys()].map((name) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, program] of running) {
      const one = await load(PROGRAMS[name], program, { ...level, counter });
      if (round > 0) found.get(name).push(one);
    }
    say(`connections ${level.connections}: ${round === 0 ? 'warmed up' : `round ${round} of ${rounds}`}`);
  }
  return Object.fromEntries([...found].map(([name, all]) => [name, summary(all)]));
}

/** Of each figure its value in every round, and what lies in the middle. */
function summary(all) {
  const figures = FIGURES.map((figure) => [figure, withRounds(all.map((one) => one[figure]))]);
  const busiest = (what) => Math.max(...all.map((one) => one[what]));
  return { ...Object.fromEntries(figures), ohaBusy: busiest('ohaBusy'), counterBusy: busiest('counterBusy') };
}

export const withRounds = (rounds) => ({ ...spread(rounds), rounds });

/** One figure over another, round by round: what moved both does not move the ratio. */
export const ratio = (one, other) => withRounds(one.rounds.map((value, round) => value / other.rounds[round]));
