// The owner's folder: finds it and reads it.
//
// It has `wrangler.toml`, the tokens in `.dev.vars`, and a copy of the Worker in `worker/`. Because of the copy, the folder deploys the same
// counter in ten years, with wrangler alone if need be, until `npx footfall update` replaces it.

import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { Trouble } from '../tools/run.mjs';
import { parseToml } from '../tools/toml.mjs';
import { PARTS, prebuilt, VERSION } from './package.mjs';

/** The folder's default name. */
export const FOLDER = 'footfall';

export const CONFIG = 'wrangler.toml';
export const SECRETS_FILE = '.dev.vars';
export const WORKER = 'worker';
const VERSION_FILE = 'version.txt';

/** The secrets that the Worker knows. */
export const SECRETS = ['STATS_TOKEN', 'ADMIN_TOKEN', 'PROXY_TOKEN'];

/** The owner's folder: this directory, or `footfall/` in it; undefined if neither is one. */
export function findFolder() {
  return [resolve('.'), resolve(FOLDER)].find((folder) => existsSync(join(folder, CONFIG)));
}

/** The same, but throws a `Trouble` if there is no folder or it has no Worker. */
export function folderHere() {
  const folder = findFolder();
  if (folder === undefined) throw new Trouble(`there is no ${CONFIG} here or in ${FOLDER}/: npx footfall init makes a folder`);
  if (!existsSync(join(folder, WORKER, 'index.js'))) throw new Trouble(`${folder} has no ${WORKER}/: npx footfall update adds it`);
  return folder;
}

/** Copies the Worker of this version into a folder. If a copy fails, the old Worker stays. */
export function copyWorker(folder) {
  const work = mkdtempSync(join(folder, `.${WORKER}-`));
  try {
    for (const part of PARTS) cpSync(join(prebuilt(), part), join(work, part), { recursive: true });
    writeFileSync(join(work, VERSION_FILE), `${VERSION}\n`);
    // mkdtemp makes folders that only their owner can read.
    chmodSync(work, 0o755);
    rmSync(join(folder, WORKER), { recursive: true, force: true });
    renameSync(work, join(folder, WORKER));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The version of the Worker in a folder; undefined if it has no version file. */
export function workerVersion(folder) {
  const file = join(folder, WORKER, VERSION_FILE);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

/** The secrets of a folder, by name, without the empty ones. */
export function secretsIn(folder) {
  const file = join(folder, SECRETS_FILE);
  const all = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
  return Object.fromEntries(SECRETS.filter((name) => all[name]).map((name) => [name, all[name]]));
}

/** A token from the environment, or else from the folder, if there is one. */
export function tokenOf(name, folder = findFolder()) {
  return process.env[name] || (folder && secretsIn(folder)[name]);
}

/** The settings of a folder that the commands use: the sites, the origins and the first route, if there is one. */
export function settingsIn(folder) {
  const file = join(folder, CONFIG);
  const { vars = {}, routes = [] } = parseToml(readFileSync(file, 'utf8'), file);
  const list = (text) => (typeof text === 'string' ? text : '').split(',').map((one) => one.trim()).filter(Boolean);
  const [route] = routes;
  return { sites: list(vars.SITES), origins: list(vars.ALLOWED_ORIGINS), route: route?.pattern ?? route };
}
