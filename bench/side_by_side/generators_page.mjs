// The part of docs/bench.md about two generators of load. It contains no number that a run measures.

import { markdown, three, two } from '../../tools/text.mjs';
import { range } from './goals.mjs';
import { OBJECTS } from './programs.mjs';
import { ratio } from './rounds.mjs';

const WHERE = { disk: 'on disk', memory: 'in memory' };
const times = (number) => number.toFixed(2);

const NAMES = { constant: 'constant answer', object: 'object, by page', objectUpdate: 'object, one number', objectFetch: 'object, `fetch`' };

const lines = (generators) => Object.entries(generators).flatMap(([where, measured]) => measured.map((one) => ({ where, ...one })));

/** Footfall against each of the others, with each generator, on disk and in memory. */
export function generatorsTable({ generators }) {
  const rows = lines(generators).map(({ where, generator, programs: { footfall, ...others } }) => [
    `${generator}, files ${WHERE[where]}`,
    range(footfall.cpuUs, three),
    ...Object.keys(NAMES).map((name) => `${range(ratio(footfall.cpuUs, others[name].cpuUs), times)} of ${three(others[name].cpuUs.median)}`),
    two(footfall.visitsABatch.median),
  ]);
  return markdown(['generator', 'Footfall embedded, CPU a visit, us', ...Object.values(NAMES).map((name) => `to ${name}`), 'visits a batch'], rows, 0);
}

/** The part of the page. */
export function generatorsPart(run) {
  const { disk, memory } = run.generators;
  const of = (measured, name) => measured.map(({ programs }) => programs[name].cpuUs.median);
  const span = (numbers, show) => [...new Set([Math.min(...numbers), Math.max(...numbers)].map(show))].join(' to ');
  const objects = (measured) => OBJECTS.flatMap((name) => of(measured, name));
  const to = (measured, names) => measured.flatMap(({ programs }) => names.map((name) => ratio(programs.footfall.cpuUs, programs[name].cpuUs).median));
  const batches = [...disk, ...memory].map(({ programs }) => programs.footfall.visitsABatch.median);
  return `## Two generators, three objects

${run.wrk} sends the same visits over ${disk[0].connections} connections, in turn with oha within the same rounds. An object in plain JavaScript is
written in three ways: as above, it counts by page and returns the count; or it updates the only number and returns nothing; or its
Worker calls it with \`fetch\`. Each cell is Footfall's CPU a visit to that of the program, whose own median is in us after "of".

${generatorsTable(run)}

Which generator sends the visits matters little: both keep ${disk[0].connections} requests in flight, so batches hold ${span(batches, two)} visits with either. What matters
is what the ratio is taken to. An object in JavaScript commits once a visit, whichever way it is written: it writes and syncs a file each time, and
Footfall does so once a batch. So the ratio depends on what the machine's storage takes for a commit. On this disk a visit to an object costs
${span(objects(disk), three)} us, and Footfall ${span(to(disk, OBJECTS), times)} of that; with files in memory ${span(objects(memory), three)} us, and Footfall ${span(to(memory, OBJECTS), times)} of that. A disk
between the two gives a ratio between the two. The constant answer writes nothing, so Footfall is ${span(to([...disk, ...memory], ['constant']), times)} times as much on either.`;
}
