// The Workers that are compared, as directories that workerd serves: modules and a configuration. Each has a process of its
// own, so that what a process uses is what its one Worker costs. Each function writes one and returns the names of its
// sockets; nothing here starts anything.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtModules, wranglerConfig } from '../../tests/support/built.mjs';
import { collector, configText, footfallService, loopbackService, plainService } from '../../tests/support/config.mjs';
import { COLLECT, PROBE } from '../../tests/support/plain_workers.mjs';

const { compatibilityDate, objects } = wranglerConfig();
const common = { compatibilityDate, outbound: 'loopback' };
const AS_BUILT = `export * from './index.js';\nexport { default } from './index.js';\n`;

/** The socket that visitors come to, whichever program is behind it. */
export const SITE = 'site';

/** The socket at which a `watched` Worker collects its garbage and tells its memory. */
export const COLLECTOR = collector(SITE);

/** The source of a peer. */
const peer = (name) => readFileSync(fileURLToPath(new URL(`../peers/workers/${name}.js`, import.meta.url)), 'utf8');

/** Footfall as it was built, here or into another directory; `watched` adds the {@link COLLECTOR}. */
export function footfall(dir, { vars = {}, watched = false, build } = {}) {
  for (const module of builtModules(build)) copyFileSync(module, join(dir, basename(module)));
  writeFileSync(join(dir, 'probe.js'), watched ? PROBE : '');
  writeFileSync(join(dir, 'main.js'), watched ? `import './probe.js';\n${AS_BUILT}${COLLECT}` : AS_BUILT);
  const service = footfallService({ ...common, name: SITE, vars, objects: objects.filter(isIn(dir)), storage: countsIn(dir) });
  return written(dir, service, watched);
}

/** Whether a build has the class of an object: one that was built before it came has not. */
function isIn(dir) {
  const [, exported = ''] = /export\s*\{([^}]*)\};?\s*$/.exec(readFileSync(join(dir, 'index.js'), 'utf8')) ?? [];
  const names = exported.split(',').map((entry) => entry.trim().split(' as ').pop());
  return ([, className]) => names.includes(className);
}

/** A peer in plain JavaScript without an object. */
export function plain(dir, name, { vars = {}, watched = false } = {}) {
  writeFileSync(join(dir, 'peer.js'), peer(name) + (watched ? COLLECT : ''));
  return written(dir, plainService({ ...common, name: SITE, vars, file: 'peer.js' }), watched);
}

/** The peer in plain JavaScript with a Durable Object, which counts on the same kind of storage as Footfall. */
export function plainObject(dir) {
  writeFileSync(join(dir, 'peer.js'), peer('object'));
  const worker = `(name = "${SITE}", worker = (
    compatibilityDate = "${compatibilityDate}", globalOutbound = "loopback", modules = [(name = "peer.js", esModule = embed "peer.js")],
    bindings = [(name = "COUNTER", durableObjectNamespace = "Counter")],
    durableObjectNamespaces = [(className = "Counter", uniqueKey = "counter", enableSql = true)],
    durableObjectStorage = (localDisk = "disk"),
  ))`;
  return written(dir, [worker, `(name = "disk", disk = (path = ${JSON.stringify(countsIn(dir))}, writable = true))`]);
}

/** A workerd without a Worker: it answers with a file, so what it uses is what every workerd does. */
export function nothing(dir) {
  const files = join(dir, 'files');
  mkdirSync(files);
  writeFileSync(join(files, 'index.txt'), 'Welcome to my site!');
  return written(dir, [`(name = "${SITE}", disk = (path = ${JSON.stringify(files)}))`]);
}

function countsIn(dir) {
  const counts = join(dir, 'counts');
  mkdirSync(counts);
  return counts;
}

function written(dir, service, watched = false) {
  const services = [service, loopbackService('loopback')];
  writeFileSync(join(dir, 'workerd.capnp'), configText({ services, exposed: [SITE], collected: watched ? [SITE] : [], breakable: false }));
  return [SITE, ...(watched ? [COLLECTOR] : [])];
}
