// `npm run --silent convert -- FORMAT FILE > site.ndjson`: `npx footfall convert` for a clone.

import { convert } from './convert/command.mjs';
import { runCommand } from './options.mjs';
import { main, Trouble } from './run.mjs';

await main(async () => {
  const args = process.argv.slice(2);
  if (!args.includes('--help')) refuseTalk(process.env);
  await runCommand('npm run --silent convert --', convert, args);
});

/** Without --silent, npm writes lines of its own into the file, and the import would be refused. */
function refuseTalk({ npm_lifecycle_event: script, npm_config_loglevel: level }) {
  if (script === 'convert' && level !== 'silent' && !process.stdout.isTTY) {
    throw new Trouble('npm wrote lines of its own into the file; type npm run --silent convert -- ...');
  }
}
