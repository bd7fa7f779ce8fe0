// Formats numbers and times for the reader, in English like the page: a screen reader would read a name in another language as English.

const ENGLISH = (globalThis.navigator?.languages ?? []).find((language) => /^en\b/i.test(language)) ?? 'en-GB';

/** The day on which the reader's weeks begin, from 1 for Monday to 7; Monday, as in ISO 8601, if the browser does not know. */
export const FIRST_DAY = firstDayOf(globalThis.navigator?.language ?? 'en-GB');

export function firstDayOf(language) {
  const locale = new Intl.Locale(language);
  return (locale.getWeekInfo?.() ?? locale.weekInfo)?.firstDay ?? 1;
}

const NUMBER = new Intl.NumberFormat(ENGLISH);
const SHORT = new Intl.NumberFormat(ENGLISH, { notation: 'compact', maximumSignificantDigits: 3 });
const PERCENT = new Intl.NumberFormat(ENGLISH, { style: 'percent', maximumFractionDigits: 0 });
const RATIO = new Intl.NumberFormat(ENGLISH, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const number = (value) => NUMBER.format(value);

/** 12,345 as 12.3K, for narrow places. */
export const short = (value) => SHORT.format(value);

export const ratio = (value) => RATIO.format(value);

/** How a number changed: `+12%` or `×20`, or undefined if it was 0 before. */
export function change(now, then) {
  if (then === 0) return undefined;
  if (now >= 10 * then) return `×${number(Math.round(now / then))}`;
  const by = (now - then) / then;
  // A change that rounds to 0 has no sign.
  return `${Math.abs(by) < 0.005 ? '±' : by > 0 ? '+' : '−'}${PERCENT.format(Math.abs(by))}`;
}

/** A count with its noun: `1 view`, `2 views`. */
export const many = (count, what) => `${number(count)} ${what}${count === 1 ? '' : 's'}`;

const DAY = { day: 'numeric', month: 'short', year: 'numeric' };

const HOUR_MS = 3_600_000;

/** A period up to this many days has each month once, and needs no year at the axis. */
const DAYS_WITHOUT_YEAR = 366;

/** The names of a chart's steps: short at the axis, and in full. `tz` is the time zone of hours; days and months have none. */
export function timeFormat(by, tz, steps) {
  const of = (options, timeZone = 'UTC') => {
    const format = new Intl.DateTimeFormat(ENGLISH, { ...options, timeZone });
    return (time) => format.format(Date.parse(by === 'month' ? `${time}-01` : time));
  };
  switch (by) {
    case 'hour': {
      const hour = { hour: '2-digit', minute: '2-digit' };
      const full = of({ weekday: 'short', ...DAY, ...hour }, tz);
      const inZone = of({ weekday: 'short', ...DAY, ...hour, timeZoneName: 'short' }, tz);
      // When clocks go back, an hour occurs twice.
      const twice = (time) => [-HOUR_MS, HOUR_MS].some((apart) => full(new Date(Date.parse(time) + apart).toISOString()) === full(time));
      return { axis: of(hour, tz), full: (time) => (twice(time) ? inZone(time) : full(time)) };
    }
    case 'day':
      return { axis: of(steps > DAYS_WITHOUT_YEAR ? { month: 'short', year: 'numeric' } : { day: 'numeric', month: 'short' }), full: of({ weekday: 'short', ...DAY }) };
    case 'week': {
      const day = of(DAY);
      return { axis: of({ day: 'numeric', month: 'short', ...(steps * 7 > DAYS_WITHOUT_YEAR && { year: 'numeric' }) }), full: (time) => `Week of ${day(time)}` };
    }
    default:
      return { axis: of({ month: 'short', year: 'numeric' }), full: of({ month: 'long', year: 'numeric' }) };
  }
}

const SPAN = new Intl.DateTimeFormat(ENGLISH, { ...DAY, timeZone: 'UTC' });

/** The name of a period of days. */
export const span = ({ from, to }) => SPAN.formatRange(Date.parse(from), Date.parse(to));

const CLOCK = new Intl.DateTimeFormat(ENGLISH, { timeStyle: 'medium' });

export const clock = (time) => CLOCK.format(time);

const COUNTRIES = new Intl.DisplayNames(ENGLISH, { type: 'region', fallback: 'code' });

/** A country by its code (ISO 3166); `T1` is Cloudflare's for Tor, `XX` for unknown. */
export function country(code) {
  if (code === 'T1') return 'Tor';
  if (code === 'XX') return 'Unknown';
  try {
    return COUNTRIES.of(code);
  } catch {
    return code;
  }
}
