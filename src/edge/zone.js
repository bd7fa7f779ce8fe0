// When the days of a time zone begin. See zone.rs. The platform knows the zones; a table of our own would be larger than the Worker.

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const formats = new Map();

/** Zones that are kept. A stranger may name all there are, about 400. */
const MAX_FORMATS = 32;

/** The clock of a zone, or undefined where there is no such zone. */
function clock(zone) {
  let format = formats.get(zone);
  if (!format) {
    try {
      format = new Intl.DateTimeFormat('en', {
        timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric',
      });
    } catch {
      return undefined;
    }
    if (formats.size >= MAX_FORMATS) formats.clear();
    formats.set(zone, format);
  }
  return format;
}

/** How far the zone's clock is ahead of UTC at a time, in milliseconds. */
function ahead(format, time) {
  const part = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute) - Math.floor(time / 60_000) * 60_000;
}

/** The day of the zone at a time, counted from 1970-01-01; undefined where there is no such zone. */
export function dayOf(zone, time) {
  const format = clock(zone);
  return format && Math.floor((time + ahead(format, time)) / DAY);
}

/**
 * The hours since 1970 at which the days from `from` to the one after `to` begin. Views are counted by hours of UTC, so in a zone
 * that is half an hour off, a day begins with the hour in which it begins.
 */
export function startsOf(zone, from, to) {
  const format = clock(zone);
  const starts = new Uint32Array(to - from + 2);
  for (let at = 0; at < starts.length; at += 1) {
    const midnight = (from + at) * DAY;
    // The clock may be put on between the first guess and midnight, so there is a second; and where midnight itself is skipped, the
    // day begins an hour later.
    const guess = midnight - ahead(format, midnight);
    const start = midnight - ahead(format, guess);
    const skipped = start + ahead(format, start) < midnight ? HOUR : 0;
    starts[at] = Math.max(0, Math.floor((start + skipped) / HOUR));
  }
  return starts;
}
