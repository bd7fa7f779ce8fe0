// The rules of the dashboard that need no browser: periods, addresses, recent minutes, retries.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { read, write } from '../../assets/dashboard/address.js';
import { change, firstDayOf, timeFormat } from '../../assets/dashboard/format.js';
import { aged, isNews, waitAfter } from '../../assets/dashboard/live.js';
import { addDays, addMonths, before, begun, comparedBy, dayIn, daysOf, isDay, MOST_DAYS, PERIODS, spanOf, stepsFor, stepsOf, weekOf, within } from '../../assets/dashboard/period.js';

const DAYS = fc.integer({ min: 0, max: 30_000 }).map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10));
const SPANS = fc.tuple(DAYS, fc.integer({ min: 0, max: MOST_DAYS - 1 })).map(([from, days]) => ({ from, to: addDays(from, days) }));

test('days follow the calendar', () => {
  assert.equal(addDays('2024-02-28', 2), '2024-03-01');
  assert.equal(addMonths('2026-01-31', 1), '2026-02-28');
  assert.equal(addMonths('2026-01-15', -13), '2024-12-15');
  assert.ok(isDay('2024-02-29'));
  for (const wrong of ['2023-02-29', '2026-1-1', '2026-13-01', 'today', '', '1969-12-31', '10000-01-01']) assert.ok(!isDay(wrong), wrong);
  fc.assert(fc.property(DAYS, fc.integer({ min: -5_000, max: 5_000 }), (day, days) => {
    assert.equal(addDays(addDays(day, days), -days), day);
  }));
});

test('a day is a day of the time zone', () => {
  const late = Date.parse('2026-11-22T23:30Z');
  assert.deepEqual(['UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Kiritimati'].map((tz) => dayIn(tz, late)), ['2026-11-22', '2026-11-23', '2026-11-22', '2026-11-23']);
});

test('the period before has as many days or months, and ends where this one begins', () => {
  fc.assert(fc.property(SPANS, (span) => {
    const past = before(span, 'day');
    assert.equal(daysOf(past), daysOf(span));
    assert.equal(addDays(past.to, 1), span.from);
  }));
  assert.deepEqual(before({ from: '2025-12-01', to: '2026-11-23' }, 'month'), { from: '2024-12-01', to: '2025-11-23' });
  assert.deepEqual(before({ from: '2026-11-22', to: '2026-11-22' }, 'hour'), { from: '2026-11-21', to: '2026-11-21' });
});

test('this week is compared with the same weekdays, and this month with the same dates', () => {
  // A Wednesday.
  const today = '2026-11-25';
  assert.deepEqual(spanOf({ period: 'week' }, today, 1), { from: '2026-11-23', to: '2026-11-29' });
  assert.deepEqual(spanOf({ period: 'week' }, today, 7), { from: '2026-11-22', to: '2026-11-28' });
  assert.deepEqual(spanOf({ period: 'month' }, today), { from: '2026-11-01', to: '2026-11-30' });
  assert.deepEqual(['week', 'month', '30d', '7d'].map((period) => comparedBy(period, 'day')), ['week', 'month', 'day', 'day']);
  assert.deepEqual(['hour', 'day', 'week', 'month'].map((by) => comparedBy(undefined, by)), ['day', 'day', 'week', 'month']);
  assert.deepEqual(before({ from: '2026-11-23', to: '2026-11-29' }, 'week'), { from: '2026-11-16', to: '2026-11-22' });
  assert.deepEqual(before({ from: '2026-11-01', to: '2026-11-30' }, 'month'), { from: '2026-10-01', to: '2026-10-31' });
  assert.deepEqual(before({ from: '2026-03-01', to: '2026-03-31' }, 'month'), { from: '2026-02-01', to: '2026-02-28' });
  const weekday = (day) => new Date(`${day}T00:00Z`).getUTCDay();
  fc.assert(fc.property(SPANS.filter(({ from }) => from > '1981-01-01'), (span) => {
    const past = before(span, 'week');
    assert.deepEqual([weekday(past.from), daysOf(past)], [weekday(span.from), daysOf(span)]);
    assert.ok(past.to < span.from && daysOf({ from: past.to, to: span.from }) <= 8);
  }));
  fc.assert(fc.property(DAYS.filter((day) => day > '1970-01-07'), fc.integer({ min: 1, max: 7 }), (day, firstDay) => {
    const first = weekOf(day, firstDay);
    assert.ok(first <= day && day <= addDays(first, 6) && weekday(first) === firstDay % 7);
  }));
  assert.deepEqual(['de', 'en-US', 'en-GB', 'ar-EG'].map(firstDayOf), [1, 7, 1, 6]);
});

test('every period can be requested, and is shown in a step that fits it', () => {
  fc.assert(fc.property(DAYS, fc.constantFrom(...Object.keys(PERIODS)), (today, period) => {
    const span = spanOf({ period }, today);
    assert.ok(span.from <= span.to && daysOf(span) <= MOST_DAYS, JSON.stringify(span));
    assert.ok(stepsOf(span).includes(stepsFor(span)));
  }));
  fc.assert(fc.property(SPANS, (span) => {
    assert.ok(stepsOf(span).includes(stepsFor(span)), JSON.stringify(span));
  }));
});

test('where hours are no longer kept there are days, and a single day is shown as one', () => {
  assert.deepEqual(stepsOf({ from: '2026-02-03', to: '2026-02-03' }, false), ['day']);
  assert.deepEqual(stepsOf({ from: '2026-02-03', to: '2026-02-09' }, false), ['day']);
  fc.assert(fc.property(SPANS, fc.boolean(), (span, hasHours) => {
    const steps = stepsOf(span, hasHours);
    assert.ok(steps.length > 0 && (hasHours || !steps.includes('hour')), JSON.stringify(span));
  }));
});

test('future steps have not begun, whatever the reader\'s clock says', () => {
  const steps = (...views) => views.map((count, at) => ({ time: `2026-11-23T0${at}:00Z`, views: count }));
  const at = Date.parse('2026-11-23T02:10Z');
  assert.equal(begun(steps(1, 0, 0, 0, 0), 'hour', '2026-11-23', at), 3);
  assert.equal(begun(steps(1, 0, 0, 4, 0), 'hour', '2026-11-23', at), 4, 'the clock is behind, and counted views are shown');
  const days = ['2026-11-22', '2026-11-23', '2026-11-24', '2026-11-25'].map((time) => ({ time, views: 0 }));
  assert.equal(begun(days, 'day', '2026-11-23', at), 2);
  assert.equal(begun(days, 'day', '2026-11-01', at), 1, 'a period in the future');
  assert.equal(begun(['2026-11-16', '2026-11-23', '2026-11-30'].map((time) => ({ time, views: 0 })), 'week', '2026-11-25', at), 2);
  assert.equal(begun([{ time: '2026-10', views: 0 }, { time: '2026-11', views: 0 }, { time: '2026-12', views: 0 }], 'month', '2026-11-23', at), 2);
});

test('an hour that occurs twice has two names', () => {
  const { full } = timeFormat('hour', 'America/New_York', 25);
  const names = Array.from({ length: 25 }, (_, hour) => full(new Date(Date.parse('2026-11-01T04:00Z') + hour * 3_600_000).toISOString()));
  assert.equal(new Set(names).size, 25, String(names.slice(0, 4)));
  assert.ok(!/GMT|EDT/.test(names[0]), 'other hours need no zone');
});

test('a step of a chart is a period', () => {
  assert.deepEqual(within('week', '2026-11-23'), { from: '2026-11-23', to: '2026-11-29' });
  assert.deepEqual(within('month', '2026-02'), { from: '2026-02-01', to: '2026-02-28' });
  assert.deepEqual(within('day', '2026-02-03'), { from: '2026-02-03', to: '2026-02-03' });
  assert.equal(within('hour', '2026-02-03T01:00Z'), undefined);
});

const SHOWN = fc.record({
  site: fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,20}$/),
  span: fc.oneof(SPANS, fc.constantFrom(...Object.keys(PERIODS)).map((period) => ({ period }))),
  by: fc.constantFrom(undefined, 'hour', 'day', 'week', 'month'),
  tz: fc.constantFrom(undefined, 'UTC', 'Asia/Kolkata'),
  compare: fc.boolean(),
  filter: fc.option(fc.record({ kind: fc.constantFrom('page', 'referrer', 'country', 'device', 'campaign', 'source', 'medium'), value: fc.string({ minLength: 1, unit: 'grapheme' }) }, { noNullPrototype: true }), { nil: undefined }),
  referrers: fc.constantFrom('referrer', 'host'),
  campaigns: fc.constantFrom('campaign', 'source', 'medium'),
  pages: fc.constantFrom('period', 'ever'),
  list: fc.constantFrom(undefined, 'pages', 'campaigns'),
}, { noNullPrototype: true }).map(({ span, ...shown }) => ({ ...span, ...shown }));

test('an address contains everything that is shown', () => {
  fc.assert(fc.property(SHOWN, (shown) => {
    const { pathname, search } = new URL(write(shown), 'http://host');
    assert.deepEqual(read({ pathname, search }), shown);
  }));
  assert.equal(write({ site: 'blog', period: '30d', compare: true, referrers: 'referrer', campaigns: 'campaign', pages: 'period' }), '/dashboard/blog', 'defaults are left out');
});

test('an address means the same after link cleaners have removed parameters', () => {
  // Names that their lists remove on all hosts, or may well remove.
  const tracks = /^(utm_.*|ref|referrer|referer|source|src|campaign|medium|cid)$/;
  fc.assert(fc.property(SHOWN, (shown) => {
    const { pathname, search } = new URL(write(shown), 'http://host');
    const query = new URLSearchParams(search);
    for (const name of [...query.keys()]) if (tracks.test(name)) query.delete(name);
    assert.deepEqual(read({ pathname, search: `?${query}` }), shown);
  }));
  assert.equal(write({ site: 'blog', period: '30d', compare: true, filter: { kind: 'referrer', value: 'news.example' } }), '/dashboard/blog?only=referrer%3Anews.example');
  assert.deepEqual(read({ pathname: '/dashboard/blog', search: '?source=letter' }).filter, { kind: 'source', value: 'letter' }, 'older addresses');
});

test('an address that makes no sense shows the last 30 days', () => {
  for (const search of ['?from=2026-13-01&to=2026-13-02', '?from=2026-02-02&to=2026-02-01', '?from=2000-01-01&to=2026-01-01', '?period=ever', '?by=decade', '?tz=Middle/Earth', '?list=x', '?period=toString']) {
    const { period, by, tz, list } = read({ pathname: '/dashboard/blog', search });
    assert.deepEqual({ period, by, tz, list }, { period: '30d', by: undefined, tz: undefined, list: undefined }, search);
  }
  assert.equal(read({ pathname: '/dashboard/%', search: '' }).site, '');
  assert.equal(read({ pathname: '/dashboard', search: '' }).site, '');
});

test('minutes pass without a message, and a wrong clock does not matter', () => {
  const views = Array.from({ length: 30 }, (_, at) => at + 1);
  const message = { at: 100 * 60_000 + 59_000, minute: 100, views, people: [5, 4, 3, 2, 1] };
  assert.deepEqual(aged(message, 0), { minute: 100, views, people: [5, 4, 3, 2, 1] });
  const next = aged(message, 1_000);
  assert.deepEqual([next.minute, next.views.length, next.views[0], next.views.at(-1), next.people], [101, 30, 2, 0, [4, 3, 2, 1, 0]]);
  fc.assert(fc.property(fc.nat(10 * 3_600_000), (age) => {
    const { views, people } = aged(message, age);
    assert.deepEqual([views.length, people.length], [30, 5]);
    if (age > 31 * 60_000) assert.ok([...views, ...people].every((count) => count === 0));
  }));
});

test('a message is news if a minute has other views than before, whenever it arrives', () => {
  const message = (minute, views) => ({ at: minute * 60_000 + 100, minute, views: [...Array(30 - views.length).fill(0), ...views], people: [0, 0, 0, 0, 0] });
  const known = message(100, [1, 0, 2]);
  assert.ok(isNews(message(100, [1, 0, 3]), known));
  assert.ok(isNews(message(101, [1, 0, 3, 0]), known), 'a view in the last second of a minute, sent in the next');
  assert.ok(isNews(message(140, [1]), known), 'after a while without a connection');
  assert.ok(isNews(message(101, [0]), known), 'the site was emptied');
  assert.ok(!isNews(message(100, [1, 0, 2]), known));
  assert.ok(!isNews(message(103, [1, 0, 2, 0, 0, 0]), known), 'the passing of time is not a visit');
});

test('a page retries after longer and longer waits, and pages retry at different times', () => {
  const waits = (chance) => Array.from({ length: 12 }, (_, tries) => waitAfter(tries, chance));
  assert.deepEqual(waits(1).slice(0, 4), [500, 1_000, 2_000, 4_000]);
  assert.deepEqual(waits(0).slice(0, 4), [250, 500, 1_000, 2_000]);
  assert.ok(waits(1).every((ms) => ms <= 30_000));
});

test('a change is shown in per cent or as a factor', () => {
  assert.deepEqual([change(112, 100), change(50, 100), change(100, 100), change(2_000, 100), change(5, 0)], ['+12%', '−50%', '±0%', '×20', undefined]);
  assert.deepEqual([change(10_650, 10_656), change(10_700, 10_656), change(10_750, 10_656)], ['±0%', '±0%', '+1%']);
});
