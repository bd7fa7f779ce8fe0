// Loads a program with visits, and checks that each was answered correctly and counted once.

import { performance } from 'node:perf_hooks';
import { cpuSecondsOfEnded } from '../../tools/workerd/program.mjs';
import { SITE } from '../../tools/workerd/served.mjs';
import { GENERATORS } from './generators.mjs';
import { viewsOf } from './programs.mjs';

/**
 * Loads a program over `connections` connections: with `visits` visits, or for `seconds` where the generator works by time. Returns how long the
 * visits took and what `program` used. `of` is its entry in PROGRAMS. Throws if a visit was lost or counted twice.
 */
export async function load(of, program, { generator = 'oha', visits, seconds, connections, counter }) {
  const [before, batches] = [await viewsOf(of, program, counter), await of.batches?.(program)];
  const [cpu, ended, start] = [program.cpuSeconds(), cpuSecondsOfEnded(), performance.now()];
  const counterCpu = counter?.program.cpuSeconds();
  const said = await GENERATORS[generator](program.url(SITE, '/'), { visits, seconds, connections }).catch((error) => {
    throw new Error(`${of.title}: ${error.message}\n${program.log().slice(-4_000)}`);
  });
  const used = program.cpuSeconds() - cpu;
  const took = (performance.now() - start) / 1000;
  const counted = before === undefined ? said.answered : (await viewsOf(of, program, counter)) - before;
  if (counted < said.answered || counted > said.answered + said.left) {
    throw new Error(`${of.title}: ${said.answered} visits were answered and ${counted} counted; a run that lost a visit is not a result`);
  }
  return {
    visits: counted,
    cpuUs: (used / counted) * 1e6,
    visitsPerSecond: said.visitsPerSecond,
    p50Ms: said.p50Ms,
    p99Ms: said.p99Ms,
    rssBytes: program.rssBytes(),
    /** In the mean; only of programs that tell. */
    visitsABatch: batches && visitsABatch(batches, await of.batches(program)),
    /** How busy the generator and the counter were, as parts of a core. Neither must be the limit. */
    generatorBusy: (cpuSecondsOfEnded() - ended) / took,
    counterBusy: of.counts === 'external' ? (counter.program.cpuSeconds() - counterCpu) / took : 0,
  };
}

const visitsABatch = (before, after) => (after.visits - before.visits) / (after.batches - before.batches);
