// `npm run --silent convert -- FORMAT FILE > site.ndjson`, for a clone; `npx footfall convert` is the same without npm around it.

import { convert } from './convert/command.mjs';
import { runCommand } from './options.mjs';
import { main, Trouble } from './run.mjs';

await main(async () => {
  const args = process.argv.slice(2);
  if (!args.includes('--help')) refuseTalk(process.env);
  await runCommand('npm run --silent convert --', convert, args);
});

/** npm writes lines of its own in front, unless it is told not to: the file would be refused, and late. */
function refuseTalk({ npm_lifecycle_event: script, npm_config_loglevel: level }) {
  if (script === 'convert' && level !== 'silent' && !process.stdout.isTTY) {
    throw new Trouble('npm wrote lines of its own into the file; type npm run --silent convert -- ...');
  }
}
