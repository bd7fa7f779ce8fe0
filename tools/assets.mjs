// What is served as it is, next to the Worker and without a request to it: the script for pages, made small.

import { build as esbuild } from 'esbuild';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ROOT } from './pins.mjs';
import { Trouble } from './run.mjs';

/**
 * A page loads the script before it counts: it has to fit into the first packet. With the name of the file, which gzip(1) writes in
 * front, it is still under 1,000.
 */
const MAX_SCRIPT_GZIP_BYTES = 985;

/**
 * Any page may load the script, wherever it is, and a browser asks again after an hour: who deploys a new one need not wait long.
 * The format is that of Cloudflare's static assets.
 */
const HEADERS = `/footfall.js
  Access-Control-Allow-Origin: *
  Cache-Control: public, max-age=3600
  Cross-Origin-Resource-Policy: cross-origin
  X-Content-Type-Options: nosniff
`;

/** Writes the assets into a directory. */
export async function buildAssets(into) {
  const { outputFiles } = await esbuild({
    entryPoints: [join(ROOT, 'assets', 'footfall.js')],
    minify: true,
    // What browsers of 2021 know.
    target: 'es2021',
    legalComments: 'none',
    write: false,
  });
  const [{ contents }] = outputFiles;
  const size = gzipSync(contents, { level: 9 }).length;
  if (size > MAX_SCRIPT_GZIP_BYTES) throw new Trouble(`assets/footfall.js has ${size} bytes minified and compressed; at most ${MAX_SCRIPT_GZIP_BYTES} are allowed`);
  mkdirSync(into, { recursive: true });
  writeFileSync(join(into, 'footfall.js'), contents);
  writeFileSync(join(into, '_headers'), HEADERS);
  return size;
}
