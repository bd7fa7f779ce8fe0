// Names the machine and the version that something was measured on.

import { existsSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { workerdBinary } from './workerd/built.mjs';
import { ROOT } from './pins.mjs';
import { capture } from './run.mjs';

/** The day, the commit, the machine and the runtime. The commit is marked if one of `paths` has uncommitted changes. */
export async function where(...paths) {
  const git = async (...args) => (await capture('git', args)).output.trim();
  const changed = existsSync(join(ROOT, '.git')) && (await git('status', '--porcelain', '--', ...paths)) !== '';
  return {
    day: new Date().toISOString().slice(0, 10),
    commit: `${await git('rev-parse', '--short=10', 'HEAD')}${changed ? ' with changes' : ''}`,
    machine: `${cpus().length} cores of ${cpus()[0].model.trim()}, Linux ${release().match(/^\d+\.\d+/)[0]}`,
    workerd: (await capture(workerdBinary(), ['--version'])).output.trim(),
  };
}
