// Reads the arguments of a command. An unknown or wrong argument throws a `Trouble` that says what is allowed.

import { parseArgs } from 'node:util';
import { Trouble } from './run.mjs';

/**
 * The arguments of a command, as `{ values, positionals, rest }`. `options` are those of Node's `parseArgs`; `--help` is always one. At most
 * `most` positional arguments are allowed. `rest` has the arguments after `--`, which only a command with `takesRest` accepts.
 */
function readArguments(command, args, { options = {}, most = 0, takesRest = false }) {
  const [before, rest] = takesRest ? split(args) : [args, []];
  const { values, positionals } = parsed(command, before, { ...options, help: { type: 'boolean', short: 'h' } });
  if (positionals.length > most && !values.help) {
    throw new Trouble(`${command}: ${positionals[most]} is one argument too many; ${most === 0 ? 'it takes none' : `at most ${most} allowed`}. ${helpOf(command)}`);
  }
  return { values, positionals, rest };
}

/**
 * Runs a command, `{ options?, most?, takesRest?, help, run }`: `help` returns its usage, and `run` takes the arguments. `typed` is how the user
 * typed the command. Resolves to an exit code, or to undefined.
 */
export async function runCommand(typed, command, args) {
  const { values, positionals, rest } = readArguments(typed, args, command);
  if (values.help) return void process.stdout.write(command.help(typed));
  return command.run(values, positionals, rest);
}

/** Where to read more. */
const helpOf = (command) => `${command} --help explains it`;

function split(args) {
  const at = args.indexOf('--');
  return at < 0 ? [args, []] : [args.slice(0, at), args.slice(at + 1)];
}

function parsed(command, args, options) {
  const allowed = Object.keys(options).map((name) => `--${name}`).join(', ');
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    const [, unknown] = /^Unknown option '([^']*)'/.exec(error.message) ?? [];
    if (unknown !== undefined) throw new Trouble(`${command}: there is no option ${unknown}; allowed: ${allowed}`);
    // Node's message says first what is wrong, and then how a program could allow it.
    const [first] = error.message.split(/\.\s/);
    throw new Trouble(`${command}: ${first.replace(/\s+/g, ' ')}. ${helpOf(command)}`);
  }
}
