// When days begin in a time zone: the part of the statistics that runs as plain JavaScript.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayOf, startsOf } from '../../src/edge/zone.js';

const DAY = 86_400_000;
const day = (date) => Date.parse(date) / DAY;
const hour = (time) => Math.floor(Date.parse(time) / 3_600_000);

test('days begin when the clocks of the zone say so', () => {
  for (const [zone, date, start, hours] of [
    ['Europe/Berlin', '2026-03-28', '2026-03-27T23:00Z', 24],
    ['Europe/Berlin', '2026-03-29', '2026-03-28T23:00Z', 23],
    ['Europe/Berlin', '2026-10-25', '2026-10-24T22:00Z', 25],
    ['America/New_York', '2026-11-01', '2026-11-01T04:00Z', 25],
    ['Pacific/Kiritimati', '2026-11-22', '2026-11-21T10:00Z', 24],
    // Half an hour off: with the hour in which the day begins.
    ['Asia/Kolkata', '2026-11-22', '2026-11-21T18:00Z', 24],
    // Midnight itself is skipped there: the day begins at one o'clock.
    ['America/Sao_Paulo', '2018-11-04', '2018-11-04T03:00Z', 23],
  ]) {
    const [first, next] = startsOf(zone, day(date), day(date));
    assert.deepEqual([first, next - first], [hour(start), hours], `${zone} ${date}`);
  }
});

test('ten years of days follow each other without a gap', () => {
  for (const zone of ['UTC', 'Europe/London', 'Australia/Lord_Howe', 'America/St_Johns']) {
    const starts = startsOf(zone, day('2020-01-01'), day('2029-12-31'));
    assert.equal(starts.length, 3654);
    for (let at = 1; at < starts.length; at += 1) {
      const hours = starts[at] - starts[at - 1];
      assert.ok(hours >= 23 && hours <= 25, `${zone}: day ${at} has ${hours} hours`);
    }
  }
});

test('today is that of the zone, and no zone is no day', () => {
  const time = Date.parse('2026-11-22T23:30Z');
  assert.equal(dayOf('UTC', time), day('2026-11-22'));
  assert.equal(dayOf('Europe/Berlin', time), day('2026-11-23'));
  assert.equal(dayOf('America/New_York', time), day('2026-11-22'));
  assert.equal(dayOf('Middle/Earth', time), undefined);
});
