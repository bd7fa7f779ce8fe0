// One workerd process with Footfall and a driver. The driver reaches Footfall's objects through a binding, so there is no socket and no proxy
// between the driver and the shard.
//
// The tests have a harness of their own (tests/support/workerd.mjs), which watches and breaks things. This one measures: it leaves Footfall's
// modules as they were built, and reads what the process used.

import { copyFileSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtModules, wranglerConfig } from '../../tools/workerd/built.mjs';
import { configText, footfallService } from '../../tools/workerd/config.mjs';
import { Trouble } from '../../tools/run.mjs';
import { startWorkerd } from '../../tools/workerd/program.mjs';

/**
 * A file system in memory. workerd waits for its disk in its only thread, so with a disk the results would say more about the disk than about a
 * shard. Cloudflare's objects send their writes to other machines and keep working.
 */
const MEMORY = '/dev/shm';

const source = (file) => readFileSync(fileURLToPath(new URL(file, import.meta.url)), 'utf8');
const AS_BUILT = `export * from './index.js';\nexport { default } from './index.js';\n`;

/**
 * Runs `work` with a workerd that serves Footfall on `ports.footfall` and the driver on `ports.driver`.
 *
 * - `files`: a directory that the driver may read.
 * - `sites`: the sites that Footfall counts.
 * - `onDisk`: whether the counts are on disk; in memory if not.
 * - `countRows`: whether Footfall's objects note how many rows the platform says they wrote (`rows_main.js`).
 */
export async function withWorkerd({ files, sites, onDisk = false, countRows = false }, work) {
  if (!existsSync('/proc/self/stat') || !existsSync(MEMORY)) throw new Trouble('this runs on Linux only: it needs /proc and /dev/shm');
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'footfall-scale-')));
  const counts = mkdtempSync(join(onDisk ? dir : MEMORY, 'footfall-counts-'));
  const end = () => [dir, counts].forEach((made) => rmSync(made, { recursive: true, force: true }));
  process.once('exit', end);
  let server;
  try {
    for (const module of builtModules()) copyFileSync(module, join(dir, basename(module)));
    writeFileSync(join(dir, 'main.js'), countRows ? source('rows_main.js') : AS_BUILT);
    writeFileSync(join(dir, 'probe.js'), '');
    writeFileSync(join(dir, 'driver.js'), source('driver.js'));
    writeFileSync(join(dir, 'plain_objects.js'), source('plain_objects.js'));
    writeFileSync(join(dir, 'workerd.capnp'), config({ counts, files, sites }));
    server = await startWorkerd(dir, ['footfall', 'driver']);
    return await work(server);
  } finally {
    server?.end();
    end();
  }
}

/** Footfall as in the tests. The driver and the plain objects are written out here, because they need bindings that no test has. */
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
