// Starts wrangler: on the pinned Node, without questions and reports home.

import { join } from 'node:path';
import { npmBin, ROOT, toolEnv } from './pins.mjs';

/** The program and arguments that run `wrangler ...args`. */
export const wrangler = (...args) => [npmBin('node'), [join(ROOT, 'node_modules', 'wrangler', 'bin', 'wrangler.js'), ...args]];

/** Its environment: no telemetry, no hint that a newer one is out (ours is pinned), no look-up of where this machine is. */
export const wranglerEnv = () =>
  toolEnv({ WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true', CLOUDFLARE_CF_FETCH_ENABLED: 'false' });
