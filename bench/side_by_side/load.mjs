// Sends visits with oha, and checks that each was answered correctly and counted once.

import { performance } from 'node:perf_hooks';
import { cargoBin } from '../../tools/pins.mjs';
import { capture } from '../../tools/run.mjs';
import { cpuSecondsOfEnded } from '../../tools/workerd/program.mjs';
import { viewsOf, WELCOME } from './programs.mjs';
import { SITE } from '../../tools/workerd/served.mjs';

/** A browser's user agent and the address that Cloudflare adds. Footfall derives a visitor from the two. All programs get the same. */
const HEADERS = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Language: en-US,en;q=0.9',
  'cf-connecting-ip: 203.0.113.7',
];

/** Far longer than any answer takes. After it, the run has failed. */
const ANSWER_TIMEOUT = '60s';

/** The time until a connection is accepted. workerd is slow to accept when thousands come at once. */
const CONNECT_TIMEOUT = '60s';

/**
 * Sends exactly `visits` visits over `connections` connections, each visit when the one before is answered. Returns how long they took and what
 * `program` used. `of` is its entry in PROGRAMS. Throws if a visit was lost or counted twice.
 */
export async function load(of, program, { visits, connections, counter }) {
  const before = await viewsOf(of, program, counter);
  const [cpu, ended, start] = [program.cpuSeconds(), cpuSecondsOfEnded(), performance.now()];
  const counterCpu = counter?.program.cpuSeconds();
  const said = await oha(program.url(SITE, '/'), visits, connections);
  const used = program.cpuSeconds() - cpu;
  const seconds = (performance.now() - start) / 1000;
  check(of, program, said, visits);
  const after = await viewsOf(of, program, counter);
  if (before !== undefined && after - before !== visits) {
    throw new Error(`${of.title}: ${visits} visits were answered and ${after - before} counted; a run that lost a visit is not a result`);
  }
  return {
    visits,
    cpuUs: (used / visits) * 1e6,
    visitsPerSecond: said.summary.requestsPerSec,
    p50Ms: said.latencyPercentiles.p50 * 1e3,
    p99Ms: said.latencyPercentiles.p99 * 1e3,
    rssBytes: program.rssBytes(),
    /** How busy oha and the counter were, as parts of a core. Neither must be the limit. */
    ohaBusy: (cpuSecondsOfEnded() - ended) / seconds,
    counterBusy: of.counts === 'external' ? (counter.program.cpuSeconds() - counterCpu) / seconds : 0,
  };
}

async function oha(url, visits, connections) {
  const { code, output } = await capture(cargoBin('oha'), [
    '--no-tui',
    '--output-format=json',
    // One thread, which leaves a core to the program.
    '--worker-threads=1',
    `--connect-timeout=${CONNECT_TIMEOUT}`,
    ...['-n', visits, '-c', connections, '-t', ANSWER_TIMEOUT].map(String),
    ...HEADERS.flatMap((header) => ['-H', header]),
    url,
  ]);
  if (code !== 0) throw new Error(`oha failed with ${code}:\n${output}`);
  return JSON.parse(output);
}

/** Throws unless every answer has status 200, and all have as many bytes as that many welcomes: no other answer is as short. */
function check({ title }, program, said, visits) {
  const { statusCodeDistribution: statuses, errorDistribution: errors, summary } = said;
  const right = statuses['200'] === visits && Object.keys(statuses).length === 1 && Object.keys(errors).length === 0;
  if (right && summary.totalData === visits * WELCOME.length) return;
  const found = JSON.stringify({ statuses, errors, bytes: summary.totalData });
  throw new Error(`${title}: not every one of ${visits} visits was welcomed: ${found}; this is not a result\n${program.log().slice(-4_000)}`);
}
