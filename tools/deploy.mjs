// `npm run deploy`: sets up what is missing, builds, and publishes. Arguments go to `wrangler deploy`:
// `npm run deploy -- --dry-run --outdir dist` shows what would be published.

import { build } from './build.mjs';
import { toolEnv } from './pins.mjs';
import { main, run } from './run.mjs';
import { setup } from './setup.mjs';
import { wrangler, wranglerEnv } from './wrangler.mjs';

await main(async () => {
  await setup();
  // wrangler runs the build as well, and finds nothing left to do. Building here shows the compiler's messages.
  await build();
  // wrangler gets the terminal, because the first deploy asks to log in.
  await run(...wrangler('deploy', ...process.argv.slice(2)), { stdio: 'inherit', env: wranglerEnv(toolEnv()) });
});
