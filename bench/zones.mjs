// Measures the CPU time that time zones cost. It asks the built Worker on workerd the same questions in UTC and in a zone, and prints the
// difference for three cases: the first question of an isolate in any zone, the first in another zone, and the mean of many.
//
// Run `node bench/zones.mjs` after `npm run build`. It takes a minute and runs on Linux only.

import { readFileSync } from 'node:fs';
import { startWorkerd } from '../tests/support/workerd.mjs';
import { where } from '../tools/where.mjs';

const DAY_MS = 86_400_000;

/** How many processes are measured, for a median; and how many questions each gets for the third case. */
const ROUNDS = 9;
const MANY = 100;

/** The questions: the days of the period, and the route with its parameters. */
const QUESTIONS = { 'summary, a day': [1, 'summary?'], 'summary, ten years': [3_650, 'summary?'], 'summary, compared': [3_650, 'summary?compare=previous&'], 'by hour, 31 days': [31, 'series?by=hour&'], 'by day, a day': [1, 'series?'], 'by day, ten years': [3_650, 'series?'], 'by week, ten years': [3_650, 'series?by=week&'] };

const ZONES = Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC');

/** The CPU time so far of the thread that runs JavaScript, in milliseconds. Compiler threads are left out, because no request waits for them. */
const cpuMs = (pid) => Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

/** Measures one process. Returns the added milliseconds of the three cases, and the ratio of the third. */
async function round([days, question]) {
  const ends = [];
  const footfall = await startWorkerd({ after: (end) => ends.push(end) }, { vars: { STATS: 'public', RATE_LIMITS: 'off', HOURS_KEPT_DAYS: '3660' } });
  let asked = 0;
  // Each question is for another period and page, so that no answer is cached.
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
    // Questions in UTC first warm up everything that has nothing to do with zones.
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
