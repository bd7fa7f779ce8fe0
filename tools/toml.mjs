// Reads TOML with smol-toml.

import { createRequire } from 'node:module';
import { Trouble } from './run.mjs';

const require = createRequire(import.meta.url);

/**
 * The value of a TOML text. `file` is where the text comes from: a mistake in it becomes a `Trouble` that names the file, line and column.
 * The parser is loaded at the first call and not at the top, because the tools import this module before they set up, and a fresh clone has
 * no node_modules until then.
 */
export function parseToml(text, file) {
  const { parse } = require('smol-toml');
  try {
    return parse(text);
  } catch (error) {
    const [what] = error.message.split('\n');
    throw new Trouble(`${file}:${error.line}:${error.column}: ${what}`);
  }
}
