// What is served as it is, next to the Worker and without a request to it: the script for pages, made small, and under the names
// that other counters have for theirs; the dashboard.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ROOT } from './pins.mjs';
import { Trouble } from './run.mjs';

/**
 * The script for pages, as gzip(1) makes it small. A page loads it before it counts, so it has to fit into the first packet with room to
 * spare. It was 981 bytes before it got along with routers, frames, modules and tags that come twice.
 */
const MAX_SCRIPT_GZIP_BYTES = 1_200;

/** All of the dashboard together, so that it is there at once on a phone. */
const MAX_DASHBOARD_GZIP_BYTES = 60_000;

/** The paths of scripts that are known by other names: those of counters that people leave. */
const GOATCOUNTER = '/count.js';
const GOATCOUNTER_VERSIONS = [1, 2, 3, 4, 5].map((version) => `/count.v${version}.js`);
const BUSUANZI = '/busuanzi/2.3/busuanzi.pure.mini.js';
const PLAUSIBLE = '/plausible.js';
const UMAMI = '/script.js';

/**
 * Any page may load the scripts and read the description, wherever it is, and a browser asks again after an hour: who deploys a new one need not wait long.
 * The format is that of Cloudflare's static assets.
 */
const PUBLIC = {
  'Access-Control-Allow-Origin': '*',
  'Cache-Control': 'public, max-age=3600',
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'X-Content-Type-Options': 'nosniff',
};

/** The dashboard reads from its own origin only, nobody may frame it, and what strangers named their pages cannot become script. */
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
 * The page of the dashboard, whatever its site; its files are beside it, as a path below it would be that of a site. And Plausible's script by whatever name its pages know: `/js/script.js`, `/js/script.hash.js` and others are one, which looks at its name. */
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

/** Its pages name a version, or none. */
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

/** The script for pages, whose counter is at `beside`, seen from the script. terser makes 25 bytes less of it than esbuild. */
async function pageScript(beside) {
  const { minify } = await import('terser');
  const { code } = await minify(await script('footfall.js', { BESIDE: JSON.stringify(beside) }), {
    ecma: 2021,
    compress: { passes: 4, unsafe: true, unsafe_arrows: true, booleans_as_integers: true },
  });
  return code;
}

async function script(name, define) {
  // Not before it is asked for: on a fresh machine this file is read before esbuild is installed.
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, 'assets', name)],
    bundle: true,
    format: 'iife',
    minify: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    // What browsers of 2021 know.
    target: 'es2021',
    legalComments: 'none',
    define,
    write: false,
  });
  return outputFiles[0].text;
}
