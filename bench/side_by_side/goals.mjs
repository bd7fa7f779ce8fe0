// The goals: what Footfall must reach and what it aims at, compared with the results of one run.

import { OBJECTS } from './programs.mjs';
import { ratio, withRounds, worst } from './rounds.mjs';
import { two, whole } from '../../tools/text.mjs';

const times = (number) => number.toFixed(2);
const kib = (bytes) => `${two(bytes / 1024)} KiB`;
const kb = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;

const cpu = (one, other) => ({ at64 }) => ratio(at64[one].cpuUs, at64[other].cpuUs);

/** Footfall's CPU a visit to that of the others, whichever of them and of the generators is least favourable. */
const cpuUnderBoth = (others) => ({ generators: { disk } }) =>
  worst(disk.flatMap(({ programs }) => others.map((other) => ratio(programs.footfall.cpuUs, programs[other].cpuUs))));

/** `figure` finds the value in a run. Values should be low, except those with `atLeast`. */
const GOALS = [
  {
    measure: 'embedded counter, durable ack, CPU a visit, against the cheapest plain JS Worker + Durable Object, the less favourable generator',
    must: 0.5,
    aim: 0.33,
    figure: cpuUnderBoth(OBJECTS),
  },
  { measure: 'the same, against the plain JS constant answer', must: 2.5, aim: 1.5, figure: cpuUnderBoth(['constant']) },
  { measure: 'the same, with oha, against axum + reqwest as usually written', must: 1.5, aim: 1, figure: cpu('footfall', 'axumNew') },
  {
    measure: 'external counter, one POST a visit, against the plain JS Worker doing the same',
    must: 1.5,
    aim: 1,
    figure: cpu('footfallPost', 'post'),
  },
  {
    measure: 'one shard, visits/s committed on one core, batches of 100',
    must: 15_000,
    aim: 30_000,
    atLeast: true,
    show: whole,
    figure: ({ shard }) => withRounds(shard.batchUsByRound.map((us) => (1e6 * shard.visits) / us)),
  },
  {
    measure: 'embedded, 1 connection: p50 wait against the plain JS Worker + Durable Object',
    must: 1.2,
    aim: 1,
    figure: ({ at1 }) => ratio(at1.footfall.p50Ms, at1.object.p50Ms),
  },
  {
    measure: '4,000 visits in flight: workerd memory, against the plain JS Worker in the same state',
    must: 1.3,
    aim: 1,
    figure: ({ inFlight: { programs } }) => ratio(programs.footfallPost.rssBytes, programs.post.rssBytes),
  },
  {
    measure: 'wasm linear memory a visit in flight',
    must: 4 * 1024,
    aim: 2 * 1024,
    show: kib,
    figure: ({ inFlight: { programs } }) => programs.footfallPost.wasmBytesAVisit,
  },
  {
    measure: 'the deployable, gzip',
    must: 110_000,
    aim: 80_000,
    show: kb,
    figure: ({ deployable }) => withRounds([deployable.gzipBytes]),
  },
  {
    measure: 'CPU from start of the isolate to the first answer, against the plain JS Worker',
    must: 2,
    aim: 1.5,
    // Against the Worker with an object, because Footfall's first visit also opens a database; and for the whole process, which is what starts.
    figure: ({ starts }) => ratio(starts.footfall, starts.object),
  },
];

/** Each goal with its measured value, and whether the median reaches the aim, the must, or neither. */
export function judged(run) {
  const at = (connections) => run.levels.find((level) => level.connections === connections).programs;
  const known = { ...run, at1: at(1), at64: at(64) };
  return GOALS.map(({ measure, must, aim, atLeast = false, show = times, figure }) => {
    const { median, min, max } = figure(known);
    const reaches = (goal) => (atLeast ? median >= goal : median <= goal);
    const met = reaches(aim) ? 'aim' : reaches(must) ? 'must' : 'no';
    const sign = atLeast ? '>=' : '<=';
    const shown = { must: `${sign} ${show(must)}`, aim: `${sign} ${show(aim)}`, measured: range({ median, min, max }, show) };
    return { measure, must, aim, atLeast, median, min, max, met, shown };
  });
}

/** A median with the least and the greatest, unless all three read the same. */
export function range({ median, min, max }, show) {
  const [middle, least, most] = [median, min, max].map(show);
  return least === most ? middle : `${middle} (${least} to ${most})`;
}
