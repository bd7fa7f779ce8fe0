// Builds the static assets, which Cloudflare serves without calling the Worker: the minified script for pages, the same under the names of
// other counters' scripts, and the dashboard.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ROOT } from './pins.mjs';
import { Trouble } from './run.mjs';

/**
 * The most bytes of the script for pages after gzip(1). A page loads it before it counts, so it must fit into the first packet with room to
 * spare. It had 981 bytes before it handled routers, frames, modules and duplicate tags.
 */
const MAX_SCRIPT_GZIP_BYTES = 1_200;

/** The most bytes of the whole dashboard after gzip(1), so that it opens at once on a phone. */
const MAX_DASHBOARD_GZIP_BYTES = 60_000;

/** The scripts that are also served under the names of other counters, for owners who move from them. */
const GOATCOUNTER = '/count.js';
const GOATCOUNTER_VERSIONS = [1, 2, 3, 4, 5].map((version) => `/count.v${version}.js`);
const BUSUANZI = '/busuanzi/2.3/busuanzi.pure.mini.js';
const PLAUSIBLE = '/plausible.js';
const UMAMI = '/script.js';

/**
 * The headers, in the format of Cloudflare's static assets. Pages of any origin may load the scripts and read the API description. Browsers keep
 * them for an hour, so a new deployment reaches pages soon.
 */
const PUBLIC = {
  'Access-Control-Allow-Origin': '*',
  'Cache-Control': 'public, max-age=3600',
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'X-Content-Type-Options': 'nosniff',
};

/** The dashboard reads from its own origin only, cannot be framed, and cannot run as script what strangers sent as names of pages. */
const OWN = {
  'Cache-Control': 'no-cache',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/**
 * The redirects. Every `/dashboard/SITE` is the same page; its files are beside it, because a path below it would be that of a site. Every name of
 * Plausible's script (`/js/script.js`, `/js/script.hash.js` and others) is one script, which reads its options from its own name.
 */
const REDIRECTS = `/dashboard/* /dashboard 200\n/js/* ${PLAUSIBLE} 200\n`;

const rule = (headers) => (path) => [path, ...Object.entries(headers).map(([name, value]) => `  ${name}: ${value}`), ''].join('\n');
const HEADERS = [
  ...['/footfall.js', '/openapi.json', GOATCOUNTER, ...GOATCOUNTER_VERSIONS, BUSUANZI, '/js/*', UMAMI].map(rule(PUBLIC)),
  ...['/dashboard', '/dashboard/*', '/dashboard.js', '/dashboard.css', '/dashboard.svg'].map(rule(OWN)),
].join('');

/** Writes the assets into a directory. */
export async function buildAssets(into) {
  const footfall = await pageScript('.');
  const size = gzipSync(footfall, { level: 9 }).length;
  if (size > MAX_SCRIPT_GZIP_BYTES) throw new Trouble(`assets/footfall.js has ${size} bytes minified and compressed; at most ${MAX_SCRIPT_GZIP_BYTES} are allowed`);
  const files = {
    '/footfall.js': footfall,
    ...(await goatcounter()),
    [PLAUSIBLE]: await script('plausible.js'),
    [UMAMI]: await script('umami.js'),
    [BUSUANZI]: (await script('busuanzi.js')) + (await pageScript('../..')),
    '/openapi.json': readFileSync(join(ROOT, 'assets', 'openapi.json')),
    ...(await dashboard()),
    '/_headers': HEADERS,
    '/_redirects': REDIRECTS,
  };
  for (const [path, content] of Object.entries(files)) {
    const file = join(into, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

/** Pages load it with or without a version in its path. */
async function goatcounter() {
  const built = await script('goatcounter.js');
  return Object.fromEntries([GOATCOUNTER, ...GOATCOUNTER_VERSIONS].map((path) => [path, built]));
}

async function dashboard() {
  const files = {
    '/dashboard.html': readFileSync(join(ROOT, 'assets', 'dashboard', 'index.html'), 'utf8'),
    '/dashboard.js': await script('dashboard/main.jsx'),
    '/dashboard.css': await script('dashboard/style.css'),
    '/dashboard.svg': readFileSync(join(ROOT, 'assets', 'dashboard', 'icon.svg'), 'utf8'),
  };
  const size = Object.values(files).reduce((bytes, file) => bytes + gzipSync(file, { level: 9 }).length, 0);
  if (size > MAX_DASHBOARD_GZIP_BYTES) throw new Trouble(`the dashboard has ${size} bytes minified and compressed; at most ${MAX_DASHBOARD_GZIP_BYTES} are allowed`);
  return files;
}

/** The minified script for pages, whose counter is at `beside`, relative to the script. terser's result is 25 bytes smaller than esbuild's. */
async function pageScript(beside) {
  const { minify } = await import('terser');
  const { code } = await minify(await script('footfall.js', { BESIDE: JSON.stringify(beside) }), {
    ecma: 2021,
    compress: { passes: 4, unsafe: true, unsafe_arrows: true, booleans_as_integers: true },
  });
  return code;
}

async function script(name, define) {
  // Loaded here and not at the top, because a fresh clone imports this module before esbuild is installed.
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, 'assets', name)],
    bundle: true,
    format: 'iife',
    minify: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    // Browsers of 2021 run this.
    target: 'es2021',
    legalComments: 'none',
    define,
    write: false,
  });
  return outputFiles[0].text;
}
