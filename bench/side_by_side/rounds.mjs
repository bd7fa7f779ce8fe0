// Loads all programs in turn, round after round, so that other work on the machine affects all alike and the programs of one round can be compared.

import { say } from '../../tools/run.mjs';
import { spread } from '../../tools/text.mjs';
import { load } from './load.mjs';
import { directory, PROGRAMS } from './programs.mjs';

const FIGURES = ['cpuUs', 'visitsPerSecond', 'p50Ms', 'p99Ms', 'rssBytes', 'visitsABatch'];

const WARM_UP = { visits: 8_000, connections: 64 };

/**
 * Measures the named programs at each of `levels`, `{ connections, visits, seconds }`, in `rounds` rounds. The round before them is not counted: it
 * opens the connections and allocates memory. The result has an entry for each level and generator. The generators take turns within each round.
 */
export async function measureRounds(work, { counter, bins, before, names, levels, rounds, generators = ['oha'] }) {
  const running = new Map();
  try {
    for (const name of names) {
      running.set(name, await PROGRAMS[name].start(directory(work, 'rounds', name), { counter, bins, before }));
    }
    // Warms up, because the first level may have too few visits for V8 to compile all code.
    for (const [name, program] of running) await load(PROGRAMS[name], program, { ...WARM_UP, counter });
    const measured = [];
    for (const level of levels) measured.push(...(await measureLevel(running, counter, { level, rounds, generators })));
    return measured;
  } finally {
    running.forEach((program) => program.end());
  }
}

async function measureLevel(running, counter, { level, rounds, generators }) {
  const found = generators.map((generator) => ({ ...level, generator, all: new Map([...running.keys()].map((name) => [name, []])) }));
  for (let round = 0; round <= rounds; round += 1) {
    for (const { generator, all } of found) {
      for (const [name, program] of running) {
        const visits = level.visits * (PROGRAMS[name].times ?? 1);
        const one = await load(PROGRAMS[name], program, { ...level, visits, counter, generator });
        if (round > 0) all.get(name).push(one);
      }
    }
    say(`connections ${level.connections}: ${round === 0 ? 'warmed up' : `round ${round} of ${rounds}`}`);
  }
  return found.map(({ all, ...rest }) => ({ ...rest, programs: Object.fromEntries([...all].map(([name, list]) => [name, summary(list)])) }));
}

/** Each figure's value in every round, with the median. */
function summary(all) {
  const known = FIGURES.filter((figure) => all[0][figure] !== undefined);
  const figures = known.map((figure) => [figure, withRounds(all.map((one) => one[figure]))]);
  const busiest = (what) => Math.max(...all.map((one) => one[what]));
  const visits = all.reduce((sum, one) => sum + one.visits, 0);
  return { ...Object.fromEntries(figures), visits, generatorBusy: busiest('generatorBusy'), counterBusy: busiest('counterBusy') };
}

export const withRounds = (rounds) => ({ ...spread(rounds), rounds });

/** The one whose median is highest. */
export const worst = (figures) => figures.reduce((high, one) => (one.median > high.median ? one : high));

/** The ratio of two figures, round by round, so that what affects both does not affect the ratio. */
export const ratio = (one, other) => withRounds(one.rounds.map((value, round) => value / other.rounds[round]));
