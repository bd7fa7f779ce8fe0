// The beginnings of days and hours in time zones. This part of the statistics is plain JavaScript. It is checked against the clock at every quarter of
// an hour, and once on workerd.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { clockOf, hoursOf, quarterAt, startsOf, weekOf } from '../../src/edge/handlers/zone.js';
import { ROOT } from '../../tools/pins.mjs';
import { call } from '../support/client.mjs';
import { mulberry32 } from '../support/random.mjs';
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
    // Summer time of half an hour.
    ['Australia/Lord_Howe', '2026-10-04', '2026-10-03T13:30Z', 94],
    ['Australia/Lord_Howe', '2026-04-05', '2026-04-04T13:00Z', 98],
    // There, midnight is skipped, and the day begins at one o'clock.
    ['America/Sao_Paulo', '2018-11-04', '2018-11-04T03:00Z', 92],
    // The day that was skipped.
    ['Pacific/Apia', '2011-12-29', '2011-12-29T10:00Z', 96],
    ['Pacific/Apia', '2011-12-30', '2011-12-30T10:00Z', 0],
    ['Pacific/Apia', '2011-12-31', '2011-12-30T10:00Z', 96],
  ]) {
    const [first, next] = startsOf(zone, day(date), day(date));
    assert.deepEqual([first, next - first], [quarter(start), quarters], `${zone} ${date}`);
  }
});

/** The clock of a zone at each quarter: its date and time as if it were UTC, in quarters, and its day. */
function wallOf(zone) {
  const format = new Intl.DateTimeFormat('en', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' });
  return (quarter) => {
    const part = Object.fromEntries(format.formatToParts((quarter + 0.5) * QUARTER_MS).map(({ type, value }) => [type, Number(value)]));
    return Math.floor(Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute) / QUARTER_MS);
  };
}

/** The days around which the clock of a zone changes compared with three days before. */
function changedOf(zone, from, to) {
  const format = new Intl.DateTimeFormat('en', { timeZone: zone, day: 'numeric', timeZoneName: 'longOffset' });
  const offsetOn = (day) => format.format(day * DAY_MS).replace(/^\d+/, '');
  const days = [];
  let last = offsetOn(from);
  for (let one = from + 3; one < to; one += 3) {
    const offset = offsetOn(one);
    if (offset !== last) days.push(one);
    last = offset;
  }
  return days;
}

test('F22, F23: in every zone, days and hours begin where its clock says, read at each quarter of an hour', () => {
  const [from, to] = [day('1970-01-05'), day('2059-12-30')];
  const next = mulberry32(14);
  let [days, hours] = [0, 0];
  for (const zone of Intl.supportedValuesOf('timeZone')) {
    const wall = wallOf(zone);
    const starts = startsOf(zone, from, to);
    const some = new Set([0, 1, 2].map(() => from + Math.floor(next() * (to - from))));
    // All changes that were soon reversed, and those of some years of visits.
    const changed = changedOf(zone, from, to);
    for (const [at, one] of changed.entries()) {
      const isShort = changed[at + 1] - one < 40 || one - changed[at - 1] < 40;
      if (isShort || (one >= day('2011-06-01') && one < day('2012-06-01')) || (one >= day('2026-01-01') && one < day('2027-01-01'))) [-4, -3, -2, -1, 0, 1].forEach((near) => some.add(one + near));
    }
    for (const one of some) {
      let first = one * 96 - 60;
      while (wall(first) < one * 96) first += 1;
      assert.equal(starts[one - from], first, `${zone}, day ${one}`);
      assert.equal(quarterAt(zone, one * 96), first, `${zone}, the end of day ${one}`);
      // For every beginning of the period, because the clock is read only once in some days.
      for (const back of [13, Math.floor(next() * 13)]) assert.equal(startsOf(zone, one - back, one + 13)[back], first, `${zone}, day ${one} of a period`);
      days += 1;
      const until = starts[one + 1 - from];
      const expected = [];
      for (let [quarter, last] = [first, -1]; quarter < until; quarter += 1) {
        const now = wall(quarter);
        if (Math.floor(now / 4) !== Math.floor(last / 4) || now < last) expected.push(quarter);
        last = now;
      }
      assert.deepEqual([...hoursOf(zone, first, until)], [...expected, until], `${zone}, hours of day ${one}`);
      hours += expected.length;
    }
  }
  assert.ok(days > 5_000 && hours > 120_000, `${days} days, ${hours} hours`);
});

test('F22, F23: hours follow the clock of the zone', () => {
  const told = (zone, date) => {
    const [first, last] = startsOf(zone, day(date), day(date));
    const hours = [...hoursOf(zone, first, last)];
    return [hours.length - 1, hours.slice(1).map((hour, at) => hour - hours[at]).filter((quarters) => quarters !== 4), new Date(hours[0] * QUARTER_MS).toISOString().slice(11, 16)];
  };
  assert.deepEqual(told('Asia/Kolkata', '2026-11-22'), [24, [], '18:30']);
  assert.deepEqual(told('Asia/Kathmandu', '2026-11-22'), [24, [], '18:15']);
  assert.deepEqual(told('Asia/Tehran', '2026-11-22'), [24, [], '20:30']);
  assert.deepEqual(told('Australia/Adelaide', '2026-10-04'), [23, [], '14:30']);
  assert.deepEqual(told('America/New_York', '2026-11-01'), [25, [], '04:00']);
  // On Lord Howe, the clock goes from two back to half past one, and from two to half past two. In Troll, it goes from three to one.
  assert.deepEqual(told('Australia/Lord_Howe', '2026-04-05'), [25, [2], '13:00']);
  assert.deepEqual(told('Australia/Lord_Howe', '2026-10-04'), [24, [2], '13:30']);
  assert.deepEqual(told('Antarctica/Troll', '2026-10-25'), [26, [], '22:00']);
  assert.deepEqual(told('Antarctica/Troll', '2026-03-29'), [22, [], '00:00']);
  assert.deepEqual(told('Pacific/Apia', '2011-12-30'), [0, [], '10:00']);
});

test('the clock of a zone is read, and an unknown zone or language has none', () => {
  const time = Date.parse('2026-11-22T23:40Z');
  const at = (zone) => clockOf(zone, time);
  assert.equal(at('UTC'), quarter('2026-11-22T23:30Z'));
  assert.equal(at('Europe/Berlin'), quarter('2026-11-23T00:30Z'));
  assert.equal(at('Asia/Kathmandu'), quarter('2026-11-23T05:15Z'));
  assert.equal(at('America/New_York'), quarter('2026-11-22T18:30Z'));
  assert.equal(at('Middle/Earth'), undefined);
  assert.deepEqual(['de', 'en-US', 'ar-EG', 'xx_!'].map(weekOf), [1, 7, 6, undefined]);
});

test('F22, F23: workerd begins the days of the same zones at the same times', async (t) => {
  const zones = ['America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Pacific/Apia', 'Africa/Casablanca', 'America/St_Johns'];
  const [from, to] = [day('2007-01-01'), day('2016-12-31')];
  const source = `${readFileSync(join(ROOT, 'src/edge/handlers/zone.js'), 'utf8')}
    const told = (zone) => { const starts = startsOf(zone, ${from}, ${to}); return [...starts, ...hoursOf(zone, starts[1826], starts[1857])]; };
    export default { fetch: () => Response.json(${JSON.stringify(zones)}.map(told)) };`;
  const footfall = await startWorkerd(t, { services: { zones: { source, services: {} } }, expose: ['zones'] });
  const { json } = await call(`http://127.0.0.1:${footfall.ports.zones}/`);
  for (const [at, zone] of zones.entries()) {
    const starts = startsOf(zone, from, to);
    assert.deepEqual(json[at], [...starts, ...hoursOf(zone, starts[1826], starts[1857])], zone);
  }
});
