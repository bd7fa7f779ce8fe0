// Writes docs/costs.md from the sums of model.mjs. It contains no number that is computed or read elsewhere.

import { markdown, three, whole } from '../text.mjs';
import { ASSUMED, inputs } from './inputs.mjs';
import { freeLimits, month, storedAfterAYear, useOfADay } from './model.mjs';
import { AWAKE_S, CALLS_PER_S, FREE_CPU_MS, OBJECT_GB, PLAN, PRICES } from './prices.mjs';

export const VISITS = [10_000, 100_000, 1e6, 10e6, 100e6, 1e9];

const money = (number) => `$${number.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;

/** Numbers such as `12.3 million`, so that tables stay narrow. */
function amount(number) {
  if (number >= 1e9) return `${three(number / 1e9)} billion`;
  if (number >= 1e6) return `${three(number / 1e6)} million`;
  return number >= 1_000 ? whole(number) : three(number);
}

const stored = (gb) => (gb < 1 ? `${three(gb * 1000)} MB` : `${three(gb)} GB`);

/** The kinds of traffic that the page shows. */
export const KINDS = (known) => ({
  alone: { traffic: known.alone, ids: true },
  aloneWithoutIds: { traffic: known.alone, ids: false },
  busy: { traffic: known.busy, ids: false },
  busiest: { traffic: known.busiest, ids: false },
});

const COLUMNS = Object.entries(PRICES);

function table(kind, known) {
  const head = ['visits a month', 'SHARDS', ...COLUMNS.map(([, { what, unit }]) => (unit && unit !== 'GB' ? `${what}, ${unit}` : what)), `all, with the plan's ${money(PLAN.dollars)}`];
  const lines = VISITS.map((visits) => {
    const { shards, perShardPerS, used, cost, total } = month(visits, kind, known);
    const cells = COLUMNS.map(([name]) => `${name === 'storedGb' ? stored(used[name]) : amount(used[name])}: ${money(cost[name])}`);
    return [whole(visits), perShardPerS > CALLS_PER_S.number ? `${shards} (!)` : shards, ...cells, `**${money(total)}**`];
  });
  return markdown(head, lines);
}

function byHand(visits, kind, known) {
  const { used, cost, total } = month(visits, kind, known);
  const lines = COLUMNS.map(([name, { what, unit, included, dollars, per }]) => {
    const digits = name === 'storedGb' ? three : whole;
    return [what, `(${digits(used[name])} - ${digits(included)}) / ${whole(per)} x $${dollars}`, used[name] <= included ? `${money(0)}, included` : money(cost[name]), unit];
  });
  const cells = lines.map(([what, sum, result, unit]) => [unit ? `${what}, ${unit}` : what, sum, result]);
  return markdown(['', 'sum', ''], [...cells, ['plan', '', money(PLAN.dollars)], ['all', '', money(total)]], 0);
}

function pricesTable() {
  const link = ({ page, url }) => `[${page}](${url})`;
  const lines = COLUMNS.map(([name, { what, unit, included, dollars, per, free, source }]) => {
    const of = unit ? ` ${unit}` : '';
    const limit = name === 'cpuMs' ? `${FREE_CPU_MS.number} ms a request` : `${whole(free)}${of}${name === 'storedGb' ? ' in all' : ' a day'}`;
    return [what, limit, `${whole(included)}${of} a month`, `$${dollars} for ${whole(per)}${of}`, link(source), source.read];
  });
  return markdown(['', 'free plan', `paid plan, ${money(PLAN.dollars)} a month, includes`, 'more', 'page', 'read'], lines, 0);
}

const WHAT_THEN = {
  requests: 'Cloudflare answers with an error page until midnight (UTC). The script is a file, so pages lose nothing',
  calls: 'calls of objects fail: `visit_failed` in the log, 502',
  gbSeconds: 'the same',
  rowsWritten: 'writes fail: `storage_failed` in the log, visits are answered 502. Reads go on',
  rowsRead: 'an object that sleeps cannot start: 502. One that is awake keeps working',
};

function freeTable(kind, known) {
  const lines = freeLimits(kind, known)
    .sort((a, b) => a.most - b.most)
    .map(({ name, most, again, mostAgain }) => {
      const more = again === undefined ? '' : mostAgain === undefined ? `, and from ${whole(again)} on` : `, and ${whole(again)} to ${whole(mostAgain)}`;
      return [PRICES[name].what, whole(PRICES[name].free), most === Infinity ? 'any number' : `${whole(most)}${more}`, WHAT_THEN[name]];
    });
  return markdown(['limit', 'a day', 'visits a day that fit', 'what happens then'], lines, 0);
}

export function page() {
  const known = inputs();
  const kinds = KINDS(known);
  const limits = freeLimits(kinds.alone, known).sort((a, b) => a.most - b.most);
  const [first] = limits;
  const most = limits.find(({ name }) => name === 'rowsWritten');
  const gap = useOfADay(8_640, kinds.alone, known);
  const billion = (kind) => money(month(1e9, kinds[kind], known).total);
  const hourMost = known.busy.visitsPerS * 3600;
  return `# What it costs

\`npm run costs\` writes this page; do not edit it. It computes a month's bill from Cloudflare's prices and from this project's own measurements.
\`tools/costs/model.mjs\` has every sum.

**${whole(VISITS[3])} visits a month, no two of them in one batch, cost ${money(month(VISITS[3], kinds.alone, known).total)}. The free plan takes ${whole(first.most)} visits a day, however they are spread${most.most > first.most ? `, and up to ${whole(most.most)} if they keep the object awake` : ''}.**

## What goes in

${markdown(
  ['', 'number', 'from'],
  [
    ['visits a batch, rows written a visit: each visit alone', `${three(known.alone.visitsABatch)}, ${three(known.alone.rowsAVisit)}`, known.alone.source],
    ['the same in busy hours', `${three(known.busy.visitsABatch)}, ${three(known.busy.rowsAVisit)}`, known.busy.source],
    ['isolates that take them: alone, in busy hours', `${whole(known.alone.isolates)}, ${whole(known.busy.isolates)}`, 'the same'],
    ['object calls a visit: alone, in busy hours', `${three(known.alone.callsAVisit)}, ${three(known.busy.callsAVisit)}`, 'the same'],
    ['CPU a visit, ms, the object and the kernel included', three(known.cpuMs.number), known.cpuMs.source],
    ['batches that a shard writes before a checkpoint', whole(known.journalRows.number), `\`${known.journalRows.source}\``],
    ['ids that a shard remembers', whole(known.maxIds.number), `\`${known.maxIds.source}\``],
    ['days that it remembers them, at most', String(known.idDays.number), `\`${known.idDays.source}\``],
    ['pages that are visited', whole(known.pages.number), `\`${known.pages.source}\``],
    ...Object.values(ASSUMED).map(({ number, what }) => [what, String(number), 'assumed']),
    ['seconds that an object stays awake after a call', String(AWAKE_S.number), `${AWAKE_S.source.page}, read ${AWAKE_S.source.read}`],
    ['calls a second that one object takes', whole(CALLS_PER_S.number), `${CALLS_PER_S.source.page}, read ${CALLS_PER_S.source.read}`],
  ],
  0,
)}

- This is one site. A visit is one request: by the script, a pixel, or \`GET /\`. \`footfall.js\` is a static asset, which costs nothing.
- Visits arrive at random times, as many by night as by day. Each isolate asks once a day for the day's salt.
- A shard writes a checkpoint when its journal is full and at its alarms, ${2} a day. The sums include the rows that these write and delete, and the alarms.
- An object is billed while it works on calls, not while it idles and may hibernate (${PRICES.gbSeconds.source.page}). If idle time were billed, a shard that never sleeps
  would take ${whole(OBJECT_GB.number * 86_400 * ASSUMED.days.number)} GB-s a month, of ${whole(PRICES.gbSeconds.included)}.
- An object that slept reads its journal, the last batches of its isolates and its pages when it starts: \`src/counting/ledger/recover.rs\`.
- The native ledger writes at most 0.45 rows a visit at 64 visits a batch, whatever the pages and dimensions: \`tests/ledger_bounds.rs\`.

## Prices

${pricesTable()}

These are from stored copies of the pages. \`tools/costs/prices.mjs\` is the one list of prices, for \`npm run scale\` as well. Check the pages before you rely on it.

## By the script, each visit alone in its batch

This is the dearest case: no two visits meet, each has an id, and each batch comes from another isolate.

${table(kinds.alone, known)}

SHARDS grows here because a shard remembers ${whole(known.maxIds.number)} ids, of ${known.idDays.number} days. With more than one shard, a visitor who belongs
to another shard than the visit's id is reported there as well, which nearly doubles the calls and the rows. (!) marks more than ${whole(CALLS_PER_S.number)} calls a second
for each object in the busiest hour.

The line of 10 million by hand:

${byHand(10e6, kinds.alone, known)}

## In busy hours

Visits without an id (\`GET /\`, pixels, badges) that share batches of ${three(known.busy.visitsABatch)}: ${whole(known.busy.visitsPerS)} visits a second on ${known.busy.isolates} isolates. One such hour has ${whole(hourMost)} visits, so
the first lines are here only for comparison. Beyond ${whole(known.maxVisitors.number)} visitors a day, a shard no longer tells visitors apart.

${table(kinds.busy, known)}

A billion visits without an id cost ${billion('aloneWithoutIds')} if each is alone, ${billion('busy')} in such hours, and ${billion('busiest')} in batches of ${three(known.busiest.visitsABatch)} (${known.busiest.source}).

## The free plan

Visits a day, each alone and with an id, spread evenly:

${freeTable(kinds.alone, known)}

**${capital(PRICES[first.name].what)} run out first.**${
    first.name === 'rowsRead'
      ? ` Between ${whole(first.most)} and ${whole(first.again)} visits a day, an object falls asleep so often that its starts read too much: at ${whole(8_640)}, one in ten seconds, it wakes ${whole(gap.wakes)} times
a day and reads ${whole(gap.aWake)} rows each time. With more visits it stays awake, and rows written are next.`
      : ''
  }

- These limits belong to the account, not to the Worker, and are reset at midnight (UTC).
- If a view does not get through, also because of a limit, the browser keeps it and the script sends it again on the next page, up to 20 hours later.
- ${FREE_CPU_MS.number} ms of CPU a request are ${whole(FREE_CPU_MS.number / known.cpuMs.number)} times what a visit takes. Only an import of several MB reaches them ([owning.md](owning.md)).
- After a year of ${whole(most.most)} visits a day ${stored(storedAfterAYear(most.most, kinds.alone, known))} are stored, of ${PRICES.storedGb.free} GB.

## What is not in the sums

| | |
| --- | --- |
| reading | each request of \`GET /counter\` or \`/api/sites/SITE/…\` is a Worker request and a call of each shard. \`pages\` reads a row for each page and hour: ${whole(known.pages.number * 24 * 30)} rows for 30 days of ${known.pages.number} pages. A report makes the shard write a checkpoint, at most every 10 s |
| \`data-footfall\` elements | one answer fills all of them. For the numbers of the site and its visitors, it calls each shard |
| a dashboard | its files are static, and cost nothing. Opening it reads ten times. While visits come, it reads ten times every 30 seconds; while it is hidden, never ([dashboard.md](dashboard.md)) |
| watching live | an upgrade; while visits come, one object call every 750 ms from each shard, for any number of watchers; nothing while nothing happens ([live.md](live.md)) |
| bots, prefetches, limited visits | a Worker request each. Each isolate reports them to the shard once a second, not one by one |
| logs | Workers Logs have a price of their own; a visit writes a line only with \`LOG_VISITS\` |
| more CPU with more shards | a read of all shards is work for the Worker |
| retries | a call that is made again is a call |
`;
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);

/** The short table for a terminal. */
export function short() {
  const known = inputs();
  const kinds = KINDS(known);
  return markdown(
    ['visits a month', 'by the script, each alone', 'in busy hours, without ids'],
    VISITS.map((visits) => [whole(visits), ...['alone', 'busy'].map((kind) => money(month(visits, kinds[kind], known).total))]),
    3,
  );
}
