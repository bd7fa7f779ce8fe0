// Computes what a month of visits uses and costs. Every sum is a line here; inputs.mjs has the inputs, and prices.mjs the prices.

import { AWAKE_S, CALLS_PER_S, dollars, OBJECT_GB, PLAN, PRICES } from './prices.mjs';
import { ASSUMED } from './inputs.mjs';

const DAY_S = 24 * 60 * 60;

/** Alarms a day: of a shard, and of the object of a site's days. */
const SHARD_ALARMS = 2;
const DAYS_ALARMS = 1;

/** Rows that the object of a site's days writes a day: the new day, the dropped day, the emptied salt, and the alarm. */
const DAYS_ROWS = 5;

/** For how many days hours are kept (HOURS_KEPT_DAYS) before they are added up by day. */
const HOURS_DAYS = 90;
const YEAR_DAYS = 365;

/** Bytes of an id, and of a visitor's four hashes: for the day, the hour, the page, and the page's hour. */
const ID_BYTES = 8;
const VISITOR_BYTES = 4 * 8;
const JOURNAL_VISIT_BYTES = 20.2;

/**
 * What `perDay` visits use in a day, spread evenly over it.
 *
 * - `traffic`: one of those in inputs.mjs: visits a batch, isolates, rows.
 * - `ids`: whether each visit has an id, as those of the script do.
 */
export function useOfADay(perDay, { traffic, ids }, known) {
  const [journal, pages] = [known.journalRows.number, known.pages.number];
  const values = ASSUMED.values.number;
  const isolates = Math.min(traffic.isolates, perDay);
  const shards = shardsFor(perDay, { traffic, ids }, known);
  // If a visit's id and its visitor belong to different shards, both are called.
  const told = ids ? 1 + (shards - 1) / shards : 1;
  const batches = perDay * traffic.callsAVisit * told;
  const alarms = SHARD_ALARMS * shards + DAYS_ALARMS;
  const calls = batches + isolates + alarms;

  // Batches of one shard between two of its alarms.
  const half = batches / shards / SHARD_ALARMS;
  const posted = Math.min(isolates, half);
  const rowsABatch = traffic.rowsAVisit / traffic.callsAVisit;
  const checkpoint = (rowsABatch - 1) * journal;
  // The rows in docs/scale.md do not include details.
  const details = (batches / journal) * values;
  const alarm = checkpoint * Math.min(1, half / journal) + values + Math.min(journal, half) + posted;
  const rolled = Math.min(perDay, pages * 24) + pages;
  const upkeep = shards * (SHARD_ALARMS * (alarm + 1) + rolled) + DAYS_ROWS;
  const rowsWritten = batches * rowsABatch + details + upkeep;

  // Overlapping calls are billed once, so no object is billed for more than a day.
  const billed = Math.min(calls * ASSUMED.callS.number, (shards + 1) * DAY_S);
  const gbSeconds = OBJECT_GB.number * billed;

  // Calls come at random times. After `AWAKE_S` without a call, the object is evicted, and the next call wakes it.
  const callsPerS = batches / shards / DAY_S;
  const asleep = Math.exp(-AWAKE_S.number * callsPerS);
  const wakes = callsPerS * DAY_S * shards * asleep;
  // An object that wakes reads the journal since the last checkpoint (on average half of it, and up to the end of the last piece), and each page. A
  // checkpoint leaves the batches of the last minute.
  const replayed = Math.min(half, journal) / 2 + known.readAtOnce.number;
  const remembered = Math.min(isolates, callsPerS * 60);
  const aWake = replayed + remembered + pages + values;
  const aDay = SHARD_ALARMS * (journal + posted + values) + 2 * HOURS_DAYS * Math.min(perDay, pages * 24);
  const rowsRead = wakes * aWake + shards * aDay;

  return { shards, perShardPerS: callsPerS * ASSUMED.peak.number, requests: perDay, cpuMs: perDay * known.cpuMs.number, calls, gbSeconds, rowsWritten, rowsRead, batches, wakes, aWake };
}

/** The fewest shards that can take the calls of the busiest hour and remember the ids. */
function shardsFor(perDay, { traffic, ids }, known) {
  const callsPerS = (perDay * traffic.callsAVisit * ASSUMED.peak.number) / DAY_S;
  const remembered = ids ? perDay * known.idDays.number : 0;
  return Math.max(1, Math.ceil(callsPerS / CALLS_PER_S.number), Math.ceil(remembered / known.maxIds.number));
}

/** The GB that are stored after a year of such days. */
export function storedAfterAYear(perDay, { traffic, ids }, known) {
  const use = useOfADay(perDay, { traffic, ids }, known);
  const pages = known.pages.number;
  const hours = Math.min(perDay * HOURS_DAYS, pages * 24 * HOURS_DAYS) + 24 * HOURS_DAYS;
  const days = Math.min(perDay * YEAR_DAYS, pages * YEAR_DAYS) + YEAR_DAYS;
  const details = Math.min(perDay, ASSUMED.values.number) * YEAR_DAYS;
  const isolates = Math.min(traffic.isolates, perDay);
  const rows = use.shards * (hours + days + details + isolates + pages) * ASSUMED.rowBytes.number;
  const most = use.shards * known.maxIds.number;
  const remembered = ids ? Math.min(perDay * known.idDays.number, most) * ID_BYTES : 0;
  const visitors = Math.min(perDay, most) * VISITOR_BYTES;
  const journal = use.shards * known.journalRows.number * (ASSUMED.rowBytes.number + JOURNAL_VISIT_BYTES * traffic.visitsABatch);
  return (rows + remembered + visitors + journal) / 1e9;
}

/** What a month of visits uses, what each use costs in dollars, and the total. */
export function month(visits, kind, known) {
  const perDay = visits / ASSUMED.days.number;
  const day = useOfADay(perDay, kind, known);
  const used = { storedGb: storedAfterAYear(perDay, kind, known) };
  for (const name of Object.keys(PRICES)) used[name] ??= day[name] * ASSUMED.days.number;
  const cost = Object.fromEntries(Object.entries(PRICES).map(([name, price]) => [name, dollars(price, used[name])]));
  const total = PLAN.dollars + Object.values(cost).reduce((sum, one) => sum + one, 0);
  return { visits, shards: day.shards, perShardPerS: day.perShardPerS, used, cost, total };
}

/**
 * The visits a day that each limit of the free plan allows. All numbers up to `most` fit. Where more visits use less, because they keep the
 * object awake, the numbers from `again` to `mostAgain` fit as well.
 */
export function freeLimits(kind, known) {
  const limited = Object.entries(PRICES).filter(([name, price]) => price.free && name !== 'storedGb');
  return limited.map(([name, price]) => ({ name, ...fits((perDay) => useOfADay(perDay, kind, known)[name] <= price.free) }));
}

const STEP = 10;
const MOST_TRIED = 2_000_000;

function fits(within) {
  const ends = [];
  let inside = true;
  for (let perDay = STEP; perDay <= MOST_TRIED && ends.length < 3; perDay += STEP) {
    if (within(perDay) === inside) continue;
    ends.push(inside ? perDay - STEP : perDay);
    inside = !inside;
  }
  const [most, again, mostAgain] = ends;
  return { most: most ?? Infinity, again, mostAgain };
}
