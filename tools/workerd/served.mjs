// The built Worker as a directory that workerd serves: modules and a configuration. It has a process of its own, so that what the
// process uses is what the Worker costs. Nothing here starts anything.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { builtModules, wranglerConfig } from './built.mjs';
import { collector, configText, footfallService, loopbackService } from './config.mjs';
import { COLLECT, PROBE } from './plain_workers.mjs';

/** The settings that all Workers here share. */
export const common = () => ({ compatibilityDate: wranglerConfig().compatibilityDate, outbound: 'loopback' });

const AS_BUILT = `export * from './index.js';\nexport { default } from './index.js';\n`;

/** The socket that visitors come to, whichever program is behind it. */
export const SITE = 'site';

/** The socket at which a `watched` Worker collects its garbage and tells its memory. */
export const COLLECTOR = collector(SITE);

/** Footfall as it was built, here or into another directory; `watched` adds the {@link COLLECTOR}. */
export function footfall(dir, { vars = {}, watched = false, build } = {}) {
  for (const module of builtModules(build)) copyFileSync(module, join(dir, basename(module)));
  writeFileSync(join(dir, 'probe.js'), watched ? PROBE : '');
  writeFileSync(join(dir, 'main.js'), watched ? `import './probe.js';\n${AS_BUILT}${COLLECT}` : AS_BUILT);
  const service = footfallService({ ...common(), name: SITE, vars, objects: wranglerConfig().objects.filter(isIn(dir)), storage: countsIn(dir) });
  return written(dir, service, watched);
}

/** Whether a build has the class of an object: one that was built before it came has not. */
function isIn(dir) {
  const [, exported = ''] = /export\s*\{([^}]*)\};?\s*$/.exec(readFileSync(join(dir, 'index.js'), 'utf8')) ?? [];
  const names = exported.split(',').map((entry) => entry.trim().split(' as ').pop());
  return ([, className]) => names.includes(className);
}

/** A new directory for what a Worker counts. */
export function countsIn(dir) {
  const counts = join(dir, 'counts');
  mkdirSync(counts);
  return counts;
}

/** Writes the configuration of a service and of the loopback. */
export function written(dir, service, watched = false) {
  const services = [service, loopbackService('loopback')];
  writeFileSync(join(dir, 'workerd.capnp'), configText({ services, exposed: [SITE], collected: watched ? [SITE] : [], breakable: false }));
  return [SITE, ...(watched ? [COLLECTOR] : [])];
}
