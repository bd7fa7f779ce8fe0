// `npm start`: sets up what is missing, builds, and serves on http://localhost:8787 until Ctrl-C. Counts are kept in
// .wrangler/state. Arguments go to `wrangler dev`: `npm start -- --port 9000 --var STATS:token`.

import { build } from './build.mjs';
import { ROOT, toolEnv } from './pins.mjs';
import { main } from './run.mjs';
import { checkPort, serve } from './serve.mjs';
import { setup } from './setup.mjs';

await main(async () => {
  const args = process.argv.slice(2);
  await checkPort(args, 'npm start --');
  await setup();
  await build();
  return serve(args, { cwd: ROOT, env: toolEnv() });
});
