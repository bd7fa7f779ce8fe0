// Runs the traced Worker on workerd, sends visits, and brings back what happened in its isolate.

import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { startWorkerd } from '../workerd/program.mjs';
import { footfall, SITE } from '../workerd/served.mjs';
import { Trouble } from '../run.mjs';
import { startSlowCounter } from './slow_counter.mjs';

/** What a visit is answered that is stored. */
export const WELCOME = 'Welcome to my site!';

/** The longest that a visit may wait; a run in which it would be too short is refused. */
const TIMEOUT_MS = 25_000;

/** Visits of one POST at most: `MAX_BATCH_VISITS` in src/counting/protocol/wire.rs. */
const A_POST = 512;

/** Descriptors that workerd needs a visit: its socket with a duplicate, and as many for a counter outside. */
const DESCRIPTORS = { embedded: 2, external: 4 };
const DESCRIPTORS_BESIDES = 500;

/** Up to so many visits come one after the other, so that each is seen to come; more come at once. */
export const FEW = 8;

/** What the shard says of itself is for who has a token. */
const TOKEN = 'for-this-run-only';

/** One recorded run: events, answers, and what was measured from outside. */
export async function record({ visits, slowMs, counter }, build) {
  check({ visits, slowMs, counter });
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'footfall-trace-')));
  const slow = counter === 'external' ? await startSlowCounter(slowMs) : undefined;
  let program;
  const tidy = () => {
    program?.end();
    slow?.end();
    rmSync(dir, { recursive: true, force: true });
  };
  // Who ends this run before its time finds nothing left of it.
  process.once('exit', tidy);
  try {
    const vars = { SLOW_MS: slowMs, COUNTER_TIMEOUT_MS: TIMEOUT_MS, STATS_TOKEN: TOKEN, ...(slow && { COUNTER_URL: slow.url }) };
    program = await startWorkerd(dir, footfall(dir, { build, vars }));
    const counted = async () => (slow ? { visits: slow.posts, posts: slow.posts } : shardOf(await program.text(SITE, '/metrics', { headers: { authorization: `Bearer ${TOKEN}` } })));
    // The first visit of an isolate asks for the day's record, too, and every path is compiled at its first use.
    await visit(program.url(SITE, '/'));
    const before = await counted();
    await program.ask(SITE, '/.trace');
    const measured = await measure(program, visits, slowMs);
    const { events, lost } = await program.ask(SITE, '/.trace');
    if (lost > 0) throw new Error(`${lost} events had no room`);
    const after = await counted();
    return { visits, slowMs, counter, events, counted: { visits: after.visits - before.visits, posts: after.posts - before.posts }, ...measured };
  } finally {
    process.off('exit', tidy);
    tidy();
  }
}

/** Sends the visits and waits for all answers. `cpuS` is the CPU time of all threads of workerd, sockets and all, in that time. */
async function measure(program, visits, slowMs) {
  const [cpu, begin] = [program.cpuSecondsOfThreads(), performance.now()];
  const sent = [];
  for (let number = 1; number <= visits; number += 1) {
    if (visits <= FEW && number > 1) await pause(slowMs / 5);
    sent.push(visit(program.url(SITE, '/')));
  }
  const answers = {};
  for (const answer of await Promise.all(sent)) answers[answer] = (answers[answer] ?? 0) + 1;
  return { answers, wallMs: performance.now() - begin, cpuS: program.cpuSecondsOfThreads() - cpu };
}

/** What the shard has counted, and in how many POSTs, by its own account. */
function shardOf(metrics) {
  const [visits, posts] = ['views', 'batches_total'].map((name) => Number(new RegExp(`^footfall_shard_${name}\\{[^}]*\\} (\\d+)$`, 'm').exec(metrics)[1]));
  return { visits, posts };
}

/** A visit by a connection of its own, as visitors have. */
async function visit(url) {
  const agent = new Agent({ maxSockets: 1 });
  const sent = request(url, { agent }).end();
  const [response] = await once(sent, 'response');
  const chunks = await response.toArray();
  agent.destroy();
  return `${response.statusCode} ${Buffer.concat(chunks)}`;
}

/** Refuses what cannot work, and says what could. */
function check({ visits, slowMs, counter }) {
  const posts = counter === 'embedded' ? 1 + Math.ceil(visits / A_POST) : 1;
  if (posts * slowMs > TIMEOUT_MS / 2) throw new Trouble(`${visits} visits need ${posts} POSTs in sequence, of ${slowMs} ms each: too close to the ${TIMEOUT_MS} ms that a visit waits`);
  if (process.platform !== 'linux') throw new Trouble('this runs on Linux only: it needs /proc');
  const [, limit] = /Max open files\s+\S+\s+(\S+)/.exec(readFileSync('/proc/self/limits', 'utf8'));
  const needed = visits * DESCRIPTORS[counter] + DESCRIPTORS_BESIDES;
  if (limit !== 'unlimited' && Number(limit) < needed) throw new Trouble(`${visits} visits at once need ${needed} open files in a process, and ${limit} are allowed: raise the hard limit (ulimit -Hn), or ask for fewer visits`);
}
