// When the days and hours of a time zone begin. See stats.rs. The platform has the zones; a table of them would be larger than the Worker.
//
// Times are quarters of an hour since 1970, in UTC or by the zone's own clock. The clock's reading in the middle of a quarter is the quarter's time.
// Reading the clock from the platform takes a microsecond, so it is read rarely: at both ends of a period, and every few days of a series.

const MINUTE = 60_000;
const QUARTER = 15 * MINUTE;
const HOUR = 4;
const DAY = 96;

/** No zone has ever been this far from UTC, in quarters. */
const FARTHEST = 16 * 4;

/**
 * The step between two readings of the clock, in quarters. It is shorter than the shortest time between a change of a clock and the change back.
 * That time is seven days in Brazil in 2000 and in Gaza in 2040, and at least 21 days everywhere between these years.
 */
const [OFTEN, SELDOM] = [6 * DAY, 14 * DAY];
const SELDOM_FROM = Date.UTC(2005, 0) / QUARTER;
const SELDOM_UNTIL = Date.UTC(2039, 0) / QUARTER;

const formats = new Map();

/** The most zones that are kept. A stranger may name all of them, about 400. */
const MAX_FORMATS = 32;

/** The clock of a zone, or undefined if there is no such zone. */
function clock(zone) {
  let format = formats.get(zone);
  if (!format) {
    try {
      // The shortest format that has the offset from UTC.
      format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset', day: 'numeric' });
    } catch {
      return undefined;
    }
    if (formats.size >= MAX_FORMATS) formats.clear();
    formats.set(zone, format);
  }
  return format;
}

/** A date and the offset from UTC in the middle of a quarter: `1, GMT+05:45` or `1, GMT`. Long ago some zones had offsets with seconds. */
const read = (format, quarter) => format.format((quarter + 0.5) * QUARTER);

const offsetIn = (text) => text.slice(text.indexOf('GMT') + 3);

/** An offset in quarters. It may have a fraction. */
function quartersOf(offset) {
  const [hours, minutes = 0, seconds = 0] = offset.slice(1).split(':').map(Number);
  const quarters = hours * HOUR + (minutes + seconds / 60) / 15;
  return offset[0] === '-' ? -quarters : quarters;
}

/**
 * How far the zone's clock is ahead of UTC, in quarters, between two quarters: `[{ from, ahead }]`, with one entry for each change of the clock.
 */
function stretches(format, from, until) {
  const found = [];
  let [offset, asked] = [offsetIn(read(format, from)), from];
  const add = (quarter) => found.push({ from: quarter, ahead: quartersOf(offset) });
  add(from);
  while (asked < until) {
    const next = Math.min(asked + (asked >= SELDOM_FROM && asked < SELDOM_UNTIL ? SELDOM : OFTEN), until);
    const text = read(format, next);
    if (!text.endsWith(offset || 'GMT')) {
      let after = next;
      while (after - asked > 1) {
        const middle = Math.floor((asked + after) / 2);
        if (offsetIn(read(format, middle)) === offset) asked = middle;
        else after = middle;
      }
      offset = offsetIn(text);
      add(after);
    }
    asked = next;
  }
  return found;
}

/**
 * The quarters of UTC in which the zone's clock reaches a time, and then `count - 1` times the time `every` later. A time that the clock skips
 * begins with the next one.
 */
function startsAt(format, local, every, count) {
  const starts = new Uint32Array(count);
  const found = stretches(format, local - FARTHEST, local + (count - 1) * every + FARTHEST);
  let one = 0;
  for (const [at, { from, ahead }] of found.entries()) {
    const until = found[at + 1]?.from ?? Infinity;
    // The first quarter in whose middle the clock shows that time.
    let first = Math.ceil(local + one * every - ahead - 0.5);
    for (; one < count && first < until; one += 1) {
      starts[one] = Math.max(0, from, first);
      first += every;
    }
  }
  return starts;
}

/** The quarter that the zone's clock shows at a time in milliseconds, or undefined if there is no such zone. */
export function clockOf(zone, time) {
  const format = clock(zone);
  const quarter = Math.floor(time / QUARTER);
  return format && Math.max(0, Math.floor(quarter + 0.5 + quartersOf(offsetIn(read(format, quarter)))));
}

/** The quarter of UTC in which the zone's clock reaches a quarter. */
export const quarterAt = (zone, local) => startsAt(clock(zone), local, DAY, 1)[0];

/** The quarters of UTC in which the days from `from` to the one after `to` begin. A day that the zone skipped begins with the next one. */
export const startsOf = (zone, from, to) => startsAt(clock(zone), from * DAY, DAY, to - from + 2);

/**
 * The quarters of UTC between two others in which hours begin on the zone's clock, and both ends. When the clock is set back, an hour begins again;
 * when it is set forward into an hour, that hour is shorter.
 */
export function hoursOf(zone, from, until) {
  const hours = [];
  const found = stretches(clock(zone), from, until);
  const shown = (quarter, ahead) => Math.floor(quarter + 0.5 + ahead);
  for (const [at, { from: start, ahead }] of found.entries()) {
    const end = found[at + 1]?.from ?? until;
    const local = shown(start, ahead);
    const before = at === 0 ? -1 : shown(start - 1, found[at - 1].ahead);
    if (start < until && (local <= before || Math.floor(local / HOUR) !== Math.floor(before / HOUR))) hours.push(start);
    // The first quarter in whose middle the clock shows the next hour.
    const next = Math.ceil((Math.floor(local / HOUR) + 1) * HOUR - ahead - 0.5);
    for (let hour = next; hour < end; hour += HOUR) hours.push(hour);
  }
  hours.push(until);
  return Uint32Array.from(hours);
}

/** The day on which the week begins where a language is spoken, from 1 for Monday to 7, or undefined if there is no such language. */
export function weekOf(language) {
  try {
    const locale = new Intl.Locale(language);
    return (locale.getWeekInfo?.() ?? locale.weekInfo)?.firstDay;
  } catch {
    return undefined;
  }
}

// On the first format of a process, V8 searches all its languages and compiles the code above. That takes 10 ms, which is all that the free plan
// allows a request. So it happens when the isolate starts, where a second is allowed.
startsOf('UTC', 0, 365);
