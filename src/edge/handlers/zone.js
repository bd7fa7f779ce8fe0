// When the days of a time zone begin. See stats.rs. The platform knows the zones; a table of our own would be larger than the Worker.
//
// Times are counted in quarters of an hour since 1970, by UTC or by the zone's own clock. A quarter belongs to what the clock says in
// its middle. Asking the platform for a clock takes a microsecond, so little is asked: the two ends of a period, and of a series of days
// the ends of stretches on which the clock is not changed.

const MINUTE = 60_000;
const QUARTER = 15 * MINUTE;
const DAY = 96;

/** No zone was ever so far from UTC, in quarters. */
const FARTHEST = 16 * 4;

/** Days between which a clock is changed once at most: nowhere was it changed twice within two weeks since 1970. */
const STRETCH = 14;

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

/** How far the zone's clock is ahead of UTC in the middle of a quarter, in quarters; of some zones, long ago, that was no whole number. */
function ahead(format, quarter) {
  // `1, GMT+05:45`, or `1, GMT`; with seconds in some.
  const text = format.format(quarter * QUARTER + QUARTER / 2);
  const at = text.indexOf('GMT') + 3;
  if (at >= text.length) return 0;
  const [hours, minutes, seconds = 0] = text.slice(at + 1).split(':').map(Number);
  const quarters = hours * 4 + (minutes + seconds / 60) / 15;
  return text[at] === '+' ? quarters : -quarters;
}

/** The first quarter of UTC in whose middle a clock that is so far ahead shows `local`, or later. */
const first = (local, ahead) => Math.ceil(local - ahead - 0.5);

/** The first quarter of UTC in whose middle the zone's clock shows `local`, or later: a time that is skipped begins when the next does. */
function at(format, local) {
  let [from, until] = [local - FARTHEST, local + FARTHEST];
  const [before, after] = [ahead(format, from), ahead(format, until)];
  if (before === after) return first(local, before);
  // Between these the clock is changed.
  while (until - from > 1) {
    const middle = Math.floor((from + until) / 2);
    if (ahead(format, middle) === before) from = middle;
    else until = middle;
  }
  const start = first(local, before);
  return start < until ? start : Math.max(until, first(local, after));
}

/** What the zone's clock shows at a time, in milliseconds, as a quarter; undefined where there is no such zone. */
export function clockOf(zone, time) {
  const format = clock(zone);
  const quarter = Math.floor(time / QUARTER);
  return format && Math.max(0, Math.floor(quarter + 0.5 + ahead(format, quarter)));
}

/** The quarter of UTC in which the zone's clock comes to one. */
export const quarterAt = (zone, local) => Math.max(0, at(clock(zone), local));

/** The quarters of UTC in which the days from `from` to the one after `to` begin. A day that the zone left out has none of its own. */
export function startsOf(zone, from, to) {
  const format = clock(zone);
  const starts = new Uint32Array(to - from + 2);
  /** The days up to `last`: as one where the clock is not changed between, else in halves. */
  const fill = (day, last) => {
    const then = ahead(format, day * DAY - FARTHEST);
    if (then === ahead(format, last * DAY + FARTHEST)) {
      for (let one = day; one <= last; one += 1) starts[one - from] = Math.max(0, first(one * DAY, then));
    } else if (day === last) {
      starts[day - from] = quarterAt(zone, day * DAY);
    } else {
      const middle = Math.floor((day + last) / 2);
      fill(day, middle);
      fill(middle + 1, last);
    }
  };
  for (let day = from; day <= to + 1; day += STRETCH) fill(day, Math.min(day + STRETCH - 1, to + 1));
  return starts;
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
