// The harness: one workerd process, started on free loopback ports, watched, and ended with its test.
//
// It does not use wrangler dev, which puts proxies in front of the Worker that hide a client's reset and slow everything down. The tests run the
// built Worker on the runtime itself.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { builtModules, workerdBinary, wranglerConfig } from '../../tools/workerd/built.mjs';
import { BREAKER, collector, configText, footfallService, loopbackService, plainService } from '../../tools/workerd/config.mjs';
import { breakable as breakableMain, clockAhead, COLLECT, CROSSINGS, KILLABLE, NOWHERE, NOWHERE_MARK, PROBE } from '../../tools/workerd/plain_workers.mjs';
import { joined, split } from './shard_calls.mjs';
import { poll } from './waiters.mjs';

/** workerd listens 0.2 s after it is started. The rest is for a machine that is busy compiling at the same time. */
const START_TIMEOUT_MS = 20_000;

/** What workerd logs when Rust panics, or when a request uses an object that belongs to another request. */
const TRAP = /RuntimeError/;
const HUNG = /had hung/;
const AFTER_A_TRAP = [TRAP, HUNG];
const NEVER_IN_A_LOG = [/panicked at/, TRAP, /Cannot perform I\/O on behalf of a different/, HUNG];

/** The running servers, so that an interrupted test file leaves no process and no files behind. */
const running = new Set();
process.on('exit', () => running.forEach((server) => server.abandon()));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

/**
 * Starts workerd with Footfall and waits until it listens.
 *
 * `t` is a test context, or `{ after }` of node:test for a whole file. The end of the test ends the process, and fails the test if the process
 * logged something forbidden.
 *
 * - `vars`: variables of Footfall; strings as they are, others as JSON.
 * - `storage`: a directory for the counts, to start again from. Without one, the counts are deleted with the process.
 * - `outbound`: where Footfall's fetches go: `'loopback'` or the name of a service. Without it, a fetch fails the test.
 * - `services`: more Workers in plain JavaScript, by name, each `{ source, vars?, services?, outbound? }`.
 * - `bindings`: services that Footfall is bound to, by the names of the bindings.
 * - `unbound`: bindings of `wrangler.toml` that are left out.
 * - `expose`: names of the services that get a port; by default only Footfall.
 * - `collect`: names of the services whose garbage `settledMemory` collects before it measures.
 * - `killable`: whether a request for `/killed-by-the-test` kills all requests in flight.
 * - `fillable`: whether `limitFiles` can limit the files of the counts, as a full disk does.
 * - `clockAheadMs`: how far Footfall's clock is ahead of the machine's, to test midnight.
 * - `crossings`: whether the calls between JavaScript and wasm are counted; `collect` must name Footfall.
 * - `breakable`: whether `throwAway` can throw Footfall's objects away.
 * - `isolates`: how many isolates Footfall runs in. All call the same objects; `urls` has the address of each.
 */
export async function startWorkerd(t, { vars, storage, outbound = 'nowhere', services = {}, expose = ['footfall'], collect = [], bindings = {}, unbound = [], breakable = false, crossings = false, clockAheadMs = 0, fillable = false, killable = false, isolates = 1 } = {}) {
  // Looked up first, so that a missing program leaves no directory behind.
  const modules = builtModules();
  const binary = workerdBinary();
  // On macOS, the temporary directory is behind a symbolic link, which `embed` does not follow upwards.
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'footfall-test-')));
  const counts = storage ?? join(dir, 'counts');
  if (storage === undefined) mkdirSync(counts);
  for (const module of modules) copyFileSync(module, join(dir, basename(module)));
  const plain = { nowhere: { source: NOWHERE }, ...services };
  for (const [name, { source }] of Object.entries(plain)) writeFileSync(join(dir, `${name}.js`), source + COLLECT);
  writeFileSync(join(dir, 'probe.js'), PROBE + (crossings ? CROSSINGS : '') + clockAhead(clockAheadMs));
  const { compatibilityDate, objects: own } = wranglerConfig();
  const objects = killable ? [...own, ['HOST', 'Host']] : own;
  const main = killable ? KILLABLE : MAIN;
  writeFileSync(join(dir, 'main.js'), (breakable ? breakableMain(objects) : main) + COLLECT);
  const common = { compatibilityDate };
  const further = Array.from({ length: isolates - 1 }, (_, n) => `footfall-${n + 2}`);
  const exposed = [...expose, ...further];
  writeFileSync(
    join(dir, 'workerd.capnp'),
    configText({
      services: [
        footfallService({ ...common, name: 'footfall', vars, services: bindings, objects, unbound, outbound, storage: counts, isolates: further }),
        ...Object.entries(plain).map(([name, worker]) => plainService({ ...common, outbound: 'nowhere', ...worker, name, file: `${name}.js` })),
        loopbackService('loopback'),
      ],
      exposed,
      collected: collect,
      breakable,
    }),
  );
  const server = new Workerd(fillable ? [...IGNORE_XFSZ, binary] : [binary], dir, collect);
  t.after(() => server.dispose());
  await server.listening([...exposed, ...collect.map(collector), ...(breakable ? [BREAKER] : [])]);
  return server;
}

const MAIN = `import './probe.js';\nexport * from './index.js';\nexport { default } from './index.js';\n`;

/** A process that writes beyond the file size limit is killed. If it ignores the signal, it gets an error, as from a full disk. */
const IGNORE_XFSZ = ['/bin/sh', '-c', 'trap "" XFSZ; exec "$0" "$@"'];

/** Whether this machine can simulate a full disk for one process. */
export const canFillDisk = spawnSync('prlimit', ['--version']).status === 0;

class Workerd {
  #child;
  #dir;
  #log = '';
  #collect;
  #ended;
  #stopped = false;
  #trapped = false;

  constructor([command, ...before], dir, collect) {
    this.#dir = dir;
    this.#collect = collect;
    this.#child = spawn(command, [...before, 'serve', 'workerd.capnp', 'config', '--control-fd=3'], {
      cwd: dir,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    running.add(this);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (this.#log += text));
    }
    // `close` comes after the last byte of the log; `exit` may come before it.
    this.#ended = new Promise((resolve) => this.#child.once('close', (code, signal) => resolve({ code, signal })));
  }

  /** Waits for the ports of `names`. workerd writes them to the control descriptor once all its Workers are loaded. */
  async listening(names) {
    const ports = new Map();
    const control = this.#child.stdio[3].setEncoding('utf8');
    const ready = new Promise((resolve) => {
      let unread = '';
      control.on('data', (text) => {
        const lines = (unread + text).split('\n');
        unread = lines.pop();
        for (const { event, socket, port } of lines.filter(Boolean).map((line) => JSON.parse(line))) {
          if (event === 'listen') ports.set(socket, port);
        }
        if (names.every((name) => ports.has(name))) resolve();
      });
    });
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, START_TIMEOUT_MS, 'did not listen in time')));
    const died = this.#ended.then(({ code, signal }) => `ended with ${signal ?? code}`);
    const trouble = await Promise.race([ready, died, late]);
    clearTimeout(timer);
    if (trouble) {
      await this.stop();
      throw new Error(`workerd ${trouble}:\n${this.#log}`);
    }
    this.ports = Object.fromEntries(ports);
    this.port = this.ports[names[0]];
    this.url = `http://127.0.0.1:${this.port}`;
    this.urls = names.filter((name) => /^footfall(-\d+)?$/.test(name)).map((name) => `http://127.0.0.1:${ports.get(name)}`);
  }

  get pid() {
    return this.#child.pid;
  }

  /** The log of workerd and its Workers so far. */
  logs() {
    return this.#log;
  }

  /** The resident memory of the process, in KiB. */
  rssKiB() {
    if (process.platform === 'linux') return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))[1]);
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(this.pid)], { encoding: 'utf8' }));
  }

  /**
   * The memory after a garbage collection of the isolates in `collect`: `rssKiB` of the process, and `wasmBytes` and `wasmRefs` of Footfall's instance,
   * in which a leak shows exactly.
   *
   * The process gives little memory back: its allocator keeps it, and grows by some tens of MiB as it fragments, whatever the Worker (even one in
   * plain JavaScript). So small leaks show in wasm only.
   */
  async settledMemory() {
    const wasm = { wasmBytes: 0, wasmRefs: 0 };
    // The second round frees what the finalizers of the first released.
    for (const name of [...this.#collect, ...this.#collect]) {
      const response = await fetch(`http://127.0.0.1:${this.ports[collector(name)]}/`);
      if (response.status !== 200) throw new Error(`${name} did not collect its garbage: ${response.status}`);
      const left = await response.json();
      if (name === 'footfall') Object.assign(wasm, left);
    }
    return { rssKiB: this.rssKiB(), ...wasm };
  }

  /** The calls between JavaScript and wasm so far: `{ into, out }`. Needs `crossings`. */
  async crossings() {
    const response = await fetch(`http://127.0.0.1:${this.ports[collector('footfall')]}/`);
    return (await response.json()).crossings;
  }

  /** Makes the call into wasm after `calls` further ones trap, as a panic does. Returns how many instances there were so far. Needs `crossings`. */
  async trapIn(calls) {
    this.#trapped = true;
    const response = await fetch(`http://127.0.0.1:${this.ports[collector('footfall')]}/trap?in=${calls}`);
    return (await response.json()).instances;
  }

  /** Sets Footfall's clock ahead of the machine's. Needs `clockAheadMs`; `collect` must name Footfall. */
  async setClockAhead(ms) {
    await fetch(`http://127.0.0.1:${this.ports[collector('footfall')]}/clock?ahead=${ms}`);
  }

  /**
   * Limits the size of the files that the process writes, in bytes, or lifts the limit. SQLite needs 32 KiB to open a database. Needs `fillable`, and
   * a machine where {@link canFillDisk} is true.
   */
  limitFiles(bytes = 'unlimited') {
    execFileSync('prlimit', ['--pid', String(this.pid), `--fsize=${bytes}:unlimited`]);
  }

  /** Throws an object away while it works, as the platform does when it moves or restarts an object. Needs `breakable`. */
  async throwAway(binding, name) {
    await this.#break(binding, name, 'throw-away', 'thrown away');
  }

  /** Makes an object hang until it is thrown away. Needs `breakable`. */
  async hang(binding, name) {
    await this.#break(binding, name, 'hang', 'it hangs');
  }

  /** Makes an object hold back only its next call, until {@link goOn}. Needs `breakable`. */
  async stall(binding, name) {
    await this.#break(binding, name, 'stall', 'it stalls');
  }

  /** Waits until the call that is held back has come. */
  async isStalled(binding, name) {
    await poll(async () => (await this.#ask(binding, name, 'is-stalled')) === 'true', 'a call that is held back');
  }

  /** Lets a stalled object go on. */
  async goOn(binding, name) {
    await this.#break(binding, name, 'go-on', 'it goes on');
  }

  /**
   * Makes an object answer its next call with an `overloaded` error with the message `words`. It carries out the call first, unless the message says that
   * its queue was full. Needs `breakable`.
   */
  async overload(binding, name, words) {
    await this.#break(binding, name, 'overload', 'it is overloaded', { words });
  }

  /** Posts calls to an object, all at once and as isolates do, and returns the answers, as bytes. Needs `breakable`. */
  async postCalls(binding, name, calls) {
    const query = new URLSearchParams({ binding, name });
    const response = await fetch(`http://127.0.0.1:${this.ports[BREAKER]}/?${query}`, { method: 'POST', body: joined(calls) });
    if (response.status !== 200) throw new Error(`${binding} ${name}: ${response.status} ${await response.text()}`);
    return split(new Uint8Array(await response.arrayBuffer()));
  }

  async #ask(binding, name, how, more = {}) {
    const query = new URLSearchParams({ binding, name, how, ...more });
    return (await fetch(`http://127.0.0.1:${this.ports[BREAKER]}/?${query}`)).text();
  }

  async #break(binding, name, how, expected, more) {
    const text = await this.#ask(binding, name, how, more);
    if (text !== expected) throw new Error(`${binding} ${name}: ${text}`);
  }

  /**
   * Kills the process and waits until it is gone. After a SIGTERM, workerd would wait for open connections, perhaps for ever.
   */
  async stop() {
    // A process that ended by itself has crashed, and `dispose` says so.
    this.#stopped ||= this.#child.kill('SIGKILL');
    return this.#ended;
  }

  /** Resolves to `{ code, signal }` when the process has ended, for any reason. */
  waitExit() {
    return this.#ended;
  }

  /** Ends the process and removes its files, without waiting. */
  abandon() {
    running.delete(this);
    this.#child.kill('SIGKILL');
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** Ends the process, removes its files and checks its log. */
  async dispose() {
    const { code, signal } = await this.stop();
    this.abandon();
    const never = [NOWHERE_MARK, ...NEVER_IN_A_LOG.filter((mark) => !(this.#trapped && AFTER_A_TRAP.includes(mark)))];
    const bad = never.filter((mark) => this.#log.search(mark) >= 0);
    if (!this.#stopped) throw new Error(`workerd ended by itself with ${signal ?? code}:\n${this.#log}`);
    if (bad.length > 0) throw new Error(`workerd's log has ${bad.join(', ')}:\n${this.#log.slice(0, 4_000)}`);
  }
}
