// Periods of days: the choices, the period before one, and the steps that it is shown in.
//
// A day is written as in the API, `2026-11-22`. It belongs to the reader's time zone, but the code computes only with dates, so clock changes do not
// matter.

/** Milliseconds of a day. */
const DAY_MS = 86_400_000;

/** The longest period that the API answers, in days: ten years. */
export const MOST_DAYS = 3_660;

/** The named periods, by their names in the address. */
export const PERIODS = {
  today: 'Today',
  yesterday: 'Yesterday',
  week: 'This week',
  '7d': '7 days',
  month: 'This month',
  '30d': '30 days',
  '90d': '90 days',
  '12m': '12 months',
  all: 'All',
};

/** The steps of a chart, by their names in the API. */
export const STEPS = { hour: 'Hours', day: 'Days', week: 'Weeks', month: 'Months' };

/** The API answers hours for this many days. Days are readable for this many; longer periods have months. */
const MOST_DAYS_BY = { hour: 31, day: MOST_DAYS, week: MOST_DAYS, month: MOST_DAYS };
const DAYS_BY_HOUR = 2;
const DAYS_BY_DAY = 100;

/** Steps are offered for periods longer than this many days. Shorter ones would have one step, or parts of two. */
const FEWEST_DAYS_BY = { hour: 0, day: 1, week: 14, month: 31 };

const at = (day) => Date.parse(`${day}T00:00Z`);
const named = (time) => new Date(time).toISOString().slice(0, 10);

/** The day of `now`, in milliseconds since 1970, in a time zone. */
export function dayIn(tz, now) {
  // Sweden writes dates as in ISO 8601.
  return new Intl.DateTimeFormat('sv-SE', { timeZone: tz }).format(now);
}

/** Whether a text is a day that exists, from 1970 on. */
export const isDay = (text) => /^(19[7-9]|[2-9]\d\d)\d-\d\d-\d\d$/.test(text) && !Number.isNaN(at(text)) && named(at(text)) === text;

export const addDays = (day, days) => named(at(day) + days * DAY_MS);

/** The day some months later; the 31st becomes the last day of a shorter month. */
export function addMonths(day, months) {
  const [year, month, date] = day.split('-').map(Number);
  const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return named(Date.UTC(year, month - 1 + months, Math.min(date, last)));
}

/** How many days a period has, both ends included. */
export const daysOf = ({ from, to }) => Math.round((at(to) - at(from)) / DAY_MS) + 1;

const monthsOf = ({ from, to }) => 12 * (Number(to.slice(0, 4)) - Number(from.slice(0, 4))) + Number(to.slice(5, 7)) - Number(from.slice(5, 7)) + 1;

/** The first day of a day's week, if weeks begin on `firstDay`: 1 is Monday, 7 is Sunday. */
export const weekOf = (day, firstDay) => addDays(day, -((new Date(at(day)).getUTCDay() + 7 - firstDay) % 7));

const monthOf = (day) => `${day.slice(0, 7)}-01`;
const lastOfMonth = (day) => addDays(addMonths(monthOf(day), 1), -1);

/**
 * The first and last day of a choice: one of {@link PERIODS}, or `{ from, to }` itself. Weeks begin on `firstDay`. This week and this month end with
 * their last day, which may be in the future.
 */
export function spanOf({ period, from, to }, today, firstDay = 1) {
  switch (period) {
    case undefined:
      return { from, to };
    case 'today':
      return { from: today, to: today };
    case 'yesterday':
      return { from: addDays(today, -1), to: addDays(today, -1) };
    case 'week':
      return { from: weekOf(today, firstDay), to: addDays(weekOf(today, firstDay), 6) };
    case 'month':
      return { from: monthOf(today), to: lastOfMonth(today) };
    case '12m':
      return { from: monthOf(addMonths(today, -11)), to: today };
    case 'all':
      return { from: addDays(today, 1 - MOST_DAYS), to: today };
    default:
      return { from: addDays(today, 1 - parseInt(period, 10)), to: today };
  }
}

/** The default steps of a period. */
export function stepsFor(span) {
  const days = daysOf(span);
  if (days <= DAYS_BY_HOUR) return 'hour';
  return days <= DAYS_BY_DAY ? 'day' : 'month';
}

/** The steps that a period can be shown in; `hasHours` says whether hours are kept. Steps that would give a single point are left out, unless there are no others. */
export function stepsOf(span, hasHours = true) {
  const days = daysOf(span);
  const steps = Object.keys(STEPS).filter((by) => days <= MOST_DAYS_BY[by] && days > FEWEST_DAYS_BY[by] && (by !== 'hour' || hasHours));
  return steps.length > 0 ? steps : ['day'];
}

/**
 * How many steps of a series have begun at `now`, in milliseconds, on the day `today`: future steps are not zeros. A step with views has begun, whatever
 * the reader's clock says, and so has the first.
 */
export function begun(series, by, today, now) {
  const has = ({ time, views }) => views > 0 || (by === 'hour' ? Date.parse(time) <= now : time <= today.slice(0, time.length));
  let steps = series.length;
  while (steps > 1 && !has(series[steps - 1])) steps -= 1;
  return steps;
}

/** How far back the period before is, as a name in the API: whole weeks have the same weekdays, whole months the same dates. */
export const comparedBy = (period, by) => [period, by].find((name) => name === 'month' || name === 'week') ?? 'day';

/**
 * The period before, with the same steps: as many days, weeks or months. The last month is cut off on the same date, unless this period ends with its
 * month.
 */
export function before(span, how) {
  const months = monthsOf(span);
  if (how === 'month' && span.from === monthOf(span.from) && span.to === lastOfMonth(span.to)) {
    return { from: addMonths(span.from, -months), to: lastOfMonth(addMonths(monthOf(span.to), -months)) };
  }
  const days = how === 'week' ? 7 * Math.ceil(daysOf(span) / 7) : daysOf(span);
  const back = how === 'month' ? (day) => addMonths(day, -months) : (day) => addDays(day, -days);
  return { from: back(span.from), to: back(span.to) };
}

/** The period of one step of a chart, from the step's time in the API; undefined if the step cannot be divided. */
export function within(by, time) {
  if (by === 'hour') return undefined;
  if (by === 'month') return { from: `${time}-01`, to: lastOfMonth(`${time}-01`) };
  return { from: time, to: addDays(time, by === 'week' ? 6 : 0) };
}
