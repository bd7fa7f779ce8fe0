// What is served as it is, next to the Worker and without a request to it: the script for pages, made small, and under the names
// that other counters have for theirs.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ROOT } from './pins.mjs';
import { Trouble } from './run.mjs';

/**
 * A page loads the script before it counts: it has to fit into the first packet. With the name of the file, which gzip(1) writes in
 * front, it is still under 1,000.
 */
const MAX_SCRIPT_GZIP_BYTES = 983;

/** The paths of scripts that are known by other names: those of counters that people leave. */
const GOATCOUNTER = '/count.js';
const BUSUANZI = '/busuanzi/2.3/busuanzi.pure.mini.js';

/**
 * Any page may load the scripts and read the description, wherever it is, and a browser asks again after an hour: who deploys a new one need not wait long.
 * The format is that of Cloudflare's static assets.
 */
const HEADERS = ['/footfall.js', '/openapi.json', GOATCOUNTER, BUSUANZI]
  .map(
    (path) => `${path}
  Access-Control-Allow-Origin: *
  Cache-Control: public, max-age=3600
  Cross-Origin-Resource-Policy: cross-origin
  X-Content-Type-Options: nosniff
`,
  )
  .join('');

/** Writes the assets into a directory. */
export async function buildAssets(into) {
  const footfall = await script('footfall.js');
  const size = gzipSync(footfall, { level: 9 }).length;
  if (size > MAX_SCRIPT_GZIP_BYTES) throw new Trouble(`assets/footfall.js has ${size} bytes minified and compressed; at most ${MAX_SCRIPT_GZIP_BYTES} are allowed`);
  const files = { '/footfall.js': footfall, [GOATCOUNTER]: footfall, [BUSUANZI]: (await script('busuanzi.js')) + footfall, '/openapi.json': readFileSync(join(ROOT, 'assets', 'openapi.json')), '/_headers': HEADERS };
  for (const [path, content] of Object.entries(files)) {
    const file = join(into, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

async function script(name) {
  // Not before it is asked for: on a fresh machine this file is read before esbuild is installed.
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, 'assets', name)],
    bundle: true,
    format: 'iife',
    minify: true,
    // What browsers of 2021 know.
    target: 'es2021',
    legalComments: 'none',
    write: false,
  });
  return outputFiles[0].text;
}
