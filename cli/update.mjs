// `npx footfall update`: the Worker of this version, and what it needs in `wrangler.toml`.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { say, Trouble } from '../tools/run.mjs';
import { upgraded } from './config.mjs';
import { CONFIG, copyWorker, findFolder, FOLDER, workerVersion } from './folder.mjs';
import { template, VERSION } from './package.mjs';

export const update = {
  what: 'puts the Worker of this version into the folder',
  help: (typed) => `${typed}

  Puts the Worker of version ${VERSION} into the folder, and adds to ${CONFIG} the bindings and migrations that it needs. Settings stay as they
  are. Then npx footfall deploy publishes it. Export first (npx footfall export).
`,
  run() {
    const folder = findFolder();
    if (folder === undefined) throw new Trouble(`there is no ${CONFIG} here or in ${FOLDER}/: npx footfall init makes a folder`);
    const before = workerVersion(folder);
    const file = join(folder, CONFIG);
    const { text, added } = upgraded(readFileSync(file, 'utf8'), template());
    copyWorker(folder);
    if (added.length > 0) writeFileSync(file, text);
    say(`the Worker: ${before ?? 'none'} -> ${VERSION}`);
    added.forEach((what) => say(`${CONFIG} has now ${what}`));
  },
};
