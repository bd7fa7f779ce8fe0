// `npm run reports`: measures what a report over many pages costs, and how long visits wait while it runs. An import gives a shard 10,000 pages with
// views on each of 30 days. Then this asks for the most viewed page again and again, each time for another period so that no answer is cached,
// while visits come one after the other. It prints the CPU time of a report, and the waits of visits with and without reports.
//
// It takes a minute and runs on Linux only. Other work on the machine shows in the waits.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { build } from '../tools/build.mjs';
import { main, say, Trouble } from '../tools/run.mjs';
import { setup } from '../tools/setup.mjs';
import { percentile, spread } from '../tools/text.mjs';
import { where } from '../tools/where.mjs';
import { startWorkerd } from '../tools/workerd/program.mjs';
import { footfall, SITE } from '../tools/workerd/served.mjs';

const DAY_MS = 86_400_000;
const PAGES = 10_000;
const DAYS = 30;
const REPORTS = 60;
const OWNER = 'owner-of-a-benchmark-01';

/** The pause between an answer and the next question: about one report a second from each of three readers. */
const PAUSE_MS = 300;

const day = (ago) => new Date(Date.now() - ago * DAY_MS).toISOString().slice(0, 10);

/** The lines of an import: each page has one view at one hour of each day. */
function* lines() {
  const all = PAGES * DAYS + DAYS * 24;
  yield { footfall: 1, site: 'default', id: 'reports', at: '' };
  for (let ago = DAYS; ago >= 1; ago -= 1) {
    for (let hour = 0; hour < 24; hour += 1) {
      const at = `${day(ago)}T${String(hour).padStart(2, '0')}Z`;
      let views = 0;
      for (let page = hour; page < PAGES; page += 24) {
        views += 1;
        yield { page: `/post/${page}`, hour: at, views: 1, visitors: 0, newcomers: 0 };
      }
      yield { hour: at, views, visitors: 0, newcomers: 0 };
    }
  }
  for (let page = 0; page < PAGES; page += 1) yield { page: `/post/${page}`, views: DAYS };
  yield { end: all + PAGES, changes: 0 };
}

/** Sends visits one after the other until `isOver()`. Returns the wait of each, in milliseconds. */
async function visits(program, isOver) {
  const waits = [];
  while (!isOver()) {
    const began = performance.now();
    await program.text(SITE, '/counter', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"page":"/now"}' });
    waits.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return waits;
}

/** Asks for the most viewed page, each time for another period. Returns the time of each answer, in milliseconds. */
async function reports(program, count, pauseMs) {
  const waits = [];
  for (let n = 0; n < count; n += 1) {
    const began = performance.now();
    const answer = await program.ask(SITE, `/api/sites/default/pages?limit=1&from=${day(DAYS - (n % 20))}&to=${day(1 + Math.floor(n / 20))}`);
    if (answer.total !== PAGES) throw new Trouble(`the report has ${answer.total} pages, not ${PAGES}`);
    waits.push(performance.now() - began);
    if (pauseMs) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return waits;
}

await main(async () => {
  await setup({});
  await build();
  const dir = mkdtempSync(join(tmpdir(), 'footfall-reports-'));
  let program;
  try {
    program = await startWorkerd(dir, footfall(dir, { vars: { STATS: 'public', ADMIN_TOKEN: OWNER } }));
    say(`${PAGES} pages on ${DAYS} days are imported ...`);
    await program.text(SITE, '/api/sites/default/import', { method: 'POST', headers: { authorization: `Bearer ${OWNER}` }, body: [...lines()].map((line) => `${JSON.stringify(line)}\n`).join('') });
    await reports(program, 5, 0);
    const began = performance.now();
    const alone = await visits(program, () => performance.now() - began > 20_000);
    let over = false;
    const beside = visits(program, () => over);
    const asked = await reports(program, REPORTS, PAUSE_MS);
    over = true;
    const waits = await beside;
    // The CPU time of reports alone, without visits, for periods that were not asked for lately.
    await new Promise((resolve) => setTimeout(resolve, 11_000));
    const before = program.cpuSeconds();
    await reports(program, REPORTS, 0);
    const cpu = ((program.cpuSeconds() - before) * 1000) / REPORTS;
    const { machine, commit, workerd } = await where('src', 'bench');
    const write = (line) => process.stdout.write(`${line}\n`);
    const { median, max } = spread(asked);
    write(`${PAGES} pages on ${DAYS} days, one shard; ${machine}, ${workerd}, commit ${commit}`);
    write(`pages?limit=1: ${cpu.toFixed(1)} ms of CPU a report, mean of ${REPORTS}; answered beside visits in ${median.toFixed(0)} ms, at most ${max.toFixed(0)} ms`);
    for (const [name, list] of Object.entries({ alone, 'beside reports': waits })) {
      write(`${list.length} visits ${name}: p50 ${percentile(list, 50).toFixed(1)} ms, p99 ${percentile(list, 99).toFixed(1)} ms, at most ${Math.max(...list).toFixed(0)} ms`);
    }
  } finally {
    program?.end();
    rmSync(dir, { recursive: true, force: true });
  }
});
