// Writes the Workers that Footfall is compared with, as directories that workerd serves. tools/workerd/served.mjs writes Footfall's own. Each
// function writes one Worker and returns the names of its sockets. Nothing here starts anything.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plainService } from '../../tools/workerd/config.mjs';
import { COLLECT } from '../../tools/workerd/plain_workers.mjs';
import { common, countsIn, SITE, written } from '../../tools/workerd/served.mjs';

/** The source of a peer. */
const peer = (name) => readFileSync(fileURLToPath(new URL(`../peers/workers/${name}.js`, import.meta.url)), 'utf8');

/** A peer in plain JavaScript without an object. */
export function plain(dir, name, { vars = {}, watched = false } = {}) {
  writeFileSync(join(dir, 'peer.js'), peer(name) + (watched ? COLLECT : ''));
  return written(dir, plainService({ ...common(), name: SITE, vars, file: 'peer.js' }), watched);
}

/** A peer in plain JavaScript with a Durable Object, which counts on the same kind of storage as Footfall. */
export function plainObject(dir, name) {
  writeFileSync(join(dir, 'peer.js'), peer(name));
  const worker = `(name = "${SITE}", worker = (
    compatibilityDate = "${common().compatibilityDate}", globalOutbound = "loopback", modules = [(name = "peer.js", esModule = embed "peer.js")],
    bindings = [(name = "COUNTER", durableObjectNamespace = "Counter")],
    durableObjectNamespaces = [(className = "Counter", uniqueKey = "counter", enableSql = true)],
    durableObjectStorage = (localDisk = "disk"),
  ))`;
  return written(dir, [worker, `(name = "disk", disk = (path = ${JSON.stringify(countsIn(dir))}, writable = true))`]);
}

/** A workerd without a Worker: it answers with a file, so it uses only what every workerd uses. */
export function nothing(dir) {
  const files = join(dir, 'files');
  mkdirSync(files);
  writeFileSync(join(files, 'index.txt'), 'Welcome to my site!');
  return written(dir, [`(name = "${SITE}", disk = (path = ${JSON.stringify(files)}))`]);
}
