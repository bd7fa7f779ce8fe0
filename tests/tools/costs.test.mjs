// `npm run costs`: the sums are right, and docs/costs.md is up to date.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inputs } from '../../tools/costs/inputs.mjs';
import { freeLimits, month, useOfADay } from '../../tools/costs/model.mjs';
import { KINDS, page, VISITS } from '../../tools/costs/page.mjs';
import { dollars, PLAN, PRICES } from '../../tools/costs/prices.mjs';
import { ROOT } from '../../tools/pins.mjs';

/** The measurements at the time when these sums were made by hand. */
const KNOWN = {
  alone: { visitsPerS: 100, isolates: 4_000, visitsABatch: 1, callsAVisit: 1, rowsAVisit: 2.2 },
  busy: { visitsPerS: 1_000, isolates: 10, visitsABatch: 2.87, callsAVisit: 0.349, rowsAVisit: 0.422 },
  busiest: { visitsPerS: 10_000, isolates: 10, visitsABatch: 28, callsAVisit: 0.0358, rowsAVisit: 0.0433 },
  cpuMs: { number: 0.5 },
  journalRows: { number: 1_024 },
  readAtOnce: { number: 32 },
  maxIds: { number: 1_800_000 },
  idDays: { number: 1.5 },
  pages: { number: 100 },
};

const near = (actual, expected, what) => assert.ok(Math.abs(actual - expected) <= 1e-6 * Math.abs(expected), `${what}: ${actual}, by hand ${expected}`);

test('docs/costs.md is what the program writes', () => {
  assert.equal(readFileSync(join(ROOT, 'docs', 'costs.md'), 'utf8'), page(), 'npm run costs writes it again');
});

test('30 million visits a month, each alone, by hand', () => {
  // 1,000,000 a day; 1,500,000 ids are remembered, so one shard is enough.
  const { shards, used, cost, total } = month(30e6, { traffic: KNOWN.alone, ids: true }, KNOWN);
  assert.equal(shards, 1);
  assert.equal(used.requests, 30_000_000);
  near(cost.requests, 6, 'requests: 20 million at $0.30');
  near(used.cpuMs, 15_000_000, 'CPU: half a millisecond each');
  assert.equal(cost.cpuMs, 0);
  near(used.calls, 30 * (1_000_000 + 4_000 + 3), 'a call a visit, one an isolate, three alarms');
  near(cost.calls, (30_120_090 - 1_000_000) * 0.15e-6, 'calls');
  // Between two alarms come 500,000 batches: a full journal, and all isolates.
  const alarm = 1.2 * 1_024 + 100 + 1_024 + 4_000;
  const day = 2_200_000 + (1_000_000 / 1_024) * 100 + 2 * (alarm + 1) + 2_400 + 100 + 5;
  near(used.rowsWritten, 30 * day, 'rows written');
  near(cost.rowsWritten, (30 * day - 50e6) / 1e6, 'rows written, $');
  near(used.gbSeconds, 30 * 1_004_003 * 0.05 * 0.128, 'object time: 50 ms a call');
  assert.equal(cost.gbSeconds, 0);
  assert.ok(used.rowsRead < 25e9 && cost.rowsRead === 0 && used.storedGb < 5 && cost.storedGb === 0);
  near(total, 5 + 6 + 4.3680135 + cost.rowsWritten, 'all');
});

test('the included use costs nothing, and use beyond it costs by the million', () => {
  assert.equal(dollars(PRICES.requests, 10_000_000), 0);
  assert.equal(dollars(PRICES.requests, 11_000_000), 0.3);
  assert.equal(dollars(PRICES.storedGb, 7).toFixed(2), '0.40');
  assert.equal(month(10_000, KINDS(KNOWN).alone, KNOWN).total, PLAN.dollars);
});

test('with several shards, a visit calls its own shard, and that of its visitor if it is another', () => {
  const { shards, calls } = useOfADay(3_600_000, { traffic: KNOWN.alone, ids: true }, KNOWN);
  assert.equal(shards, 3, '5,400,000 ids, 1,800,000 in each shard');
  near(calls, 3_600_000 * (1 + 2 / 3) + 4_000 + 7, 'its own shard, and two times of three its visitor\'s');
  assert.equal(useOfADay(3_600_000, { traffic: KNOWN.alone, ids: false }, KNOWN).shards, 1);
});

test('more visits cost more, and a shared batch costs less', () => {
  const kinds = KINDS(KNOWN);
  for (const kind of Object.values(kinds)) {
    const totals = VISITS.map((visits) => month(visits, kind, KNOWN).total);
    assert.deepEqual(totals, [...totals].sort((a, b) => a - b));
  }
  const [alone, busy, busiest] = ['aloneWithoutIds', 'busy', 'busiest'].map((kind) => month(1e9, kinds[kind], KNOWN).total);
  assert.ok(alone > busy && busy > busiest, `${alone}, ${busy}, ${busiest}`);
});

test('the free plan: the visits that fit reach a limit, and one step more exceeds it', () => {
  const kind = KINDS(KNOWN).alone;
  const limits = Object.fromEntries(freeLimits(kind, KNOWN).map((limit) => [limit.name, limit]));
  assert.equal(limits.requests.most, 100_000);
  assert.equal(limits.calls.most, 95_990, '100,000 calls less 4,000 isolates and 3 alarms, in steps of 10');
  assert.ok(limits.gbSeconds.most > 1_000_000, '13,000 GB-s are 2,031,250 calls of 50 ms');
  for (const [name, { most, again, mostAgain }] of Object.entries(limits)) {
    const use = (perDay) => useOfADay(perDay, kind, KNOWN)[name];
    const { free } = PRICES[name];
    if (most === Infinity) continue;
    assert.ok(use(most) <= free && use(most + 10) > free, `${name} at ${most}`);
    if (again !== undefined) assert.ok(use(again) <= free && use(again - 10) > free, `${name} again at ${again}`);
    if (mostAgain !== undefined) assert.ok(use(mostAgain) <= free && use(mostAgain + 10) > free, `${name} up to ${mostAgain}`);
  }
  // 100,000 rows = 2.2977 for each visit and 12,403 for upkeep (2 alarms, and 100 pages whose 24 hours become days).
  const upkeep = 2 * (1.2 * 1_024 + 100 + 1_024 + 4_000 + 1) + 2_400 + 100 + 5;
  near(limits.rowsWritten.most, Math.floor((100_000 - upkeep) / (2.2 + 100 / 1_024) / 10) * 10, 'rows written');
});

test('every price has its source and date, and every input has its source', () => {
  for (const { source } of [PLAN, ...Object.values(PRICES)]) {
    assert.match(source.url, /^https:\/\/developers\.cloudflare\.com\//);
    assert.match(source.read, /^\d{4}-\d{2}-\d{2}$/);
  }
  for (const input of Object.values(inputs())) assert.ok(input.source, JSON.stringify(input));
});
