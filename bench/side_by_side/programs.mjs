// The programs that are compared, and how to start each. All answer `GET /` with the same text.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startNative, startWorkerd } from '../../tools/workerd/program.mjs';
import { footfall, SITE } from '../../tools/workerd/served.mjs';
import { nothing, plain, plainObject } from './workers.mjs';

/** The answer to a registered visit. It is the same for each program, so that all send the same bytes. */
export const WELCOME = 'Welcome to my site!';

/** The socket of the external counter. */
const COUNTER = 'counter';

/** COUNTER_TIMEOUT_MS: the longest possible, so that a slow machine makes a slow run and not a failed visit. */
const PATIENT = { COUNTER_TIMEOUT_MS: 25_000 };

/** Opens the metrics, which tell how many batches were sent. */
const TOKEN = 'the-token-of-a-bench-0123456789';

const COUNTER_URL = ({ counter }) => ({ COUNTER_URL: counter.url(COUNTER, '/counter') });

/**
 * The programs, in the order of their turns. `counts` says where the visits are counted: nowhere, in the program itself, or in the external counter.
 * `start(dir, { counter, bins, before, watched })` starts a program in an empty directory. A program that is so cheap that its rounds would be too
 * short to measure gets `times` as many visits. `batches` reads how many visits and batches a program has sent to its counter.
 */
export const PROGRAMS = {
  constant: {
    title: 'plain JS Worker, constant answer',
    counts: 'nowhere',
    times: 4,
    start: (dir) => startWorkerd(dir, plain(dir, 'constant')),
  },
  object: {
    title: 'plain JS Worker + Durable Object',
    counts: 'itself',
    start: (dir) => startWorkerd(dir, plainObject(dir, 'object')),
  },
  objectUpdate: {
    title: 'the same with one number and no answer',
    counts: 'itself',
    start: (dir) => startWorkerd(dir, plainObject(dir, 'object_update')),
  },
  objectFetch: {
    title: 'the same, called with `fetch`',
    counts: 'itself',
    start: (dir) => startWorkerd(dir, plainObject(dir, 'object_fetch')),
  },
  footfall: {
    title: 'Footfall, embedded counter',
    counts: 'itself',
    batches: batchesOf,
    start: (dir) => startWorkerd(dir, footfall(dir, { vars: { ...PATIENT, STATS_TOKEN: TOKEN } })),
  },
  post: {
    title: 'plain JS Worker, one POST a visit',
    counts: 'external',
    start: (dir, { watched, ...to }) => startWorkerd(dir, plain(dir, 'post', { vars: COUNTER_URL(to), watched })),
  },
  footfallPost: {
    title: 'Footfall, one POST a visit',
    counts: 'external',
    start: (dir, { watched, ...to }) => startWorkerd(dir, footfall(dir, { vars: { ...PATIENT, ...COUNTER_URL(to) }, watched })),
  },
  axumNew: {
    title: 'axum + reqwest, a new client each visit',
    counts: 'external',
    start: (dir, { bins, ...to }) => startNative(join(bins, 'client_each_visit'), SITE, COUNTER_URL(to)),
  },
  axumShared: {
    title: 'axum + reqwest, one shared client',
    counts: 'external',
    times: 4,
    start: (dir, { bins, ...to }) => startNative(join(bins, 'shared_client'), SITE, COUNTER_URL(to)),
  },
};

/** The programs that `npm run bench` compares. */
export const PEERS = ['constant', 'object', 'footfall', 'post', 'footfallPost', 'axumNew', 'axumShared'];

/** The programs that both generators load: Footfall, the floor, and an object in the three ways in which one is written. */
export const OBJECTS = ['object', 'objectUpdate', 'objectFetch'];
export const UNDER_BOTH = ['constant', ...OBJECTS, 'footfall'];

/** Another build of Footfall, for `npm run compare`. */
PROGRAMS.before = {
  title: 'Footfall as it was',
  counts: 'itself',
  start: (dir, { before }) => startWorkerd(dir, footfall(dir, { vars: PATIENT, build: before })),
};

/** A workerd that serves a file and no Worker. */
export const NOTHING = { title: 'workerd without a Worker', counts: 'nowhere', start: (dir) => startWorkerd(dir, nothing(dir)) };

/** A new directory for a program, below `work`. */
export function directory(work, ...names) {
  const dir = join(work, names.join('-'));
  mkdirSync(dir);
  return dir;
}

/** Starts the external counter. */
export async function startCounter(bins) {
  const counter = await startNative(join(bins, 'counter'), COUNTER);
  return {
    program: counter,
    url: (...of) => counter.url(...of),
    views: async () => (await counter.ask(COUNTER, '/counter')).views,
    waiting: async () => (await counter.ask(COUNTER, '/counter')).waiting,
    hold: () => counter.text(COUNTER, '/hold', { method: 'PUT' }),
    release: () => counter.text(COUNTER, '/release', { method: 'PUT' }),
    end: () => counter.end(),
  };
}

/** The count of a program, from wherever it counts; undefined if it counts nothing. */
export async function viewsOf({ counts }, program, counter) {
  if (counts === 'nowhere') return undefined;
  return counts === 'itself' ? (await program.ask(SITE, '/counter')).views : counter.views();
}

/** How many visits an isolate of Footfall has sent to its shard, and in how many batches. */
async function batchesOf(program) {
  const text = await program.text(SITE, '/metrics', { headers: { authorization: `Bearer ${TOKEN}` } });
  const found = (what) => Number(new RegExp(`^footfall_batch_visits_${what}\\{.*\\} (\\d+)$`, 'm').exec(text)?.[1]);
  return { visits: found('sum'), batches: found('count') };
}
