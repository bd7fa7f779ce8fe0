// Runs child processes and writes lines of progress.

import { AsyncLocalStorage } from 'node:async_hooks';
import { spawn } from 'node:child_process';
import { accessSync, constants, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { ROOT } from './root.mjs';

/** An error that the user can fix. Its message is shown without a stack. */
export class Trouble extends Error {}

/** The output that `aside` holds back. */
const held = new AsyncLocalStorage();

/** Does `work` beside other work. The output of `work` and its programs is written in one piece at its end. */
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

/** Writes one line of progress. */
export const say = (line) => (held.getStore() ? held.getStore().push(`footfall: ${line}\n`) : process.stdout.write(`footfall: ${line}\n`));

/** `3.2 s` or `2 min 5 s`. */
export function duration(ms) {
  const s = ms / 1000;
  return s < 60 ? `${s.toFixed(1)} s` : `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
}

/** Does a step of the work: says beforehand what it does and how long that should take, and afterwards how long it took. */
export async function step(what, expected, work) {
  say(`${what} (about ${expected}) ...`);
  const start = performance.now();
  const result = await work();
  say(`${what}: done in ${duration(performance.now() - start)}`);
  return result;
}

const PIPED = ['ignore', 'pipe', 'pipe'];

/** Runs a program and shows its output. Throws a `Trouble` with its exit code if it fails. */
export async function run(command, args, options = {}) {
  const texts = held.getStore();
  const { code } = await child(command, args, { stdio: texts ? PIPED : ['ignore', 'inherit', 'inherit'], ...options }, texts && ((text) => texts.push(text)));
  if (code !== 0) throw Object.assign(new Trouble(`${command} ${args.join(' ')} failed with ${code}`), { code });
}

/** Runs a program and returns its output. Shows the output only if the program fails. */
export async function runQuietly(command, args, options = {}) {
  const { code, output } = await capture(command, args, options);
  if (code === 0) return output;
  process.stderr.write(output);
  throw Object.assign(new Trouble(`${command} ${args.join(' ')} failed with ${code}`), { code });
}

/** Runs a program and returns its exit code and output. A missing program counts as a failure. */
export async function capture(command, args, options = {}) {
  let output = '';
  const result = await child(command, args, { stdio: PIPED, ...options }, (text) => (output += text));
  return { ...result, output };
}

/** The running children. A signal to this process ends them all; otherwise cargo would go on for minutes. */
const running = new Set();
for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]]) {
  process.on(signal, () => {
    if (process.listenerCount(signal) > 1) return; // Another listener shuts down in its own order.
    endAll();
    process.exit(code);
  });
}

/** Ends all running programs. Callers that wait for one see it fail. */
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

/** Runs a command's main function. A `Trouble` is shown as one line, any other error with its stack. */
export async function main(work) {
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    process.stderr.write(`footfall: ${error instanceof Trouble ? error.message : error.stack}\n`);
    process.exitCode = error.code > 0 ? error.code : 1;
  }
}

/** Whether a module is the program that was started, rather than imported. */
export const isMain = (url) => process.argv[1] !== undefined && url === pathToFileURL(realpathSync(process.argv[1])).href;
