// The clients of other counters, from npm, with only the host in their source changed.

import { readFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { dirname } from 'node:path';

const require = createRequire(import.meta.url);

/** The source of a package's file, with each `from` replaced by its `to`. A missing `from` is an error: the client would call its own host. */
export function sourceOf(file, hosts) {
  let source = readFileSync(require.resolve(file), 'utf8');
  for (const [from, to] of hosts) {
    if (!source.includes(from)) throw new Error(`${file} has no ${from}`);
    source = source.replaceAll(from, to);
  }
  return source;
}

/** Loads a CommonJS module with another host. */
export function clientOf(file, hosts) {
  const path = require.resolve(file);
  const client = new Module(path);
  client.filename = path;
  client.paths = Module._nodeModulePaths(dirname(path));
  client._compile(sourceOf(file, hosts), path);
  return client.exports;
}
