// Visits from oha, and the check that every one was answered as it should be and counted once.

import { performance } from 'node:perf_hooks';
import { cargoBin } from '../../tools/pins.mjs';
import { capture } from '../../tools/run.mjs';
import { cpuSecondsOfEnded } from '../../tools/workerd/program.mjs';
import { viewsOf, WELCOME } from './programs.mjs';
import { SITE } from '../../tools/workerd/served.mjs';

/** What a browser sends, and the address that Cloudflare adds: Footfall makes a visitor of the two. The same for all. */
const HEADERS = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Language: en-US,en;q=0.9',
  'cf-connecting-ip: 203.0.113.7',
];

/** Far above what any answer takes: past it, a run has failed. */
const ANSWER_TIMEOUT = '60s';

/** From the first attempt to being accepted: workerd takes its time where thousands come at once. */
const CONNECT_TIMEOUT = '60s';

/**
 * Sends exactly `visits` visits over `connections` connections, each its next visit when the last is answered, and finds
 * what they took and what `program` used. `of` is its entry in PROGRAMS. Throws where a visit was lost or made up.
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
    throw new Error(`${of.title}: ${visits} visits were answered and ${after - before} counted; a run that lost a visit is no result`);
  }
  return {
    visits,
    cpuUs: (used / visits) * 1e6,
    visitsPerSecond: said.summary.requestsPerSec,
    p50Ms: said.latencyPercentiles.p50 * 1e3,
    p99Ms: said.latencyPercentiles.p99 * 1e3,
    rssBytes: program.rssBytes(),
    /** How busy those were that must not be what limits it: the parts of a core that oha and the counter used. */
    ohaBusy: (cpuSecondsOfEnded() - ended) / seconds,
    counterBusy: of.counts === 'external' ? (counter.program.cpuSeconds() - counterCpu) / seconds : 0,
  };
}

async function oha(url, visits, connections) {
  const { code, output } = await capture(cargoBin('oha'), [
    '--no-tui',
    '--output-format=json',
    // One thread, so that a core is left to the program.
    '--worker-threads=1',
    `--connect-timeout=${CONNECT_TIMEOUT}`,
    ...['-n', visits, '-c', connections, '-t', ANSWER_TIMEOUT].map(String),
    ...HEADERS.flatMap((header) => ['-H', header]),
    url,
  ]);
  if (code !== 0) throw new Error(`oha failed with ${code}:\n${output}`);
  return JSON.parse(output);
}

/** Every answer has status 200, and all have together as many bytes as that many welcomes: no other answer is as short. */
function check({ title }, program, said, visits) {
  const { statusCodeDistribution: statuses, errorDistribution: errors, summary } = said;
  const right = statuses['200'] === visits && Object.keys(statuses).length === 1 && Object.keys(errors).length === 0;
  if (right && summary.totalData === visits * WELCOME.length) return;
  const found = JSON.stringify({ statuses, errors, bytes: summary.totalData });
  throw new Error(`${title}: not every one of ${visits} visits was welcomed: ${found}; it is no result\n${program.log().slice(-4_000)}`);
}
