// Starts wrangler without prompts and telemetry, on a Node that is new enough.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Trouble } from './run.mjs';

const require = createRequire(import.meta.url);

/** The oldest Node that the pinned wrangler runs on. */
const OLDEST_NODE = [22, 12];

/** The program and arguments that run `wrangler ...args`. */
export const wrangler = (...args) => [nodeForWrangler(), [programOf('wrangler', 'wrangler'), ...args]];

/** wrangler's environment: no telemetry, no hint that a newer version is out (ours is pinned), and no look-up of this machine's location. */
export const wranglerEnv = (env = process.env) => ({
  ...env,
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
});

/** The path of a program of a package, wherever npm put it. */
function programOf(name, program) {
  const manifest = require.resolve(`${name}/package.json`);
  const { bin } = require(manifest);
  return join(dirname(manifest), typeof bin === 'string' ? bin : bin[program]);
}

/** The Node that is a dependency of the repository, or else this one. */
function nodeForWrangler() {
  try {
    return programOf('node', 'node');
  } catch {
    const [major, minor] = process.versions.node.split('.').map(Number);
    const [oldest, since] = OLDEST_NODE;
    if (major > oldest || (major === oldest && minor >= since)) return process.execPath;
    throw new Trouble(`this is Node ${process.versions.node}: install ${OLDEST_NODE.join('.')} or later`);
  }
}
