// `npm start`: sets up what is missing, builds, and serves on http://localhost:8787 until Ctrl-C. Counts are kept in
// .wrangler/state. Arguments go to `wrangler dev`: `npm start -- --port 9000 --var STATS:token`.

import { build } from './build.mjs';
import { ROOT, toolEnv } from './pins.mjs';
import { main } from './run.mjs';
import { checkPort, PORT, serve, STATE } from './serve.mjs';
import { setup } from './setup.mjs';

const HELP = `npm start                    serves on http://localhost:${PORT} until Ctrl-C, and builds again when a file changes
npm start -- --port 9000     on another port
npm start -- --var NAME:VALUE        with a setting of wrangler.toml; more than one is possible
npm start -- --persist-to FOLDER     keeps the counts there and not in ${STATE}
Other options go to \`wrangler dev\`: npx wrangler dev --help lists them.
`;

await main(async () => {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) return void process.stdout.write(HELP);
  await checkPort(args, 'npm start --');
  await setup();
  await build();
  return serve(args, { cwd: ROOT, env: toolEnv() });
});
