// `npm run watchers`: measures how much the visits of a site cost more when many people watch it live. Two Workers of one build take turns under
// the same load: one site is watched over WebSockets, and the other is not. It prints the ratios of one run.
//
// The numbers include what workerd does for visits, for the pushes of the shard and for the messages to watchers. They do not include the work
// of the watchers, but these run on the same machine and take time from it.

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { build } from '../tools/build.mjs';
import { BENCH_TOOLS } from '../tools/pins.mjs';
import { main, say, Trouble } from '../tools/run.mjs';
import { setup } from '../tools/setup.mjs';
import { startWorkerd } from '../tools/workerd/program.mjs';
import { load } from './side_by_side/load.mjs';
import { directory, PROGRAMS } from './side_by_side/programs.mjs';
import { ratio, withRounds } from './side_by_side/rounds.mjs';
import { footfall, SITE } from '../tools/workerd/served.mjs';
import { spread } from '../tools/text.mjs';
import { where } from '../tools/where.mjs';

const WATCHERS = 1_000;
const ROUNDS = 5;
const LEVELS = [{ connections: 1, visits: 2_000 }, { connections: 64, visits: 20_000 }];
const WARM_UP = { connections: 64, visits: 8_000 };
const SHOWN = 5;

/** How many watchers connect at a time. Real browsers would not all connect at once either. */
const AT_ONCE = 50;

const FIGURES = { cpuUs: 'CPU a visit, us', visitsPerSecond: 'visits/s', p50Ms: 'median wait, ms', p99Ms: '99th percentile, ms' };

/** Many watchers, which read and count their messages, on bare sockets: Node's WebSocket would use more of the machine than the Worker. */
class Crowd {
  #sockets = [];

  /** The bytes of messages to all watchers. */
  bytes = 0;

  /** The number of messages to each watcher. */
  messages = [];

  /** Called after each message. */
  onMessage = () => {};

  async join(program, count) {
    for (let at = 0; at < count; at += AT_ONCE) {
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - at) }, () => this.#one(program.ports[SITE])));
    }
  }

  async #one(port) {
    const socket = net.connect(port, '127.0.0.1');
    const number = this.#sockets.push(socket) - 1;
    this.messages[number] = 0;
    socket.write(
      `GET /api/sites/default/live HTTP/1.1\r\nHost: watchers\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    const [head] = await once(socket, 'data');
    if (!head.toString('latin1').startsWith('HTTP/1.1 101')) throw new Trouble(`no WebSocket: ${head}`);
    socket.on('data', (bytes) => {
      this.bytes += bytes.length;
      // Each message is a frame of its own, and far smaller than a socket reads at once.
      this.messages[number] += bytes.toString('latin1').split('{"site"').length - 1;
      this.onMessage();
    });
  }

  leave() {
    this.#sockets.forEach((socket) => socket.destroy());
  }
}

/** How long after the answer to a visit the last watcher got its message, in milliseconds, for several visits. */
async function shown(program, crowd, count) {
  const waits = [];
  for (let n = 0; n < SHOWN; n += 1) {
    // Waits until the messages about the load before have arrived.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const before = [...crowd.messages];
    let least = 0;
    const all = new Promise((resolve) => {
      crowd.onMessage = () => {
        least = performance.now();
        if (crowd.messages.every((messages, at) => messages > before[at])) resolve();
      };
    });
    await program.text(SITE, '/');
    const answered = performance.now();
    await all;
    waits.push(Math.max(0, least - answered));
  }
  crowd.onMessage = () => {};
  return { ...spread(waits), count };
}

await main(async () => {
  const count = Number(process.argv[2] ?? WATCHERS);
  if (!Number.isInteger(count) || count < 1 || process.argv.length > 3) throw new Trouble('npm run watchers, or npm run watchers -- NUMBER');
  await setup({ tools: BENCH_TOOLS });
  await build();
  const work = mkdtempSync(join(tmpdir(), 'footfall-watchers-'));
  const crowd = new Crowd();
  const programs = {};
  try {
    for (const name of ['alone', 'watched']) {
      const dir = directory(work, name);
      programs[name] = await startWorkerd(dir, footfall(dir, { vars: { STATS: 'public', COUNTER_TIMEOUT_MS: 25_000 } }));
    }
    const memory = programs.watched.rssBytes();
    const began = performance.now();
    await crowd.join(programs.watched, count);
    const joined = performance.now() - began;
    const grown = programs.watched.rssBytes() - memory;
    for (const program of Object.values(programs)) await load(PROGRAMS.footfall, program, WARM_UP);
    const found = [];
    for (const level of LEVELS) {
      const rounds = { alone: [], watched: [] };
      const told = crowd.messages.reduce((sum, one) => sum + one, 0);
      for (let round = 1; round <= ROUNDS; round += 1) {
        // The order alternates, so that neither Worker always goes second.
        const order = round % 2 ? ['alone', 'watched'] : ['watched', 'alone'];
        for (const name of order) rounds[name].push(await load(PROGRAMS.footfall, programs[name], level));
        say(`connections ${level.connections}: round ${round} of ${ROUNDS}`);
      }
      found.push({ ...level, rounds, told: crowd.messages.reduce((sum, one) => sum + one, 0) - told });
    }
    const soon = await shown(programs.watched, crowd, count);
    const { machine, commit, workerd } = await where('src', 'bench');
    const write = (line) => process.stdout.write(`${line}\n`);
    write(`${count} watchers of one site, none of the other; ${ROUNDS} rounds in turn; ${machine}, ${workerd}, commit ${commit}`);
    for (const { connections, visits, rounds, told } of found) {
      write(`${connections} connections, ${visits} visits a round, ${Math.round(told / count)} messages to each watcher:`);
      for (const [figure, title] of Object.entries(FIGURES)) {
        const of = (name) => withRounds(rounds[name].map((one) => one[figure]));
        const [alone, watched] = [of('alone'), of('watched')];
        const { median, min, max } = ratio(watched, alone);
        write(`  ${title}: none ${alone.median.toPrecision(3)}, watched ${watched.median.toPrecision(3)}; ratio ${median.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)})`);
      }
    }
    write(`from the answer to a visit until the last of ${count} watchers got its message: ${soon.median.toFixed(0)} ms (${soon.min.toFixed(0)} to ${soon.max.toFixed(0)})`);
    write(`to join, ${AT_ONCE} at a time: ${joined.toFixed(0)} ms; memory of the process: ${(grown / count / 1024).toFixed(1)} KiB a watcher`);
  } finally {
    crowd.leave();
    Object.values(programs).forEach((program) => program.end());
    rmSync(work, { recursive: true, force: true });
  }
});
