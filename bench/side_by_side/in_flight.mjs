// Measures memory while very many visits wait. Each is a socket, a request and a handler that has yielded until its counter answers.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { say, Trouble } from '../../tools/run.mjs';
import { load } from './load.mjs';
import { directory, PROGRAMS } from './programs.mjs';
import { withRounds } from './rounds.mjs';
import { COLLECTOR } from '../../tools/workerd/served.mjs';

const NAMES = ['post', 'footfallPost'];

/** The visits before memory is first read, so that V8 has compiled every path. */
const WARM_UP = { visits: 400, connections: 8 };

/** The file descriptors that workerd needs for a waiting visit: the visitor's socket and the counter's, each with a duplicate. */
const DESCRIPTORS_A_VISIT = 4;
const DESCRIPTORS_BESIDES = 500;

const PATIENCE_MS = 60_000;
const POLL_MS = 50;

/** Checks the limit of open files. Node raises its own limit to the hard limit, and the programs that it starts inherit that. */
export function checkDescriptors(visits) {
  const [, limit] = /Max open files\s+\S+\s+(\S+)/.exec(readFileSync('/proc/self/limits', 'utf8'));
  const needed = visits * DESCRIPTORS_A_VISIT + DESCRIPTORS_BESIDES;
  if (limit !== 'unlimited' && Number(limit) < needed) {
    throw new Trouble(`${visits} visits in flight need ${needed} open files in a process, and ${limit} are allowed: raise the hard limit (ulimit -Hn)`);
  }
}

/** Measures in rounds, each with new processes, because workerd does not give memory back. */
export async function measureInFlight(work, { counter, bins, visits, rounds }) {
  const found = Object.fromEntries(NAMES.map((name) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const name of NAMES) {
      const dir = directory(work, 'in-flight', name, round);
      const program = await PROGRAMS[name].start(dir, { counter, bins, watched: true });
      try {
        found[name].push(await waitTogether(PROGRAMS[name], program, { counter, visits }));
      } finally {
        program.end();
        await counter.release();
      }
    }
    say(`${visits} visits in flight: round ${round} of ${rounds}`);
  }
  return { visits, programs: Object.fromEntries(NAMES.map((name) => [name, summary(found[name], visits)])) };
}

async function waitTogether(of, program, { counter, visits }) {
  await load(of, program, { ...WARM_UP, counter });
  const idle = await memory(program);
  await counter.hold();
  const answered = load(of, program, { visits, connections: visits, counter });
  // Awaited below. Until then, a failure must not count as an unhandled rejection.
  answered.catch(() => {});
  // Waits until all visits wait. The load must not end before they are let go.
  await Promise.race([
    allWait(counter, visits),
    answered.then(() => Promise.reject(new Error(`${of.title}: visits were answered before their counter answered`))),
  ]);
  const rssBytes = program.rssBytes();
  const { wasmBytes } = await memory(program);
  await counter.release();
  await answered;
  return { idleBytes: idle.rssBytes, rssBytes, wasmBytes: wasmBytes - idle.wasmBytes };
}

/** The memory that is left after a garbage collection. */
async function memory(program) {
  const { wasmBytes } = await program.ask(COLLECTOR, '/');
  return { rssBytes: program.rssBytes(), wasmBytes };
}

async function allWait(counter, visits) {
  for (const end = Date.now() + PATIENCE_MS; ; await sleep(POLL_MS)) {
    const waiting = await counter.waiting();
    if (waiting === visits) return;
    if (Date.now() > end) throw new Error(`only ${waiting} of ${visits} visits reached the counter`);
  }
}

function summary(all, visits) {
  const of = (figure) => withRounds(all.map(figure));
  return {
    rssBytes: of((one) => one.rssBytes),
    idleBytes: of((one) => one.idleBytes),
    addedBytesAVisit: of((one) => (one.rssBytes - one.idleBytes) / visits),
    wasmBytesAVisit: of((one) => one.wasmBytes / visits),
  };
}
