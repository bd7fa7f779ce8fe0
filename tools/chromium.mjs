// The browser of the tests: Debian's Chromium.

import { existsSync } from 'node:fs';
import { run, step, Trouble } from './run.mjs';

const BINARY = '/usr/bin/chromium';

/** The path of Chromium; it is installed where it is missing and this may install. */
export async function chromiumBinary() {
  if (existsSync(BINARY)) return BINARY;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new Trouble('the browser tests need Chromium: sudo apt-get install chromium');
  }
  await step('installing Chromium from Debian', '1 min', async () => {
    await run('apt-get', ['update', '-qq']);
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium']);
  });
  return BINARY;
}
