// `npx footfall import`: adds the file of an export, or of `npx footfall convert`, to a site.

import { createReadStream, openAsBlob } from 'node:fs';
import { say, Trouble } from '../tools/run.mjs';
import { workerUrl } from './address.mjs';
import { askOwner, siteMeant } from './api.mjs';
import { Lines } from './lines.mjs';

export const importSite = {
  what: 'adds such a file to a site',
  options: { site: { type: 'string' }, add: { type: 'boolean' } },
  most: 2,
  help: (typed) => `${typed} FILE [URL] [--site SITE] [--add]

  FILE         of npx footfall export or npx footfall convert
  URL          where the Worker is; the domain of the folder if it is left out
  --site SITE  the site that it is added to; the first of the folder if it is left out
  --add        adds to a site that has views already

  ADMIN_TOKEN is that of the environment, else of the folder. The same file is added once, however often it is sent.
`,
  async run({ site: said, add }, [file, given]) {
    if (file === undefined) throw new Trouble('which file? npx footfall import FILE');
    const [base, site] = [workerUrl(given), siteMeant(said)];
    const { lines } = await checked(file);
    const answer = await askOwner(base, site, `import${add ? '?add=yes' : ''}`, { method: 'POST', body: await openAsBlob(file) });
    const told = await answer.json();
    if (told.lines !== lines) throw new Trouble(`${file} has ${lines} lines, and the Worker took ${told.lines}: send it again, no line is added twice`);
    say(`${file}: ${lines} lines added to ${site}`);
  },
};

/** Checks the file before it is sent: the Worker would refuse a truncated file only at its end. */
async function checked(file) {
  const lines = new Lines();
  try {
    for await (const chunk of createReadStream(file)) lines.take(chunk);
  } catch (error) {
    if (error instanceof Trouble) throw new Trouble(`${file}: ${error.message}`);
    throw new Trouble(error.code === 'ENOENT' ? `there is no ${file}` : `${file} cannot be read: ${error.message}`);
  }
  return lines.end(file);
}
