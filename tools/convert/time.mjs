// Hours and days (UTC) as numbers since 1970, and as an import file writes them.

const HOUR_MS = 3_600_000;

/** Hours in a day. */
export const HOURS = 24;

/** The last hour of the year 9999, the last year with four digits. */
const MAX_HOUR = Date.UTC(9999, 11, 31, 23) / HOUR_MS;

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|([+-])(\d\d):(\d\d))$/i;

/** The hour of an RFC 3339 time; undefined if the text is not one, or not from 1970 to 9999. */
export function hourOf(text) {
  const [, year, month, date, hours, minutes, seconds, sign, offsetHours = 0, offsetMinutes = 0] = RFC_3339.exec(text) ?? [];
  if (year === undefined || year < 1970 || hours >= HOURS || minutes > 59 || offsetHours >= HOURS || offsetMinutes > 59) return undefined;
  // Second 60 is a leap second. It belongs to the hour that it ends.
  if (seconds > 60) return undefined;
  const midnight = new Date(Date.UTC(year, month - 1, date));
  // Date would read 30 February as 2 March.
  if (midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== Number(date)) return undefined;
  const ahead = (sign === '-' ? -1 : 1) * (offsetHours * 60 + Number(offsetMinutes));
  const hour = Math.floor((midnight.getTime() / 60_000 + hours * 60 + Number(minutes) - ahead) / 60);
  return hour >= 0 && hour <= MAX_HOUR ? hour : undefined;
}

/** The day of a date such as 2026-11-22; undefined if there is no such day. */
export function dayOf(date) {
  const hour = hourOf(`${date}T00:00:00Z`);
  return hour === undefined ? undefined : hour / HOURS;
}

/** `2026-11-22T07Z` */
export const hourText = (hour) => `${new Date(hour * HOUR_MS).toISOString().slice(0, 13)}Z`;

/** `2026-11-22` */
export const dayText = (day) => new Date(day * HOURS * HOUR_MS).toISOString().slice(0, 10);
