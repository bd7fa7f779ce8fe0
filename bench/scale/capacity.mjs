// Measures what one shard costs on real workerd: the CPU time of the whole process for a batch and for a visit, and the rows written.
//
// The process also runs the driver that posts, so the results are a little more than the shard's own part. Plain JavaScript objects that get the
// same calls show the platform's part: see plain_objects.js.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { say } from '../../tools/run.mjs';
import { withWorkerd } from './runtime.mjs';

/** The batches that Footfall gets: with a new visitor in every visit, or with a new id. */
const KINDS = ['visitors', 'ids'];

/** The measurements: a kind of object and a kind of call for each. */
const LINES = [
  { line: 'visitors', kind: 'visitors', namespace: 'SHARD', path: () => '/' },
  { line: 'ids', kind: 'ids', namespace: 'SHARD', path: () => '/' },
  { line: 'carry', kind: 'visitors', namespace: 'PLAIN', path: (visits) => `/carry?answer=${3 + 4 * visits}` },
  { line: 'store', kind: 'visitors', namespace: 'PLAIN', path: (visits) => `/store?answer=${3 + 4 * visits}` },
];

/** The batches in the shard's journal after which it writes a checkpoint. */
const RING = 1024;

/** Measures with the calls that `scale batches` wrote into `files`; `change` replaces parts of its plan, such as `rounds`. */
export async function measureShard(files, change) {
  const plan = { ...planIn(files), ...change };
  const sites = KINDS.flatMap((kind) => plan.sizes.map(({ visits }) => `${kind}-${visits}`));
  const { samples, visits } = await withWorkerd({ files, sites }, (server) => measure(server, plan, sites));
  const disk = await withWorkerd({ files, sites, onDisk: true }, (server) => onDisk(server, plan));
  const rows = await withWorkerd({ files, sites, countRows: true }, (server) => countRows(server, plan));
  const fits = Object.fromEntries(LINES.map(({ line }) => [line, fit(samples.filter((sample) => sample.line === line))]));
  return { samples, fits, visits, disk, rows };
}

/** The cost of batches of a single size, with a new visitor in every visit. */
export async function measureBatches(files, visits, rounds) {
  const plan = planIn(files);
  const one = { ...plan, rounds, sizes: plan.sizes.filter((size) => size.visits === visits) };
  const sites = [`visitors-${visits}`];
  const { samples } = await withWorkerd({ files, sites }, (server) => measure(server, one, sites, LINES.slice(0, 1)));
  return samples[0];
}

const planIn = (files) => JSON.parse(readFileSync(join(files, 'plan.json'), 'utf8'));

async function measure(server, plan, sites, lines = LINES) {
  for (const file of sites) await server.ask('driver', `/load?${new URLSearchParams({ file })}`);
  const samples = plan.sizes.flatMap(({ visits, batches }) =>
    lines.map((line) => ({ ...line, visits, calls: batches, name: objectOf(line, visits), rounds: [] })),
  );
  // Each round goes through all of them, so that other work on the machine affects all alike.
  for (let round = 0; round <= plan.rounds; round += 1) {
    for (const sample of samples) {
      const { kind, namespace, path, visits, calls, name, rounds } = sample;
      const query = new URLSearchParams({ file: `${kind}-${visits}`, calls, namespace, name, path: path(visits) });
      const [cpu, wall] = [server.cpuSeconds(), performance.now()];
      const { calls: posted } = await server.ask('driver', `/post?${query}`);
      const took = { batches: posted, cpu: server.cpuSeconds() - cpu, wall: (performance.now() - wall) / 1000 };
      if (posted !== calls * plan.lanes) throw new Error(`${posted} of ${calls * plan.lanes} calls were posted`);
      if (round > 0) rounds.push(took);
    }
    say(round === 0 ? 'warmed up' : `measured round ${round} of ${plan.rounds}`);
  }
  const visits = await audit(server, samples, plan);
  return { samples: samples.map(summary), visits };
}

const objectOf = ({ line, kind, namespace }, visits) => (namespace === 'SHARD' ? `${kind}-${visits}/0` : `${line}-${visits}`);

/** Throws unless as many visits were acknowledged and counted as were posted: a run that lost a visit is not a result. */
async function audit(server, samples, plan) {
  let total = 0;
  for (const { namespace, kind, visits, calls, name } of samples) {
    if (namespace !== 'SHARD') continue;
    const sent = visits * calls * plan.lanes * (plan.rounds + 1);
    const { counted } = await server.ask('driver', `/check?${new URLSearchParams({ name })}`);
    const { views } = await server.ask('footfall', `/counter?site=${kind}-${visits}`);
    if (sent !== counted || counted !== views) throw new Error(`${name}: ${sent} sent, ${counted} acknowledged, ${views} views`);
    total += views;
  }
  return total;
}

function summary({ line, visits, rounds }) {
  const sum = (what) => rounds.reduce((all, round) => all + round[what], 0);
  const each = rounds.map(({ cpu, batches }) => Math.round((cpu / batches) * 1e6));
  const batchUs = (sum('cpu') / sum('batches')) * 1e6;
  return {
    line,
    visits,
    batches: sum('batches'),
    batchUs,
    batchUsByRound: each,
    visitUs: batchUs / visits,
    /** What one core could do alone, and what this machine did beside its other work. */
    visitsPerCpuSecond: 1e6 / (batchUs / visits),
    batchesPerSecond: sum('batches') / sum('wall'),
  };
}

/** The best-fitting line `a + b * visits`. Each size is weighted by its own cost, so that large batches do not decide alone. */
function fit(samples) {
  let [w, x, y, xx, xy] = [0, 0, 0, 0, 0];
  for (const { visits, batchUs } of samples) {
    const weight = 1 / batchUs ** 2;
    w += weight;
    x += weight * visits;
    y += weight * batchUs;
    xx += weight * visits * visits;
    xy += weight * visits * batchUs;
  }
  const visitUs = (w * xy - x * y) / (w * xx - x * x);
  const batchUs = (y - visitUs * x) / w;
  const off = samples.map((sample) => Math.abs(batchUs + visitUs * sample.visits - sample.batchUs) / sample.batchUs);
  return { batchUs, visitUs, worst: Math.max(...off) };
}

/** Batches of 100 once more, on this machine's disk. */
async function onDisk(server, plan) {
  const [file, name] = ['visitors-100', 'visitors-100/0'];
  await server.ask('driver', `/load?file=${file}`);
  const post = new URLSearchParams({ file, name, calls: RING / plan.lanes, namespace: 'SHARD', path: '/' });
  await server.ask('driver', `/post?${post}`);
  const [cpu, wall] = [server.cpuSeconds(), performance.now()];
  await server.ask('driver', `/post?${post}`);
  const took = { batchUs: ((server.cpuSeconds() - cpu) / RING) * 1e6, batchesPerSecond: (RING * 1000) / (performance.now() - wall) };
  const { counted } = await server.ask('driver', `/check?${new URLSearchParams({ name })}`);
  const { views } = await server.ask('footfall', `/counter?site=${file}`);
  if (counted !== views || counted !== 2 * RING * 100) throw new Error(`on disk: ${counted} acknowledged, ${views} views`);
  return { visits: 100, ...took };
}

/** The rows of a batch of 100, as the platform counts and bills them, with checkpoints, once all pages are known. */
async function countRows(server, plan) {
  const [file, name] = ['visitors-100', 'visitors-100/0'];
  await server.ask('driver', `/load?file=${file}`);
  let notes;
  // The third journal writes the checkpoint of the second, which had no new pages.
  for (let rings = 0; rings < 3; rings += 1) {
    await server.ask('driver', `/post?${new URLSearchParams({ file, name, calls: RING / plan.lanes, namespace: 'SHARD', path: '/' })}`);
    notes = Object.values(await server.ask('driver', `/rows?${new URLSearchParams({ name })}`));
  }
  const rows = notes.reduce((sum, note) => sum + note.rows, 0);
  return { visits: 100, isolates: plan.lanes, rows, batches: RING, rowsABatch: rows / RING };
}
