// The generators of load. Each sends visits over some connections, each visit when the one before it on its connection is answered, and returns
// `{ answered, left, visitsPerSecond, p50Ms, p99Ms }`. `left` is the most visits that it may have sent without waiting for their answers. A
// generator throws if an answer was not a welcome.

import { cargoBin } from '../../tools/pins.mjs';
import { programOf } from '../../tools/programs.mjs';
import { capture } from '../../tools/run.mjs';
import { WELCOME } from './programs.mjs';

/** A browser's user agent and the address that Cloudflare adds. Footfall derives a visitor from the two. All programs get the same. */
const HEADERS = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Language: en-US,en;q=0.9',
  'cf-connecting-ip: 203.0.113.7',
].flatMap((header) => ['-H', header]);

/** Far longer than any answer takes, and than workerd takes to accept thousands of connections at once. After it, the run has failed. */
const TIMEOUT = '60s';

export const GENERATORS = { oha, wrk };

/** Sends exactly `visits` visits. */
async function oha(url, { visits, connections }) {
  const { code, output } = await capture(cargoBin('oha'), [
    '--no-tui',
    '--output-format=json',
    // One thread, which leaves a core to the program.
    '--worker-threads=1',
    `--connect-timeout=${TIMEOUT}`,
    ...['-n', visits, '-c', connections, '-t', TIMEOUT].map(String),
    ...HEADERS,
    url,
  ]);
  if (code !== 0) throw new Error(`oha failed with ${code}:\n${output}`);
  const { statusCodeDistribution: statuses, errorDistribution: errors, summary, latencyPercentiles: waits } = JSON.parse(output);
  // All answers together have as many bytes as that many welcomes: no other answer is as short.
  const right = statuses['200'] === visits && Object.keys(statuses).length === 1 && Object.keys(errors).length === 0;
  if (!right || summary.totalData !== visits * WELCOME.length) {
    throw new Error(`not every one of ${visits} visits was welcomed: ${JSON.stringify({ statuses, errors, bytes: summary.totalData })}; this is not a result`);
  }
  return { answered: visits, left: 0, visitsPerSecond: summary.requestsPerSec, p50Ms: waits.p50 * 1e3, p99Ms: waits.p99 * 1e3 };
}

const UNITS_MS = { us: 1e-3, ms: 1, s: 1e3 };

/** Sends visits for `seconds`, and does not wait for the answers to the last ones. It reads no bodies, but no program answers 200 without a welcome. */
async function wrk(url, { seconds, connections }) {
  const { code, output } = await capture(programOf('wrk'), ['--threads=1', `--connections=${connections}`, `--duration=${seconds}s`, `--timeout=${TIMEOUT}`, '--latency', ...HEADERS, url]);
  if (code !== 0) throw new Error(`wrk failed with ${code}:\n${output}`);
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(`not every visit was welcomed; this is not a result:\n${output}`);
  const found = (pattern) => {
    const [, number, unit] = pattern.exec(output) ?? [];
    if (number === undefined) throw new Error(`wrk wrote no ${pattern}:\n${output}`);
    return Number(number) * (UNITS_MS[unit] ?? 1);
  };
  return {
    answered: found(/^\s+(\d+) requests in /m),
    left: connections,
    visitsPerSecond: found(/^Requests\/sec:\s+([\d.]+)/m),
    p50Ms: found(/^\s+50%\s+([\d.]+)(us|ms|s)$/m),
    p99Ms: found(/^\s+99%\s+([\d.]+)(us|ms|s)$/m),
  };
}

/** `wrk 4.1.0`. Debian's name of its version has more. */
export async function wrkVersion() {
  // It writes its version and usage, and fails.
  const { output } = await capture(programOf('wrk'), ['--version']);
  return `wrk ${/^wrk \D*([\d.]+)/.exec(output)?.[1] ?? 'of unknown version'}`;
}
