// What must hold of build/index.js before anybody serves it. In scope: reading its text; it is never run here.

import { Trouble } from './run.mjs';

/** The event handlers. Every function that Rust exports becomes one, callable by whoever has a service binding. */
const HANDLERS = ['fetch', 'start'];

/** Classes that come along with the crate `worker`: plain data, of no use to a caller. */
const FROM_WORKER = ['ContainerStartupOptions', 'MinifyConfig', 'R2Range'];

/**
 * Throws where the Worker would lose the visits of clients that leave, or offers more or less than it should.
 * `source` is the text of build/index.js, `config` that of wrangler.toml: its bindings name the classes of the objects.
 */
export function checkBuild(source, config) {
  const objects = [...config.matchAll(/^class_name\s*=\s*"(\w+)"/gm)].map(([, name]) => name);
  if (!/\.prototype\.fetch=async function[^{]*\{[^}]*\.waitUntil\(/.test(source)) {
    throw new Trouble('build/index.js does not pass its answer to waitUntil: was worker-build run without RUN_TO_COMPLETION?');
  }
  expect('event handlers', [...source.matchAll(/\w\.prototype\.(\w+)=/g)].map(([, name]) => name), HANDLERS);
  const [, list = ''] = /export\s*\{([^}]*)\};?\s*$/.exec(source) ?? [];
  expect('exports', list.split(',').map((entry) => entry.trim().split(' as ').pop()), ['default', ...objects, ...FROM_WORKER]);
}

function expect(what, found, wanted) {
  const [has, should] = [found, wanted].map((names) => [...new Set(names)].sort().join(', '));
  if (has !== should) throw new Trouble(`build/index.js has the ${what} ${has}; expected are ${should} (tools/build_check.mjs)`);
}
