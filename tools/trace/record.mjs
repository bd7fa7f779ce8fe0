// Runs the traced Worker on workerd, sends visits, and returns the events of its isolate.

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

/** The answer to a stored visit. */
export const WELCOME = 'Welcome to my site!';

/** The longest that a visit may wait. A run in which visits would wait longer is refused. */
const TIMEOUT_MS = 25_000;

/** The most visits of one POST: `MAX_BATCH_VISITS` in src/counting/protocol/wire.rs. */
const A_POST = 512;

/** File descriptors that workerd needs for each visit: a socket and its duplicate, and as many for an external counter. */
const DESCRIPTORS = { embedded: 2, external: 4 };
const DESCRIPTORS_BESIDES = 500;

/** Up to this many visits are sent one after the other, so that each can be seen to come. More are sent at once. */
export const FEW = 8;

/** The shard's own numbers need a token. */
const TOKEN = 'for-this-run-only';

/** One recorded run: the events, the answers, and the times measured from outside. */
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
  // An interrupted run leaves nothing behind.
  process.once('exit', tidy);
  try {
    const vars = { SLOW_MS: slowMs, COUNTER_TIMEOUT_MS: TIMEOUT_MS, STATS_TOKEN: TOKEN, ...(slow && { COUNTER_URL: slow.url }) };
    program = await startWorkerd(dir, footfall(dir, { build, vars }));
    const counted = async () => (slow ? { visits: slow.posts, posts: slow.posts } : shardOf(await program.text(SITE, '/metrics', { headers: { authorization: `Bearer ${TOKEN}` } })));
    // Warms up: the first visit of an isolate also asks for the day's record, and code is compiled at its first use.
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

/** Sends the visits and waits for all answers. `cpuS` is the CPU time that all threads of workerd, including its sockets, used meanwhile. */
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

/** The shard's own count of visits and POSTs. */
function shardOf(metrics) {
  const [visits, posts] = ['views', 'batches_total'].map((name) => Number(new RegExp(`^footfall_shard_${name}\\{[^}]*\\} (\\d+)$`, 'm').exec(metrics)[1]));
  return { visits, posts };
}

/** A visit on a connection of its own, as a visitor's is. */
async function visit(url) {
  const agent = new Agent({ maxSockets: 1 });
  const sent = request(url, { agent }).end();
  const [response] = await once(sent, 'response');
  const chunks = await response.toArray();
  agent.destroy();
  return `${response.statusCode} ${Buffer.concat(chunks)}`;
}

/** Refuses a run that cannot work, and says what could. */
function check({ visits, slowMs, counter }) {
  const posts = counter === 'embedded' ? 1 + Math.ceil(visits / A_POST) : 1;
  if (posts * slowMs > TIMEOUT_MS / 2) throw new Trouble(`${visits} visits need ${posts} POSTs in sequence, of ${slowMs} ms each: too close to the ${TIMEOUT_MS} ms that a visit waits`);
  if (process.platform !== 'linux') throw new Trouble('this runs on Linux only: it needs /proc');
  const [, limit] = /Max open files\s+\S+\s+(\S+)/.exec(readFileSync('/proc/self/limits', 'utf8'));
  const needed = visits * DESCRIPTORS[counter] + DESCRIPTORS_BESIDES;
  if (limit !== 'unlimited' && Number(limit) < needed) throw new Trouble(`${visits} visits at once need ${needed} open files in a process, and ${limit} are allowed: raise the hard limit (ulimit -Hn), or ask for fewer visits`);
}
