// Periods of days: which there are to choose from, what comes before one, and in which steps it is shown.
//
// A day is written as the API writes it, `2026-11-22`. It is one of the reader's time zone, and only its name is computed with: so
// no rule of summer time gets in the way.

/** Milliseconds of a day. */
const DAY_MS = 86_400_000;

/** The longest period that the API answers, in days: ten years. */
export const MOST_DAYS = 3_660;

/** The periods that have a name, by what the address calls them. */
export const PERIODS = {
  today: 'Today',
  yesterday: 'Yesterday',
  '7d': '7 days',
  '30d': '30 days',
  '90d': '90 days',
  '12m': '12 months',
  all: 'All',
};

/** The steps of a chart, by what the API calls them. */
export const STEPS = { hour: 'Hours', day: 'Days', month: 'Months' };

/** Steps by hour are answered for this many days, days are readable for so many, and beyond them there are months. */
const MOST_DAYS_BY = { hour: 31, day: MOST_DAYS, month: MOST_DAYS };
const DAYS_BY_HOUR = 2;
const DAYS_BY_DAY = 100;

const at = (day) => Date.parse(`${day}T00:00Z`);
const named = (time) => new Date(time).toISOString().slice(0, 10);

/** The day that `now`, in milliseconds since 1970, is part of in a time zone. */
export function dayIn(tz, now) {
  // Sweden writes a date as ISO 8601 does.
  return new Intl.DateTimeFormat('sv-SE', { timeZone: tz }).format(now);
}

/** Whether a text is a day that exists, from 1970 on. */
export const isDay = (text) => /^(19[7-9]|[2-9]\d\d)\d-\d\d-\d\d$/.test(text) && !Number.isNaN(at(text)) && named(at(text)) === text;

export const addDays = (day, days) => named(at(day) + days * DAY_MS);

/** So many months later; the 31st becomes the last day of a shorter month. */
export function addMonths(day, months) {
  const [year, month, date] = day.split('-').map(Number);
  const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return named(Date.UTC(year, month - 1 + months, Math.min(date, last)));
}

/** How many days a period has, both ends included. */
export const daysOf = ({ from, to }) => Math.round((at(to) - at(from)) / DAY_MS) + 1;

const monthsOf = ({ from, to }) => 12 * (Number(to.slice(0, 4)) - Number(from.slice(0, 4))) + Number(to.slice(5, 7)) - Number(from.slice(5, 7)) + 1;

/** The first and the last day of what was chosen: one of {@link PERIODS}, or `{ from, to }` itself. */
export function spanOf({ period, from, to }, today) {
  switch (period) {
    case undefined:
      return { from, to };
    case 'today':
      return { from: today, to: today };
    case 'yesterday':
      return { from: addDays(today, -1), to: addDays(today, -1) };
    case '12m':
      return { from: `${addMonths(today, -11).slice(0, 7)}-01`, to: today };
    case 'all':
      return { from: addDays(today, 1 - MOST_DAYS), to: today };
    default:
      return { from: addDays(today, 1 - parseInt(period, 10)), to: today };
  }
}

/** The steps in which a period reads well. */
export function stepsFor(span) {
  const days = daysOf(span);
  if (days <= DAYS_BY_HOUR) return 'hour';
  return days <= DAYS_BY_DAY ? 'day' : 'month';
}

/** The steps that a period can be shown in; `hasHours` is whether they are kept. One step alone is no chart, unless there are no others. */
export function stepsOf(span, hasHours = true) {
  const days = daysOf(span);
  const steps = Object.keys(STEPS).filter((by) => days <= MOST_DAYS_BY[by] && (by === 'hour' ? hasHours : days > (by === 'day' ? 1 : 31)));
  return steps.length > 0 ? steps : ['day'];
}

/**
 * How many steps of a series have begun at `now`, in milliseconds, of the day `today`: those to come are no zeros. A step that was counted
 * in has begun, whatever the reader's clock says; and the first always is one.
 */
export function begun(series, by, today, now) {
  const has = ({ time, views }) => views > 0 || (by === 'hour' ? Date.parse(time) <= now : time <= today.slice(0, time.length));
  let steps = series.length;
  while (steps > 1 && !has(series[steps - 1])) steps -= 1;
  return steps;
}

/**
 * The period before, step by step the same as this one: as many days, or, shown by month, as many months, of which the last is cut
 * off on the same date.
 */
export function before(span, by) {
  const back = by === 'month' ? (day) => addMonths(day, -monthsOf(span)) : (day) => addDays(day, -daysOf(span));
  return { from: back(span.from), to: back(span.to) };
}

/** The period of one step of a chart, by the time that the API tells of it, or nothing where it cannot be taken apart. */
export function within(by, time) {
  if (by === 'hour') return undefined;
  return by === 'day' ? { from: time, to: time } : { from: `${time}-01`, to: addDays(addMonths(`${time}-01`, 1), -1) };
}
