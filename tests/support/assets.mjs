// Serves the static assets of the build as the platform does, with the parts of `_redirects` and `_headers` that ours use.
// tests/tools/commands.test.mjs checks that wrangler serves them alike.

import { existsSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { BUILD } from '../../tools/workerd/built.mjs';

const FOLDER = join(BUILD, 'assets');

const TYPES = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html; charset=utf-8', '.svg': 'image/svg+xml', '.json': 'application/json' };

/** The asset of a path: `{ headers, body }`, or undefined if the request is for the Worker. */
export function assetOf(pathname) {
  const [, wanted] = redirects().find(([from]) => matches(from, pathname)) ?? [pathname, pathname];
  const name = [wanted, `${wanted}.html`].find((name) => extname(name) in TYPES && existsSync(join(FOLDER, name)));
  if (name === undefined || name.startsWith('/_')) return undefined;
  const headers = { 'content-type': TYPES[extname(name)] };
  for (const [from, more] of rules()) if (matches(from, pathname)) Object.assign(headers, more);
  return { headers, body: readFileSync(join(FOLDER, name)) };
}

const matches = (from, pathname) => (from.endsWith('*') ? pathname.startsWith(from.slice(0, -1)) : pathname === from);

const redirects = () => lines('_redirects').map((line) => line.split(' ').slice(0, 2));

function rules() {
  const rules = [];
  for (const line of lines('_headers')) {
    if (line.startsWith('/')) rules.push([line, {}]);
    else {
      const at = line.indexOf(':');
      rules.at(-1)[1][line.slice(0, at).trim().toLowerCase()] = line.slice(at + 1).trim();
    }
  }
  return rules;
}

const lines = (name) => readFileSync(join(FOLDER, name), 'utf8').split('\n').filter(Boolean);
