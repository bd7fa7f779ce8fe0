// Writes docs/scale.md and the table in the terminal from the results of a run. It contains no number that a run measures.

import { markdown, three, two, whole } from '../../tools/text.mjs';

const ROUND_TRIP_MS = 25;

const WHY_NONE = {
  'too few isolates': 'none: an isolate would have to take more visits than it has CPU for',
  'too many isolates': 'none: a shard remembers the last batches of too few isolates and refuses the others',
  overloaded: 'none: 256 shards cannot keep up',
  busy: 'none: 256 shards are too busy',
};

const ms = ([p50, p99]) => `${two(p50)} / ${two(p99)}`;
const dollars = (number) => `$${number.toFixed(2)}`;

const HEAD = ['visits/s', 'isolates', 'SHARDS', 'visits a batch', 'added wait, ms', 'whole wait, ms', 'object calls a visit', 'rows a visit', 'shard works', 'a million visits'];

/** The fewest shards that suffice, for every traffic and number of isolates at one round-trip time. */
export function table({ model }) {
  const cells = model.chosen.filter((cell) => cell.round_trip_ms === ROUND_TRIP_MS);
  return markdown(HEAD, cells.map(line));
}

function line({ visits_per_s, isolates, shards, limits, found }) {
  const before = [whole(visits_per_s), whole(isolates)];
  if (!found) return [...before, WHY_NONE[limits[0]], ...Array(HEAD.length - 3).fill('')];
  const { visits_a_batch, added_wait_ms, whole_wait_ms, calls_a_visit, rows_a_visit, calls_per_s_a_shard, utilisation, dollars_a_million } = found;
  const broken = limits.map((limit) => (limit === 'over the soft limit' ? `${whole(calls_per_s_a_shard)} calls/s each (!)` : limit));
  const work = `${two(utilisation * 100)} %`;
  const columns = [visits_a_batch, calls_a_visit, rows_a_visit].map(three);
  return [...before, [shards, ...broken].join(', '), columns[0], ms(added_wait_ms), ms(whole_wait_ms), columns[1], columns[2], work, dollars(dollars_a_million)];
}

/** The same traffic with more and more shards. */
function moreShards({ model }, visits_per_s, isolates) {
  const cells = model.cells.filter(
    (cell) => cell.visits_per_s === visits_per_s && cell.isolates === isolates && cell.round_trip_ms === ROUND_TRIP_MS,
  );
  return markdown(HEAD, cells.map(line));
}

function measuredTable({ measured }) {
  const sizes = [...new Set(measured.samples.map(({ visits }) => visits))];
  const of = (line, visits) => measured.samples.find((sample) => sample.line === line && sample.visits === visits);
  const range = ({ batchUs, batchUsByRound: all }) => `${three(batchUs)} (${two(Math.min(...all))} to ${two(Math.max(...all))})`;
  const lines = sizes.map((visits) => {
    const shard = of('visitors', visits);
    return [visits, range(shard), two(shard.visitUs), whole(shard.visitsPerCpuSecond), range(of('ids', visits)), ...['carry', 'store'].map((other) => three(of(other, visits).batchUs))];
  });
  return markdown(
    ['visits a batch', 'CPU a batch, us (range of rounds)', 'CPU a visit, us', 'visits/s of one core', 'with ids instead of visitors, us a batch', 'plain JS object that only answers', 'plain JS object that writes the batch as a row'],
    lines,
  );
}

export function page(result) {
  const { where, measured, model } = result;
  const { visitors } = measured.fits;
  const hundred = measured.samples.find(({ line, visits }) => line === 'visitors' && visits === 100);
  const largest = measured.samples.filter(({ line }) => line === 'visitors').at(-1);
  const small = model.rows[0];
  const { prices } = model;
  const { disk } = measured;
  return `# Scale: what one shard costs, and how many a site needs

\`npm run scale\` measures and simulates this and writes the page; do not edit it. This run: ${where.day}, commit ${where.commit},
${where.machine}, ${where.workerd}.

![Shards needed, added wait and price, by traffic and number of isolates](scale.svg)

## One shard, measured

Batches are posted to one shard inside the same workerd, ${model.lanes} at a time, each with new visitors and ids. CPU time is that of
the whole process, so it includes the caller's part of a call. Objects in plain JavaScript show the platform's own part. All
${whole(measured.visits)} visits were acknowledged, and the counter had as many.

${measuredTable(result)}

**A batch costs ${three(visitors.batchUs)} us and each visit in it ${three(visitors.visitUs)} us** (a line through the four sizes, at most ${two(visitors.worst * 100)} % off). At batches of
100, one core commits ${whole(hundred.visitsPerCpuSecond)} visits a second. A visit that comes alone costs ${two(1 + visitors.batchUs / visitors.visitUs)} times as much as one more in a batch. The cost
grows with what the shard remembers: of the batches of ${largest.visits}, the first round's cost ${whole(largest.batchUsByRound[0])} us each, and the last round's ${whole(largest.batchUsByRound.at(-1))}.

The counts were kept in memory (/dev/shm), because workerd waits for the disk in the thread that does all the work. On this
machine's disk, batches of ${disk.visits} cost ${three(disk.batchUs)} us of CPU and ${three(disk.batchesPerSecond)} of them passed in a second, with ${whole(disk.visits * disk.batchesPerSecond)} visits. That varies with
the other users of the disk. Cloudflare's objects send their writes to other machines and keep working, which cannot be
measured here.

A batch writes one row. A checkpoint every 1,024 batches writes one for each isolate that posted since, and two for each page. workerd
billed ${three(measured.rows.rowsABatch)} rows a batch (${measured.rows.isolates} isolates, ${model.pages} pages, with checkpoints), and the native ledger ${three(model.rows_as_on_workerd)}. From one isolate it is
${three(small.one_isolate)}, and ${three(small.many_isolates)} if every batch between two checkpoints is from another isolate.

## A site, simulated

Each isolate runs the real batcher, in front of a shard that serves one batch at a time at the cost above. Visits arrive as a
Poisson process, spread evenly over isolates and shards. A round trip is ${ROUND_TRIP_MS} ms plus a tenth as a rule, and much more for one in a
hundred. Waits are p50 / p99: "added" until a visit leaves in a POST, "whole" until it is answered. Each line has the fewest
shards (of 1, 4, 16, 64, 256) that work at most ${model.max_utilisation * 100} % of the time and get at most ${whole(model.soft_limit_calls_per_s)} calls a second, the documented soft
limit of an object. (!) marks a line where the work allows it and that limit does not. Then fewer shards may suffice
than for less traffic.

${table(result)}

One traffic on few shards and on many:

${moreShards(result, 100_000, 100)}

After a run, \`target/scale.json\` also has round trips of 5 and 100 ms, and all other numbers of shards.

## Choosing SHARDS

- Left out, the number follows the load by itself, a day later: [deploying.md](deploying.md#more-shards).
- A batch holds the visits that an isolate has for a shard in one round trip: visits/s x round trip / (isolates x SHARDS). If that
  is below one, nothing is batched and every visit is an object call. Isolates and shards divide it alike, but you choose only the shards.
- So use as few as suffice: one, until its calls pass ${whole(model.soft_limit_calls_per_s)} a second. More of them make batches smaller and visits dearer. Only a trial on Cloudflare tells
  whether an object takes more calls than that when each is so cheap.
- A shard that cannot keep up does not fail at once. Its isolates wait longer, so their batches grow and a visit costs less, until the
  work fits again. The price is wait. Only beyond ${whole(1e6 / visitors.visitUs)} visits a second is no batch large enough.
- More than ${whole(model.isolates_remembered)} isolates that post to one shard within a minute are refused (\`LONE_LANES\`), if each sends a visit. A site on more
  isolates needs enough shards that each meets fewer.

## What a million visits cost

Worker requests ${dollars(prices.worker_request)} a million, object requests ${dollars(prices.object_request)}, rows written ${dollars(prices.row_written)}: prices of the paid plan, beyond what it
includes. This leaves out the CPU time of the Worker, the alarms (two a day and shard), storage, and the time that objects are awake;
[costs.md](costs.md) has all of them, by visits a month. A million seconds of an object are ${dollars(prices.awake_second)}, so shards that never sleep add
${prices.awake_second.toFixed(2)} x SHARDS / (visits/s) dollars a million visits. That is little, except for many shards with little to do.

## Limits of the model

- The work was measured on this machine. Cloudflare's machines differ, and their storage differs more. The model gives an isolate CPU for ${whole(model.isolate_visits_per_s)}
  visits a second (200 us each), and does not simulate it.
- Cloudflare chooses how many isolates take a site's visits. Here all are equally busy and none ends. In reality a few are busy,
  which makes their batches larger, and many are not.
- One shard stands for all. They share nothing, so this is exact for a shard with its part of the visits. A hash spreads visitors
  evenly, but not the visits of one visitor.
- Views without a visitor or an id go to their isolate's own shard, in larger batches than here.
- Retries, deadlines and refusals are not simulated: if one POST in a thousand would be sent again, or a visit refused, the case
  counts as overloaded. Nor is Cloudflare's treatment of calls to an object with a long queue, nor are the
  ${whole(model.visitors_remembered)} visitors that a shard keeps apart a day.
`;
}
