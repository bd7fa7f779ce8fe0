// The inputs of the sums: results on pages that measurements wrote, and constants of the source. When a page is written again, the sums change
// with it. If a page no longer has a number where it was, this throws.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../pins.mjs';
import { Trouble } from '../run.mjs';

const text = (file) => readFileSync(join(ROOT, file), 'utf8');
const number = (cell) => Number(cell.replaceAll(',', '').split(' ')[0]);

/** The cells of the first table line that begins with the cells `begins`. */
function lineOf(file, content, begins) {
  const start = `| ${begins.join(' | ')} |`;
  const line = content.split('\n').find((one) => one.startsWith(start));
  if (line === undefined) throw new Trouble(`${file} has no line that begins with ${start}`);
  return line.slice(2, -2).split(' | ');
}

/** A line of the first table of docs/scale.md, as traffic. */
function simulated(visitsPerS, isolates) {
  const cells = lineOf('docs/scale.md', text('docs/scale.md'), [visitsPerS.toLocaleString('en-US'), isolates.toLocaleString('en-US')]);
  const [visitsABatch, , , calls, rows] = cells.slice(3).map(number);
  const found = { visitsPerS, isolates, visitsABatch, callsAVisit: calls, rowsAVisit: rows };
  if (!Object.values(found).every((one) => one > 0)) throw new Trouble(`docs/scale.md has no numbers for ${visitsPerS} visits/s on ${isolates} isolates`);
  return found;
}

function constant(file, name) {
  const found = text(file).match(new RegExp(`const ${name}: \\w+ = ([\\d_]+);`));
  if (!found) throw new Trouble(`${file} has no number ${name}`);
  return Number(found[1].replaceAll('_', ''));
}

function cpuOfAVisit() {
  const [, of] = text('docs/bench.md').split('\n## 1 connection');
  const cells = lineOf('docs/bench.md', of ?? '', ['Footfall, embedded counter']);
  return number(cells[1]) / 1000;
}

/** All inputs from elsewhere in the repository. */
export const inputs = () => ({
  /** Each visit alone, and every batch between two checkpoints from another isolate: the most expensive traffic. */
  alone: { ...simulated(100, 4_000), source: 'docs/scale.md, 100 visits/s on 4,000 isolates' },
  /** An hour in which visits come together. */
  busy: { ...simulated(1_000, 10), source: 'docs/scale.md, 1,000 visits/s on 10 isolates' },
  busiest: { ...simulated(10_000, 10), source: 'docs/scale.md, 10,000 visits/s on 10 isolates' },
  cpuMs: { number: cpuOfAVisit(), source: 'docs/bench.md, 1 connection' },
  readAtOnce: { number: constant('src/counting/ledger/recover.rs', 'READ_AT_ONCE'), source: 'src/counting/ledger/recover.rs' },
  journalRows: { number: constant('src/counting/ledger/state.rs', 'JOURNAL_ROWS'), source: 'src/counting/ledger/state.rs' },
  maxIds: { number: constant('src/counting/ledger/held_shares.rs', 'MAX_IDS'), source: 'src/counting/ledger/held_shares.rs' },
  maxVisitors: { number: constant('src/counting/ledger/distinct_visitors.rs', 'MAX_VISITORS'), source: 'src/counting/ledger/distinct_visitors.rs' },
  /** Ids are kept for their own window of half a day and the next two. */
  idDays: { number: (1 + constant('src/counting/ledger/seen.rs', 'KEEP_WINDOWS')) / 2, source: 'src/counting/ledger/seen.rs' },
  pages: { number: constant('bench/scale/load.rs', 'PAGES'), source: 'bench/scale/load.rs' },
});

/** Assumptions that are not measured. They are on the high side, so a real bill should be lower. */
export const ASSUMED = {
  days: { number: 30, what: 'days of a month' },
  peak: { number: 3, what: 'times the mean comes in the busiest hour' },
  values: { number: 100, what: 'different countries, referrers, devices and campaigns a day' },
  callS: { number: 0.05, what: 'seconds for which an object is billed for a call' },
  rowBytes: { number: 100, what: 'bytes of a row, its place in the index and empty space included' },
};
