// Child processes and the lines that tell what goes on. Nothing here knows what is run.

import { AsyncLocalStorage } from 'node:async_hooks';
import { spawn } from 'node:child_process';
import { accessSync, constants, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { ROOT } from './root.mjs';

/** What the user can do something about: shown as it is, without a stack. */
export class Trouble extends Error {}

/** Where output goes that is held back. */
const held = new AsyncLocalStorage();

/** Does `work` beside something else: all that it and its programs say comes at its end, in one piece. */
export function aside(work) {
  const texts = [];
  return held.run(texts, async () => {
    try {
      return await work();
    } finally {
      process.stdout.write(texts.join(''));
    }
  });
}

/** One line of progress. */
export const say = (line) => (held.getStore() ? held.getStore().push(`footfall: ${line}\n`) : process.stdout.write(`footfall: ${line}\n`));

/** `3.2 s` or `2 min 5 s`. */
export function duration(ms) {
  const s = ms / 1000;
  return s < 60 ? `${s.toFixed(1)} s` : `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
}

/** Says what a step does before it does it, and how long it took after. */
export async function step(what, expected, work) {
  say(`${what} (about ${expected}) ...`);
  const start = performance.now();
  const result = await work();
  say(`${what}: done in ${duration(performance.now() - start)}`);
  return result;
}

const PIPED = ['ignore', 'pipe', 'pipe'];

/** Runs a program whose output everybody wants to see. A failure is its exit code, passed on. */
export async function run(command, args, options = {}) {
  const texts = held.getStore();
  const { code } = await child(command, args, { stdio: texts ? PIPED : ['ignore', 'inherit', 'inherit'], ...options }, texts && ((text) => texts.push(text)));
  if (code !== 0) throw Object.assign(new Trouble(`${command} ${args.join(' ')} failed with ${code}`), { code });
}

/** Runs a program that is quiet unless it fails: then all that it said is shown. */
export async function runQuietly(command, args, options = {}) {
  const { code, output } = await capture(command, args, options);
  if (code === 0) return output;
  process.stderr.write(output);
  throw Object.assign(new Trouble(`${command} ${args.join(' ')} failed with ${code}`), { code });
}

/** Runs a program and hands back its exit code and all that it said; a program that is not there is a failure too. */
export async function capture(command, args, options = {}) {
  let output = '';
  const result = await child(command, args, { stdio: PIPED, ...options }, (text) => (output += text));
  return { ...result, output };
}

/** Children that live. One signal to this process ends them all: cargo would go on for minutes. */
const running = new Set();
for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]]) {
  process.on(signal, () => {
    if (process.listenerCount(signal) > 1) return; // Somebody else ends what he started, in his own order.
    endAll();
    process.exit(code);
  });
}

/** Ends all running programs. A caller that waits for one gets a failure. */
export const endAll = () => running.forEach((one) => one.kill('SIGTERM'));

function child(command, args, options, onText) {
  return new Promise((resolve) => {
    const one = spawn(command, args, { cwd: ROOT, ...options });
    running.add(one);
    for (const stream of onText ? [one.stdout, one.stderr] : []) stream.setEncoding('utf8').on('data', onText);
    one.once('error', (error) => {
      running.delete(one);
      onText?.(`${error.message}\n`);
      resolve({ code: 127 });
    });
    one.once('close', (code, signal) => {
      running.delete(one);
      resolve({ code: code ?? 128, signal });
    });
  });
}

/** Whether PATH has a program of this name. */
export function onPath(name, path = process.env.PATH ?? '') {
  return path.split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs a command's main function: what the user can mend is a line, what is our fault keeps its stack. */
export async function main(work) {
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    process.stderr.write(`footfall: ${error instanceof Trouble ? error.message : error.stack}\n`);
    process.exitCode = error.code > 0 ? error.code : 1;
  }
}

/** Whether a module is the program that was started, and not imported by it. */
export const isMain = (url) => process.argv[1] !== undefined && url === pathToFileURL(realpathSync(process.argv[1])).href;
