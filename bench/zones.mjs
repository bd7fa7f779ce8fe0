// How much CPU time zones cost: the same questions asked in UTC and in a zone, of the built Worker on workerd. What is told is the difference, for
// the first question of an isolate in a zone, for one in a zone that it does not know yet, and for one of many.
//
// `node bench/zones.mjs` after `npm run build`; a minute, on Linux only.

import { readFileSync } from 'node:fs';
import { startWorkerd } from '../tests/support/workerd.mjs';
import { where } from '../tools/where.mjs';

const DAY_MS = 86_400_000;

/** Processes, of which the median is told; and questions of many to each. */
const ROUNDS = 9;
const MANY = 100;

/** Days of a period, and what is asked of it. */
const QUESTIONS = { 'summary, a day': [1, 'summary?'], 'summary, ten years': [3_650, 'summary?'], 'summary, compared': [3_650, 'summary?compare=previous&'], 'by hour, 31 days': [31, 'series?by=hour&'], 'by day, a day': [1, 'series?'], 'by day, ten years': [3_650, 'series?'], 'by week, ten years': [3_650, 'series?by=week&'] };

const ZONES = Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC');

/** CPU time of the thread that runs JavaScript so far, in milliseconds: that of a compiler beside it is nobody's request. */
const cpuMs = (pid) => Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

/** Asks one process, and tells what zones cost it in milliseconds. */
async function round([days, question]) {
  const ends = [];
  const footfall = await startWorkerd({ after: (end) => ends.push(end) }, { vars: { STATS: 'public', RATE_LIMITS: 'off', HOURS_KEPT_DAYS: '3660' } });
  let asked = 0;
  // Each of another period, so that nothing is told again.
  const ask = async (zone) => {
    asked += 1;
    const day = (ago) => new Date(Date.now() - (ago + (asked % 9)) * DAY_MS).toISOString().slice(0, 10);
    const page = `page=/${asked}&`;
    const path = `${question}${page}from=${day(days - 1)}&to=${day(0)}${zone ? `&tz=${encodeURIComponent(zone)}` : ''}`;
    const before = cpuMs(footfall.pid);
    const answer = await fetch(`${footfall.url}/api/sites/default/${path}`);
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    await answer.arrayBuffer();
    return cpuMs(footfall.pid) - before;
  };
  try {
    // What has nothing to do with zones is warm before.
    const warm = [];
    for (let n = 0; n < 12; n += 1) warm.push(await ask());
    const utc = median(warm.slice(6));
    const first = await ask('Europe/Berlin');
    const other = await ask('Australia/Lord_Howe');
    let [inUtc, inZones] = [0, 0];
    for (let n = 0; n < MANY; n += 1) {
      inUtc += (await ask()) / MANY;
      inZones += (await ask(ZONES[(n * 7) % ZONES.length])) / MANY;
    }
    return [first - utc, other - utc, inZones - inUtc, inZones / inUtc];
  } finally {
    for (const end of ends) await end();
  }
}

console.log(JSON.stringify(await where('src', 'bench')));
console.log('ms of CPU that a zone adds, medians: the first of an isolate; another zone; one of many; one of many in a zone / in UTC');
for (const [name, question] of Object.entries(QUESTIONS)) {
  const rounds = [];
  for (let n = 0; n < ROUNDS; n += 1) rounds.push(await round(question));
  console.log(`${name}: ${[0, 1, 2, 3].map((at) => median(rounds.map((one) => one[at])).toFixed(2)).join('  ')}`);
}
