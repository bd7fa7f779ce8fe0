// The browsers of the tests: Debian's Chromium and Firefox ESR.

import { existsSync } from 'node:fs';
import { run, step, Trouble } from './run.mjs';

/** The path of Chromium; it is installed where it is missing and this may install. */
export const chromiumBinary = () => installed('chromium');

/** The path of Firefox, likewise. */
export const firefoxBinary = () => installed('firefox-esr');

async function installed(name) {
  const binary = `/usr/bin/${name}`;
  if (existsSync(binary)) return binary;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new Trouble(`the browser tests need ${name}: sudo apt-get install ${name}`);
  }
  await step(`installing ${name} from Debian`, '1 min', async () => {
    await run('apt-get', ['update', '-qq']);
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name]);
  });
  return binary;
}
