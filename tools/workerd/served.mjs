// Writes the built Worker as a directory that workerd serves: modules and a configuration. The Worker gets a process of its own, so that the CPU
// time and memory of the process are the Worker's. Nothing here starts anything.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { builtModules, wranglerConfig } from './built.mjs';
import { collector, configText, footfallService, loopbackService } from './config.mjs';
import { COLLECT, PROBE } from './plain_workers.mjs';

/** The settings that all Workers here share. */
export const common = () => ({ compatibilityDate: wranglerConfig().compatibilityDate, outbound: 'loopback' });

const AS_BUILT = `export * from './index.js';\nexport { default } from './index.js';\n`;

/** The socket for visitors, whichever program is behind it. */
export const SITE = 'site';

/** The socket at which a `watched` Worker collects its garbage and reports its memory. */
export const COLLECTOR = collector(SITE);

/** Writes Footfall, from build/ or from another `build`, into `dir`. `watched` adds the {@link COLLECTOR}. Returns the names of its sockets. */
export function footfall(dir, { vars = {}, watched = false, build } = {}) {
  for (const module of builtModules(build)) copyFileSync(module, join(dir, basename(module)));
  writeFileSync(join(dir, 'probe.js'), watched ? PROBE : '');
  writeFileSync(join(dir, 'main.js'), watched ? `import './probe.js';\n${AS_BUILT}${COLLECT}` : AS_BUILT);
  const service = footfallService({ ...common(), name: SITE, vars, objects: wranglerConfig().objects.filter(isIn(dir)), storage: countsIn(dir) });
  return written(dir, service, watched);
}

/** Filters the objects whose class is in a build. An older build may lack one. */
function isIn(dir) {
  const [, exported = ''] = /export\s*\{([^}]*)\};?\s*$/.exec(readFileSync(join(dir, 'index.js'), 'utf8')) ?? [];
  const names = exported.split(',').map((entry) => entry.trim().split(' as ').pop());
  return ([, className]) => names.includes(className);
}

/** Makes the directory for a Worker's counts. */
export function countsIn(dir) {
  const counts = join(dir, 'counts');
  mkdirSync(counts);
  return counts;
}

/** Writes the configuration of a service and the loopback. Returns the names of its sockets. */
export function written(dir, service, watched = false) {
  const services = [service, loopbackService('loopback')];
  writeFileSync(join(dir, 'workerd.capnp'), configText({ services, exposed: [SITE], collected: watched ? [SITE] : [], breakable: false }));
  return [SITE, ...(watched ? [COLLECTOR] : [])];
}
