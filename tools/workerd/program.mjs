// A program that is measured: it listens on free ports of the loopback, reports the CPU time and memory that it used, and ends with the run.

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { workerdBinary } from './built.mjs';

/** A program listens 0.2 s after it is started. The rest is for a machine that compiles at the same time. */
const START_TIMEOUT_MS = 20_000;

/** Linux reports the CPU time of a process in hundredths of a second (USER_HZ), whatever the kernel's own tick is. */
const TICKS_A_SECOND = 100;

/** The running programs. They end with this process, even if it is interrupted. */
const running = new Set();
process.on('exit', () => running.forEach((program) => program.end()));

/** Starts a workerd on `dir`/workerd.capnp and waits until the named sockets listen. */
export async function startWorkerd(dir, sockets) {
  const program = new Program('workerd', workerdBinary(), ['serve', 'workerd.capnp', 'config', '--control-fd=3'], { cwd: dir });
  // workerd writes a line for each socket to the control descriptor, once all Workers are loaded.
  await program.listening(3, sockets.length, (line) => {
    const { event, socket, port } = JSON.parse(line);
    if (event === 'listen') program.ports[socket] = port;
  });
  return program;
}

/** Starts a program that writes its port in its first line. The socket gets the name `socket`. */
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

  /** The ports, by the name of the socket. */
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

  /** Waits for a line on a descriptor for each socket. `read` takes the port from a line. */
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

  /** Requests a path on one of its sockets and returns the text. Throws unless the status is 200. */
  async text(socket, path, options) {
    const response = await fetch(this.url(socket, path), options);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${socket} answered ${response.status} to ${path}: ${text}\n${this.#log}`);
    return text;
  }

  /** The same for JSON: returns the value. */
  async ask(socket, path) {
    return JSON.parse(await this.text(socket, path));
  }

  /** Seconds of CPU that all its threads have used, in user code and in the kernel, to a hundredth. */
  cpuSeconds() {
    // Fields 14 and 15 count ticks.
    const [user, system] = fieldsOf(this.#child.pid).slice(11);
    return (Number(user) + Number(system)) / TICKS_A_SECOND;
  }

  /** The same for the running threads only, but to a microsecond, for work of some hundredths of a second. */
  cpuSecondsOfThreads() {
    const tasks = `/proc/${this.#child.pid}/task`;
    return readdirSync(tasks).reduce((sum, task) => sum + Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]), 0) / 1e9;
  }

  /** Its resident memory. */
  rssBytes() {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8'))[1]) * 1024;
  }

  /** The output so far. */
  log() {
    return this.#log;
  }

  /** Kills it. After a SIGTERM, workerd would wait for open connections, perhaps for ever. */
  end() {
    running.delete(this);
    this.#child.kill('SIGKILL');
  }
}

/** Seconds of CPU that this process's ended children used. */
export function cpuSecondsOfEnded() {
  // Fields 16 and 17.
  const [user, system] = fieldsOf('self').slice(13);
  return (Number(user) + Number(system)) / TICKS_A_SECOND;
}

/** The fields of /proc/PID/stat from the third on. The second is the program's name in brackets, which may contain anything. */
function fieldsOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
