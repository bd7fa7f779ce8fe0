// The arguments of the programs that measure and write a page: `--quick` measures less and writes none.

import { Trouble } from '../tools/run.mjs';
import { where } from '../tools/where.mjs';

/** Whether `--quick` was given; undefined after `--help`, which writes `help`. Throws a `Trouble` for any other argument. */
export function readQuick(help) {
  const args = process.argv.slice(2);
  if (args.includes('--help')) return void process.stdout.write(help);
  const unknown = args.filter((arg) => arg !== '--quick');
  if (unknown.length > 0) throw new Trouble(`unknown: ${unknown.join(', ')}\n\n${help}`);
  return args.includes('--quick');
}

/** Throws a `Trouble` if `paths` have uncommitted changes, because the page would name the wrong commit. */
export async function requireCommitted(paths) {
  if ((await where(...paths)).commit.endsWith('with changes')) {
    throw new Trouble('commit your changes first, so that the page names the right commit; or measure with --quick');
  }
}
