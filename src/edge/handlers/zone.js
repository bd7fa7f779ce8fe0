// When the days and hours of a time zone begin. See stats.rs. The platform knows the zones; a table of our own would be larger than the Worker.
//
// Times are counted in quarters of an hour since 1970, by UTC or by the zone's own clock. A quarter belongs to what the clock says in
// its middle. Asking the platform for a clock takes a microsecond, so little is asked: the two ends of a period, and of a series the
// clock once in some days.

const MINUTE = 60_000;
const QUARTER = 15 * MINUTE;
const HOUR = 4;
const DAY = 96;

/** No zone was ever so far from UTC, in quarters. */
const FARTHEST = 16 * 4;

/**
 * How often the clock is asked, in quarters: more often than it was ever changed and changed back. In Brazil that took seven days in 2000, and in
 * Gaza it will in 2040; between these years nowhere less than 21.
 */
const [OFTEN, SELDOM] = [6 * DAY, 14 * DAY];
const SELDOM_FROM = Date.UTC(2005, 0) / QUARTER;
const SELDOM_UNTIL = Date.UTC(2039, 0) / QUARTER;

const formats = new Map();

/** Zones that are kept. A stranger may name all there are, about 400. */
const MAX_FORMATS = 32;

/** The clock of a zone, or undefined where there is no such zone. */
function clock(zone) {
  let format = formats.get(zone);
  if (!format) {
    try {
      // The shortest text that tells how far a clock is from UTC.
      format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset', day: 'numeric' });
    } catch {
      return undefined;
    }
    if (formats.size >= MAX_FORMATS) formats.clear();
    formats.set(zone, format);
  }
  return format;
}

/** A date with the offset from UTC in the middle of a quarter: `1, GMT+05:45`, or `1, GMT`; with seconds in some zones, long ago. */
const read = (format, quarter) => format.format((quarter + 0.5) * QUARTER);

const offsetIn = (text) => text.slice(text.indexOf('GMT') + 3);

/** An offset in quarters, which may be no whole number. */
function quartersOf(offset) {
  const [hours, minutes = 0, seconds = 0] = offset.slice(1).split(':').map(Number);
  const quarters = hours * HOUR + (minutes + seconds / 60) / 15;
  return offset[0] === '-' ? -quarters : quarters;
}

/**
 * How far the zone's clock is ahead of UTC, in quarters, from one quarter on up to another: `[{ from, ahead }]`, one more each time that the
 * clock is changed.
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

/** The quarters of UTC in which the zone's clock comes to a time, and then `count - 1` times to the one `every` later. A time that is skipped begins when the next does. */
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

/** What the zone's clock shows at a time, in milliseconds, as a quarter; undefined where there is no such zone. */
export function clockOf(zone, time) {
  const format = clock(zone);
  const quarter = Math.floor(time / QUARTER);
  return format && Math.max(0, Math.floor(quarter + 0.5 + quartersOf(offsetIn(read(format, quarter)))));
}

/** The quarter of UTC in which the zone's clock comes to one. */
export const quarterAt = (zone, local) => startsAt(clock(zone), local, DAY, 1)[0];

/** The quarters of UTC in which the days from `from` to the one after `to` begin. A day that the zone left out has none of its own. */
export const startsOf = (zone, from, to) => startsAt(clock(zone), from * DAY, DAY, to - from + 2);

/**
 * The quarters of UTC, from one up to another, in which hours begin by the zone's clock; and both ends. Where the clock is put back an hour begins
 * anew, and one that it is put forward into is shorter.
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

/** The day on which a week begins where a language is spoken, 1 for Monday to 7; undefined where there is no such language. */
export function weekOf(language) {
  try {
    const locale = new Intl.Locale(language);
    return (locale.getWeekInfo?.() ?? locale.weekInfo)?.firstDay;
  } catch {
    return undefined;
  }
}

// With the first format of a process V8 looks through all its languages, and compiles what is above. That takes 10 ms, as much as the free plan
// lets a whole request take, so it is done when the isolate starts, which may take a second.
startsOf('UTC', 0, 365);
