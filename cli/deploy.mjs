// `npx footfall deploy`: publishes the folder together with its tokens.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, say } from '../tools/run.mjs';
import { wrangler, wranglerEnv } from '../tools/wrangler.mjs';
import { folderHere, SECRETS_FILE, secretsIn, workerVersion } from './folder.mjs';
import { VERSION } from './package.mjs';

export const deploy = {
  what: 'publishes it, with its tokens',
  options: { 'dry-run': { type: 'boolean' }, outdir: { type: 'string' } },
  takesRest: true,
  help: (typed) => `${typed} [--dry-run [--outdir DIR]] [-- options of wrangler deploy]

  --dry-run      shows what would be published; needs no account
  --outdir DIR   writes it there

  It asks to log in at Cloudflare the first time, unless CLOUDFLARE_API_TOKEN is set. The tokens of ${SECRETS_FILE} become secrets of the
  Worker in the same step; secrets that the file does not name stay.
`,
  async run({ 'dry-run': dry, outdir }, _, rest) {
    const cwd = folderHere();
    const version = workerVersion(cwd);
    if (version !== VERSION) say(`the Worker in this folder has version ${version ?? 'unknown'}, and this package has ${VERSION}: npx footfall update replaces it`);
    await withSecretsFile(secretsIn(cwd), async (secrets) => {
      const args = [...(dry ? ['--dry-run'] : []), ...(outdir ? ['--outdir', outdir] : []), ...secrets, ...rest];
      // wrangler gets the terminal, because the first deploy asks to log in.
      await run(...wrangler('deploy', ...args), { cwd, stdio: 'inherit', env: wranglerEnv() });
    });
    if (!dry) say('published. To check it: npx footfall doctor --page https://blog.example/, with the address of a page of yours');
  },
};

/** Passes secrets to wrangler in a private file that is deleted afterwards, because every user of the machine can see arguments. */
async function withSecretsFile(secrets, work) {
  if (Object.keys(secrets).length === 0) return work([]);
  const folder = mkdtempSync(join(tmpdir(), 'footfall-secrets-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    const file = join(folder, 'secrets.json');
    writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 });
    return await work(['--secrets-file', file]);
  } finally {
    process.off('exit', remove);
    remove();
  }
}
