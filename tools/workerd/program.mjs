// A program that is measured: it listens on free ports of the loopback, tells what it used, and is gone when the run is over.

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { workerdBinary } from './built.mjs';

/** From spawn to listening takes 0.2 s; this is for a machine that compiles at the same time. */
const START_TIMEOUT_MS = 20_000;

/** Linux counts the CPU time of a process in hundredths of a second (USER_HZ), whatever the kernel's own tick is. */
const TICKS_A_SECOND = 100;

/** Programs that live: a run that ends before its time leaves none behind. */
const running = new Set();
process.on('exit', () => running.forEach((program) => program.end()));

/** Starts a workerd on `dir`/workerd.capnp and waits until the sockets of these names listen. */
export async function startWorkerd(dir, sockets) {
  const program = new Program('workerd', workerdBinary(), ['serve', 'workerd.capnp', 'config', '--control-fd=3'], { cwd: dir });
  // A line a socket on the control descriptor, once all Workers are loaded.
  await program.listening(3, sockets.length, (line) => {
    const { event, socket, port } = JSON.parse(line);
    if (event === 'listen') program.ports[socket] = port;
  });
  return program;
}

/** Starts a program that says its port in its first line; the socket gets the name `socket`. */
export async function startNative(file, socket, env = {}) {
  const program = new Program(file, file, [], { env: { ...process.env, ...env } });
  await program.listening(1, 1, (line) => (program.ports[socket] = Number(line)));
  return program;
}

class Program {
  #name;
  #child;
  #log = '';
  #ended;

  /** By the name of the socket. */
  ports = {};

  constructor(name, command, args, options) {
    this.#name = name;
    this.#child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    running.add(this);
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream.setEncoding('utf8').on('data', (text) => (this.#log += text));
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('close', (code, signal) => resolve(`ended with ${signal ?? code}`));
    });
  }

  /** Waits for as many lines on a descriptor as there are sockets; `read` makes a port of each. */
  async listening(descriptor, sockets, read) {
    const ready = new Promise((resolve) => {
      let unread = '';
      this.#child.stdio[descriptor].setEncoding('utf8').on('data', (text) => {
        const lines = (unread + text).split('\n');
        unread = lines.pop();
        lines.filter(Boolean).forEach(read);
        if (Object.keys(this.ports).length >= sockets) resolve();
      });
    });
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, START_TIMEOUT_MS, 'did not listen in time')));
    const trouble = await Promise.race([ready, this.#ended, late]);
    clearTimeout(timer);
    if (!trouble) return;
    this.end();
    throw new Error(`${this.#name} ${trouble}:\n${this.#log}`);
  }

  url(socket, path) {
    return `http://127.0.0.1:${this.ports[socket]}${path}`;
  }

  /** Asks for a path on one of its sockets and wants status 200: the answer's text. */
  async text(socket, path, options) {
    const response = await fetch(this.url(socket, path), options);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${socket} answered ${response.status} to ${path}: ${text}\n${this.#log}`);
    return text;
  }

  /** The same, where the answer is JSON. */
  async ask(socket, path) {
    return JSON.parse(await this.text(socket, path));
  }

  /** Seconds of CPU that all its threads have used, in its own code and in the kernel, exact to a hundredth. */
  cpuSeconds() {
    // The 14th and 15th field count ticks.
    const [user, system] = fieldsOf(this.#child.pid).slice(11);
    return (Number(user) + Number(system)) / TICKS_A_SECOND;
  }

  /** The same of the threads that live, but exact to a microsecond: for what takes no longer than some hundredths. */
  cpuSecondsOfThreads() {
    const tasks = `/proc/${this.#child.pid}/task`;
    return readdirSync(tasks).reduce((sum, task) => sum + Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]), 0) / 1e9;
  }

  /** The memory that it holds now. */
  rssBytes() {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8'))[1]) * 1024;
  }

  /** Everything that it has written so far. */
  log() {
    return this.#log;
  }

  /** Ends it as a crash would: asked politely, workerd waits for open connections, and may wait for ever. */
  end() {
    running.delete(this);
    this.#child.kill('SIGKILL');
  }
}

/** Seconds of CPU that the children of this process used which have ended. */
export function cpuSecondsOfEnded() {
  // The 16th and 17th field.
  const [user, system] = fieldsOf('self').slice(13);
  return (Number(user) + Number(system)) / TICKS_A_SECOND;
}

/** The fields of /proc/PID/stat from the third on. The second is the program's name in brackets and may hold anything. */
function fieldsOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
