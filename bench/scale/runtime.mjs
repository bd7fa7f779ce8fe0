// One workerd process with Footfall and a driver in it: the driver reaches Footfall's objects through a binding, so no
// socket and no proxy stands between what posts a batch and what counts it.
//
// The tests have a harness of their own (tests/support/workerd.mjs), which watches and breaks things. This one measures:
// it leaves Footfall's modules as they were built and reads what the process used.

import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtModules, workerdBinary, wranglerConfig } from '../../tests/support/built.mjs';
import { configText, footfallService } from '../../tests/support/config.mjs';
import { Trouble } from '../../tools/run.mjs';

/**
 * Files in memory. workerd waits for its disk in the one thread that does everything, and what that costs says more about
 * the disk than about a shard; Cloudflare's objects send their writes to other machines and go on meanwhile.
 */
const MEMORY = '/dev/shm';

/** From spawn to listening takes 0.2 s; this is for a machine that compiles at the same time. */
const START_TIMEOUT_MS = 20_000;

/** Linux counts the CPU time of a process in hundredths of a second (USER_HZ), whatever the kernel's own tick is. */
const TICKS_A_SECOND = 100;

const source = (file) => readFileSync(fileURLToPath(new URL(file, import.meta.url)), 'utf8');
const AS_BUILT = `export * from './index.js';\nexport { default } from './index.js';\n`;

/**
 * Runs `work` with a workerd that serves Footfall on `ports.footfall` and the driver on `ports.driver`.
 *
 * - `files`: a directory that the driver may read.
 * - `sites`: the sites that Footfall counts.
 * - `onDisk`: whether the counts are on disk; in memory if not.
 * - `countRows`: whether Footfall's objects note the rows that the platform says were written (`rows_main.js`).
 */
export async function withWorkerd({ files, sites, onDisk = false, countRows = false }, work) {
  if (!existsSync('/proc/self/stat') || !existsSync(MEMORY)) throw new Trouble('this runs on Linux only: it needs /proc and /dev/shm');
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'footfall-scale-')));
  const counts = mkdtempSync(join(onDisk ? dir : MEMORY, 'footfall-counts-'));
  const end = () => [dir, counts].forEach((made) => rmSync(made, { recursive: true, force: true }));
  process.once('exit', end);
  let child;
  try {
    for (const module of builtModules()) copyFileSync(module, join(dir, basename(module)));
    writeFileSync(join(dir, 'main.js'), countRows ? source('rows_main.js') : AS_BUILT);
    writeFileSync(join(dir, 'probe.js'), '');
    writeFileSync(join(dir, 'driver.js'), source('driver.js'));
    writeFileSync(join(dir, 'plain_objects.js'), source('plain_objects.js'));
    writeFileSync(join(dir, 'workerd.capnp'), config({ counts, files, sites }));
    child = spawn(workerdBinary(), ['serve', 'workerd.capnp', 'config', '--control-fd=3'], {
      cwd: dir,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    process.once('exit', () => child.kill('SIGKILL'));
    const server = new Server(child);
    await server.listening(['footfall', 'driver']);
    return await work(server);
  } finally {
    child?.kill('SIGKILL');
    end();
  }
}

class Server {
  #child;
  #log = '';
  #ended;

  constructor(child) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (this.#log += text));
    this.#ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(`ended with ${signal ?? code}`)));
  }

  async listening(names) {
    const ports = {};
    const ready = new Promise((resolve) => {
      let unread = '';
      this.#child.stdio[3].setEncoding('utf8').on('data', (text) => {
        const lines = (unread + text).split('\n');
        unread = lines.pop();
        for (const { socket, port } of lines.filter(Boolean).map((line) => JSON.parse(line))) ports[socket] = port;
        if (names.every((name) => name in ports)) resolve();
      });
    });
    const late = new Promise((resolve) => setTimeout(resolve, START_TIMEOUT_MS, 'did not listen in time').unref());
    const trouble = await Promise.race([ready, this.#ended, late]);
    if (trouble) throw new Error(`workerd ${trouble}:\n${this.#log}`);
    this.ports = ports;
  }

  /** Seconds of CPU that the process has used, in its own code and in the kernel. */
  cpuSeconds() {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8');
    // The second field is the program's name in brackets and may hold anything; the 14th and 15th count ticks.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
  }

  /** Asks Footfall or the driver and wants an answer in JSON. */
  async ask(name, path) {
    const response = await fetch(`http://127.0.0.1:${this.ports[name]}${path}`);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${name} answered ${response.status} to ${path}: ${text}\n${this.#log}`);
    return JSON.parse(text);
  }
}

/** Footfall as in the tests; the driver and the plain objects, which need bindings that no test has, written out here. */
function config({ counts, files, sites }) {
  const { compatibilityDate, objects } = wranglerConfig();
  const module = (name) => `(name = "${name}.js", esModule = embed "${name}.js")`;
  const namespace = (binding, className, service) =>
    `(name = "${binding}", durableObjectNamespace = (className = "${className}", serviceName = "${service}"))`;
  const driver = `(name = "driver", worker = (
    compatibilityDate = "${compatibilityDate}", globalOutbound = "files", modules = [${module('driver')}],
    bindings = [${namespace('SHARD', 'Shard', 'footfall')}, ${namespace('PLAIN', 'Plain', 'plain')}, (name = "FILES", service = "files")],
  ))`;
  const plain = `(name = "plain", worker = (
    compatibilityDate = "${compatibilityDate}", globalOutbound = "files", modules = [${module('plain_objects')}],
    durableObjectNamespaces = [(className = "Plain", uniqueKey = "plain", enableSql = true)],
    durableObjectStorage = (localDisk = "footfall-disk"),
  ))`;
  const vars = { SITES: sites.join(','), COUNTER_TIMEOUT_MS: 25_000 };
  return configText({
    services: [
      footfallService({ name: 'footfall', vars, objects, outbound: 'files', storage: counts, compatibilityDate }),
      [driver, plain, `(name = "files", disk = (path = ${JSON.stringify(files)}))`],
    ],
    exposed: ['footfall', 'driver'],
    collected: [],
    breakable: false,
  });
}
