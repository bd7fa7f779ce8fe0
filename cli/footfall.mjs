#!/usr/bin/env node
// The command `footfall` of the package that `npm run pack` makes: `npx footfall COMMAND`. It needs Node and no Rust.

import { runCommand } from '../tools/options.mjs';
import { main, Trouble } from '../tools/run.mjs';
import { COMMANDS } from './commands.mjs';
import { VERSION } from './package.mjs';

const HELP = `npx footfall COMMAND

${Object.entries(COMMANDS).map(([name, { what }]) => `  ${name.padEnd(8)} ${what}`).join('\n')}

  npx footfall COMMAND --help tells the options of a command; --version is the version, ${VERSION}.
  Commands work in the folder that init made, or beside it, where it is called footfall.
`;

// The reader of the output may have closed it, as `head` does. Then there is nothing left to report to.
process.stdout.once('error', () => process.exit(1));

await main(async () => {
  const [name = '--help', ...args] = process.argv.slice(2);
  if (['--help', '-h', 'help'].includes(name)) return void process.stdout.write(HELP);
  if (['--version', '-v'].includes(name)) return void process.stdout.write(`${VERSION}\n`);
  if (!Object.hasOwn(COMMANDS, name)) throw new Trouble(`there is no command ${name}; allowed: ${Object.keys(COMMANDS).join(', ')}, --help, --version`);
  return runCommand(`npx footfall ${name}`, COMMANDS[name], args);
});
