// Serves a folder with `wrangler dev` until Ctrl-C, and leaves nothing running.

import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say, Trouble } from './run.mjs';
import { parseToml } from './toml.mjs';
import { wrangler, wranglerEnv } from './wrangler.mjs';

export const PORT = 8787;

/** The path in the folder where the counts are kept. */
export const STATE = '.wrangler/state';

/** wrangler's programs end in under a second, but workerd may wait for an open connection for ever. After this time, it is killed. */
const GRACE_MS = 4_000;
const POLL_MS = 50;

/** How long the Worker may take to name its first site. */
const ANSWER_MS = 5_000;

/** Throws a `Trouble` if `--port` is not a port or is in use. `hint` is the command that takes another one. */
export async function checkPort(args, hint) {
  const port = portIn(args);
  if (await taken(port)) throw new Trouble(`port ${port} is in use: stop the program that uses it, or choose another port: ${hint} --port ${port === 65_535 ? PORT : port + 1}`);
}

function portIn(args) {
  const at = args.findIndex((arg) => arg === '--port' || arg.startsWith('--port='));
  const text = at < 0 ? String(PORT) : (args[at].split('=')[1] ?? args[at + 1] ?? '');
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new Trouble('--port takes a number from 1 to 65535');
  return port;
}

function taken(port) {
  return new Promise((resolve) => {
    const socket = connect(port, 'localhost');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** Asks the Worker for its first site, because a variable may be set in three places. Without an answer, the dashboard asks for the site. */
async function firstSite(port) {
  try {
    const answer = await fetch(`http://localhost:${port}/counter`, { signal: AbortSignal.timeout(ANSWER_MS) });
    return answer.ok ? (await answer.json()).site : undefined;
  } catch {
    return undefined;
  }
}

/** Whether `.dev.vars` or `wrangler.toml` says who may read the numbers. */
function saysWhoMayRead(cwd) {
  const textOf = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');
  const config = join(cwd, 'wrangler.toml');
  const { vars = {} } = parseToml(textOf(config), config);
  return 'STATS' in vars || 'STATS_TOKEN' in vars || /^\s*STATS(_TOKEN)?\s*=\s*[^\s#]/m.test(textOf(join(cwd, '.dev.vars')));
}

/** Serves the folder `cwd` until wrangler ends or a signal arrives. Ends everything that it started, and resolves to an exit code. */
export function serve(given, { cwd, env }) {
  const byItself = { '--port': String(PORT), '--persist-to': STATE };
  const defaults = Object.entries(byItself).filter(([name]) => !given.some((arg) => arg === name || arg.startsWith(`${name}=`)));
  const args = [...defaults.flat(), ...given];
  // On the owner's machine, every visit comes from one address, and reading the numbers needs no token, unless the owner has set who may read.
  const open = saysWhoMayRead(cwd) ? [] : ['--var', 'STATS:public'];
  // workerd has no jurisdictions: with one, no object could be reached.
  const [command, before] = wrangler('dev', '--show-interactive-dev-session=false', '--var', 'RATE_LIMITS:off', '--var', 'JURISDICTION:', ...open);
  // Detached, in a process group of its own: wrangler starts esbuild and workerd, and a signal to the group ends them all. It gets no terminal,
  // so only this process sees Ctrl-C and ends the others in order.
  const child = spawn(command, [...before, ...args], {
    cwd,
    env: wranglerEnv(env),
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  child.on('message', async (message) => {
    const { event, port } = JSON.parse(message);
    if (event !== 'DEV_SERVER_READY') return;
    const site = await firstSite(port);
    say(`ready. Count a visit:      curl http://localhost:${port}/`);
    say(`       Read the count:     curl http://localhost:${port}/counter`);
    say(`       Look at it:         http://localhost:${port}/dashboard${site ? `/${site}` : ''}`);
    say(`       Stop it with Ctrl-C; the counts stay${args.includes(STATE) ? ` in ${STATE}` : ''}`);
  });
  // Signals every process of the group, as a terminal would. Signal 0 only asks whether there is one.
  const signalGroup = (signal) => {
    try {
      return process.kill(-child.pid, signal);
    } catch {
      return false;
    }
  };
  process.once('exit', () => signalGroup('SIGKILL'));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => signalGroup(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', async (code, signal) => {
      for (let waited = 0; signalGroup(0) && waited < GRACE_MS; waited += POLL_MS) await sleep(POLL_MS);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}
