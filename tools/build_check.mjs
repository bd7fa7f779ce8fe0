// What must hold of build/index.js before anybody serves it. In scope: reading its text; it is never run here.

import { Trouble } from './run.mjs';

/** The event handlers. Everything that Rust exports becomes one, callable by whoever has a service binding. */
const HANDLERS = ['fetch', 'start'];

/** The classes. All but `Shard` come along with the crate `worker` and are plain data. */
const EXPORTS = ['ContainerStartupOptions', 'MinifyConfig', 'R2Range', 'Shard', 'default'];

/** Throws where the Worker would lose visits of clients that leave, or offers more than it should. */
export function checkBuild(source) {
  if (!/\.prototype\.fetch=async function[^{]*\{[^}]*\.waitUntil\(/.test(source)) {
    throw new Trouble('build/index.js does not pass its answer to waitUntil: was worker-build run without RUN_TO_COMPLETION?');
  }
  expect('event handlers', [...source.matchAll(/\w\.prototype\.(\w+)=/g)].map(([, name]) => name), HANDLERS);
  const [, list = ''] = /export\s*\{([^}]*)\};?\s*$/.exec(source) ?? [];
  expect('exports', list.split(',').map((entry) => entry.trim().split(' as ').pop()), EXPORTS);
}

function expect(what, found, wanted) {
  const [has, should] = [found, wanted].map((names) => [...new Set(names)].sort().join(', '));
  if (has !== should) throw new Trouble(`build/index.js has the ${what} ${has}; expected are ${should} (tools/build_check.mjs)`);
}
