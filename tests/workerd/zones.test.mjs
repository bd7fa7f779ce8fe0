// When days begin in a time zone: the part of the statistics that runs as plain JavaScript, against every quarter of an hour asked one
// by one, and once on workerd.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { clockOf, quarterAt, startsOf, weekOf } from '../../src/edge/handlers/zone.js';
import { ROOT } from '../../tools/pins.mjs';
import { call } from '../support/client.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const DAY_MS = 86_400_000;
const QUARTER_MS = 900_000;
const day = (date) => Date.parse(date) / DAY_MS;
const quarter = (time) => Date.parse(time) / QUARTER_MS;

test('F22, F23: days begin when the clocks of the zone say so', () => {
  for (const [zone, date, start, quarters] of [
    ['Europe/Berlin', '2026-03-28', '2026-03-27T23:00Z', 96],
    ['Europe/Berlin', '2026-03-29', '2026-03-28T23:00Z', 92],
    ['Europe/Berlin', '2026-10-25', '2026-10-24T22:00Z', 100],
    ['America/New_York', '2026-11-01', '2026-11-01T04:00Z', 100],
    ['Pacific/Kiritimati', '2026-11-22', '2026-11-21T10:00Z', 96],
    ['Asia/Kolkata', '2026-11-22', '2026-11-21T18:30Z', 96],
    ['Asia/Tehran', '2026-11-22', '2026-11-21T20:30Z', 96],
    ['Asia/Kathmandu', '2026-11-22', '2026-11-21T18:15Z', 96],
    ['Pacific/Chatham', '2026-11-22', '2026-11-21T10:15Z', 96],
    // Half an hour of summer time.
    ['Australia/Lord_Howe', '2026-10-04', '2026-10-03T13:30Z', 94],
    ['Australia/Lord_Howe', '2026-04-05', '2026-04-04T13:00Z', 98],
    // Midnight itself is skipped there: the day begins at one o'clock.
    ['America/Sao_Paulo', '2018-11-04', '2018-11-04T03:00Z', 92],
    // The day that was left out.
    ['Pacific/Apia', '2011-12-29', '2011-12-29T10:00Z', 96],
    ['Pacific/Apia', '2011-12-30', '2011-12-30T10:00Z', 0],
    ['Pacific/Apia', '2011-12-31', '2011-12-30T10:00Z', 96],
  ]) {
    const [first, next] = startsOf(zone, day(date), day(date));
    assert.deepEqual([first, next - first], [quarter(start), quarters], `${zone} ${date}`);
  }
});

/** Numbers that look random and are the same each time (mulberry32). */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

test('F22, F23: in every zone that there is, days begin where a quarter of an hour first has their date', () => {
  const [from, to] = [day('1970-01-03'), day('2037-12-30')];
  const next = random(14);
  let tried = 0;
  for (const zone of Intl.supportedValuesOf('timeZone')) {
    const format = new Intl.DateTimeFormat('en', { timeZone: zone, year: 'numeric', month: 'numeric', day: 'numeric' });
    const dayOf = (quarter) => {
      const part = Object.fromEntries(format.formatToParts((quarter + 0.5) * QUARTER_MS).map(({ type, value }) => [type, Number(value)]));
      return Date.UTC(part.year, part.month - 1, part.day) / DAY_MS;
    };
    const starts = startsOf(zone, from, to);
    const days = new Set([0, 1, 2, 3].map(() => from + Math.floor(next() * (to - from))));
    // Around each day that is longer or shorter than others, of the years in which there are visits.
    for (let one = day('2010-01-01'); one < day('2030-01-01'); one += 1) {
      if (starts[one + 1 - from] - starts[one - from] !== 96) [-1, 0, 1].forEach((near) => days.add(one + near));
    }
    for (const one of days) {
      let first = one * 96 - 60;
      while (dayOf(first) < one) first += 1;
      assert.equal(starts[one - from], first, `${zone}, day ${one}`);
      assert.equal(quarterAt(zone, one * 96), first, `${zone}, the end of day ${one}`);
      tried += 1;
    }
  }
  assert.ok(tried > 5_000, `${tried} days`);
});

test('the clock of a zone is read, and no zone and no language are none', () => {
  const time = Date.parse('2026-11-22T23:40Z');
  const at = (zone) => clockOf(zone, time);
  assert.equal(at('UTC'), quarter('2026-11-22T23:30Z'));
  assert.equal(at('Europe/Berlin'), quarter('2026-11-23T00:30Z'));
  assert.equal(at('Asia/Kathmandu'), quarter('2026-11-23T05:15Z'));
  assert.equal(at('America/New_York'), quarter('2026-11-22T18:30Z'));
  assert.equal(at('Middle/Earth'), undefined);
  assert.deepEqual(['de', 'en-US', 'ar-EG', 'xx_!'].map(weekOf), [1, 7, 6, undefined]);
});

test('F22, F23: the same zones begin their days on workerd', async (t) => {
  const zones = ['America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Pacific/Apia', 'Africa/Casablanca', 'America/St_Johns'];
  const [from, to] = [day('2007-01-01'), day('2016-12-31')];
  const source = `${readFileSync(join(ROOT, 'src/edge/handlers/zone.js'), 'utf8')}
    export default { fetch: () => Response.json(${JSON.stringify(zones)}.map((zone) => [...startsOf(zone, ${from}, ${to})])) };`;
  const footfall = await startWorkerd(t, { services: { zones: { source, services: {} } }, expose: ['zones'] });
  const { json } = await call(`http://127.0.0.1:${footfall.ports.zones}/`);
  for (const [at, zone] of zones.entries()) assert.deepEqual(json[at], [...startsOf(zone, from, to)], zone);
});
