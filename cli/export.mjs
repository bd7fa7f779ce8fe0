// `npx footfall export`: writes everything that a site has counted into a file.

import { createWriteStream, existsSync, renameSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { say, Trouble } from '../tools/run.mjs';
import { workerUrl } from './address.mjs';
import { askOwner, reasonOf, siteMeant } from './api.mjs';
import { Lines } from './lines.mjs';

const TEXT = { type: 'string' };

export const exportSite = {
  what: 'writes everything that was counted into a file',
  options: { site: TEXT, to: TEXT, force: { type: 'boolean' } },
  most: 1,
  help: (typed) => `${typed} [URL] [--site SITE] [--to FILE] [--force]

  URL          where the Worker is; the domain of the folder if it is left out
  --site SITE  the first of the folder if it is left out
  --to FILE    SITE-DATE.ndjson if it is left out
  --force      writes over a file that is there

  ADMIN_TOKEN is that of the environment, else of the folder. The file is there when it is whole, or not at all.
`,
  async run({ site: said, to, force }, [given]) {
    const [base, site] = [workerUrl(given), siteMeant(said)];
    const file = resolve(to ?? `${site}-${new Date().toISOString().slice(0, 10)}.ndjson`);
    if (existsSync(file) && !force) throw new Trouble(`${file} exists already: name another file with --to, or add --force`);
    const answer = await askOwner(base, site, 'export');
    const part = `${file}.part`;
    try {
      const lines = await save(answer, part);
      const { lines: count, changes } = lines.end('the export');
      renameSync(part, file);
      say(`${file}: ${count} lines of ${site}`);
      if (changes > 0) say('tables changed during the export, so some numbers may be a few seconds older than others: export again if that matters');
    } finally {
      rmSync(part, { force: true });
    }
  },
};

async function save(answer, file) {
  const lines = new Lines();
  const counted = async function* (chunks) {
    for await (const chunk of chunks) {
      lines.take(Buffer.from(chunk));
      yield chunk;
    }
  };
  try {
    await pipeline(answer.body, counted, createWriteStream(file));
  } catch (error) {
    throw error instanceof Trouble ? error : new Trouble(`the export broke off: ${reasonOf(error)}`);
  }
  return lines;
}
