// Reports by time in every time zone, on the real Worker. A site with quarters of an hour and older, rolled-up days is read by hour, day, week and
// month. Each number is checked against a sum that reads the clock of the zone at each quarter of an hour.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call } from '../support/client.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const [DAY_MS, QUARTER_MS] = [86_400_000, 900_000];
const TOKEN = 'owner-of-a-test-0123';
const [KEPT, ROLLED] = [40, 25];

const dated = (day) => new Date(day * DAY_MS).toISOString().slice(0, 10);
const labelled = (quarter) => new Date(quarter * QUARTER_MS).toISOString().replace(':00.000Z', 'Z');

/** The first day of a week: 1 is Monday, 7 is Sunday. */
function weekOf(date, first) {
  let time = Date.parse(date);
  while (new Date(time).getUTCDay() !== first % 7) time -= DAY_MS;
  return dated(time / DAY_MS);
}

/** Views and visitors: some in most quarters, different in each quarter and on each day of UTC. */
const countsOf = (number) => ({ views: (number * 7919) % 13, visitors: (number * 104_729) % 3 });

/**
 * A Worker that returns what the clock of a zone shows at the given quarters, as `2026-11-22 23:45`. Node cannot do this: its rules may differ from
 * workerd's, because the rules of zones change several times a year.
 */
const CLOCK = `export default {
  fetch(request) {
    const query = new URL(request.url).searchParams;
    const [from, until] = [Number(query.get('from')), Number(query.get('until'))];
    // Sweden writes dates as in ISO 8601.
    const format = new Intl.DateTimeFormat('sv-SE', { timeZone: query.get('tz'), dateStyle: 'short', timeStyle: 'short' });
    return Response.json(Array.from({ length: until - from }, (_, n) => format.format((from + n + 0.5) * ${QUARTER_MS})));
  },
};`;

/** Adds up lines by label, in order. */
function summed(lines) {
  const sums = new Map();
  for (const { time, views, visitors } of lines) {
    const sum = sums.get(time) ?? { time, views: 0, visitors: 0 };
    sums.set(time, { time, views: sum.views + views, visitors: sum.visitors + visitors });
  }
  return [...sums.values()];
}

// Kwajalein skipped a 21 August, and Samoa a 30 December. In the north, clocks change by an hour, and on Lord Howe by half an hour.
for (const now of ['1993-09-10T12:00Z', '2012-01-15T12:00Z', '2026-04-12T12:00Z', '2026-11-05T12:00Z']) {
  test(`F22, F23: in every zone, reports follow its clock by hour, day, week and month, up to ${now.slice(0, 10)}`, async (t) => {
    const today = Math.floor(Date.parse(now) / DAY_MS);
    const footfall = await startWorkerd(t, { vars: { STATS: 'public', ADMIN_TOKEN: TOKEN, RATE_LIMITS: 'off', HOURS_KEPT_DAYS: String(KEPT) }, clockAheadMs: Date.parse(now) - Date.now(), services: { clock: { source: CLOCK } }, expose: ['footfall', 'clock'] });
    const firstKept = today - KEPT + 1;
    const quarters = Array.from({ length: (KEPT + 1) * 96 }, (_, n) => firstKept * 96 + n);
    const lines = [];
    for (let day = firstKept - ROLLED; day < firstKept; day += 1) lines.push({ day: dated(day), ...countsOf(day) });
    for (const quarter of quarters) {
      const { views, visitors } = countsOf(quarter);
      if (views >= visitors && views > 0) lines.push({ hour: labelled(quarter), views, visitors, newcomers: visitors });
    }
    const file = [{ footfall: 1, site: 'default', id: 'all', at: '' }, ...lines, { end: lines.length, changes: 0 }];
    const sent = await call(`${footfall.url}/api/sites/default/import`, { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` }, body: file.map((line) => `${JSON.stringify(line)}\n`).join('') });
    assert.equal(sent.status, 200, sent.text);
    const counted = new Map(lines.filter(({ hour }) => hour).map((line) => [Math.round(Date.parse(line.hour) / QUARTER_MS), line]));
    const rolled = lines.filter(({ day }) => day).map(({ day, views, visitors }) => ({ date: day, views, visitors }));
    const tell = async (query) => {
      const { status, json, text } = await call(`${footfall.url}/api/sites/default/series?${query}`);
      assert.equal(status, 200, text);
      return json.series;
    };
    const told = new Set();
    for (const zone of Intl.supportedValuesOf('timeZone')) {
      const tz = `tz=${encodeURIComponent(zone)}`;
      const { json: clock } = await call(`http://127.0.0.1:${footfall.ports.clock}/?from=${quarters[0]}&until=${quarters.at(-1) + 1}&${tz}`);
      // Once for each clock; some zones share one.
      const key = clock.join();
      if (told.has(key)) continue;
      told.add(key);
      const shown = quarters.map((quarter, at) => ({ quarter, shows: clock[at], views: 0, visitors: 0, ...counted.get(quarter) }));
      const [from, to] = [dated(firstKept - ROLLED + 1), dated(today - 1)];
      const dates = Array.from({ length: KEPT + ROLLED - 2 }, (_, n) => dated(firstKept - ROLLED + 1 + n));
      const days = summed([
        ...dates.map((time) => ({ time, views: 0, visitors: 0 })),
        ...[...rolled, ...shown.map((one) => ({ ...one, date: one.shows.slice(0, 10) }))].filter(({ date }) => date >= from && date <= to).map((one) => ({ ...one, time: one.date })),
      ]);
      assert.deepEqual(await tell(`from=${from}&to=${to}&${tz}`), days, `${zone} by day`);
      const first = dated(today - 31);
      const hours = [];
      for (const [at, one] of shown.entries()) {
        const date = one.shows.slice(0, 10);
        if (date < first || date > to) continue;
        const before = shown[at - 1]?.shows;
        if (hours.length === 0 || before.slice(0, 13) !== one.shows.slice(0, 13) || before > one.shows) hours.push({ time: labelled(one.quarter), views: 0, visitors: 0 });
        hours.at(-1).views += one.views;
        hours.at(-1).visitors += one.visitors;
      }
      assert.deepEqual(await tell(`by=hour&from=${first}&to=${to}&${tz}`), hours, `${zone} by hour`);
      for (const [week, name] of [[1, 'iso'], [7, 'en-US'], [6, 'saturday']]) {
        assert.deepEqual(await tell(`by=week&week=${name}&from=${from}&to=${to}&${tz}`), summed(days.map((day) => ({ ...day, time: weekOf(day.time, week) }))), `${zone} by week from ${name}`);
      }
      assert.deepEqual(await tell(`by=month&from=${from}&to=${to}&${tz}`), summed(days.map((day) => ({ ...day, time: day.time.slice(0, 7) }))), `${zone} by month`);
    }
    assert.ok(told.size > 35, `${told.size} clocks`);
  });
}
