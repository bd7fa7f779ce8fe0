// System programs that tests and benches drive: browsers, the proxies of docs/first-party.md, and a generator of load. A missing one is taken from Debian where that is possible.

import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { TOOLS } from './pins.mjs';
import { capture, run, step, Trouble } from './run.mjs';
import { notTried } from './untried.mjs';

/** The directory of Debian packages that are only unpacked: an installed server would start and listen on port 80. */
const UNPACKED = join(TOOLS, 'debian');

/** The programs, by Debian package: where each may be, and what `npm test` does not try without it. All is tried with those that say nothing. */
const PROGRAMS = {
  chromium: { files: ['/usr/bin/chromium', '/usr/bin/google-chrome', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium'] },
  'firefox-esr': { files: ['/usr/bin/firefox-esr', '/usr/bin/firefox', '/Applications/Firefox.app/Contents/MacOS/firefox'], what: 'the script in Firefox' },
  wrk: { files: ['/usr/bin/wrk', '/usr/local/bin/wrk', '/opt/homebrew/bin/wrk'] },
  nginx: { server: '/usr/sbin/nginx', files: ['/usr/sbin/nginx', '/usr/local/bin/nginx', '/opt/homebrew/bin/nginx'], what: 'Footfall behind nginx' },
  caddy: { server: '/usr/bin/caddy', files: ['/usr/bin/caddy', '/usr/local/bin/caddy', '/opt/homebrew/bin/caddy'], what: 'Footfall behind Caddy' },
};

/** The path of a program, or `undefined` if it is missing; its tests are then skipped. */
export function programOf(name) {
  const { files, server } = PROGRAMS[name];
  return [...files, ...(server ? [join(UNPACKED, name, server)] : [])].find((file) => existsSync(file));
}

/** Gets a program that is missing. If that fails, `npm test` says what it did not try. */
export async function provide(name) {
  if (programOf(name)) return;
  const debian = existsSync('/usr/bin/apt-get');
  if (debian && PROGRAMS[name].server) await unpack(name);
  else if (debian && process.getuid?.() === 0) await install(name);
  if (!programOf(name)) notTried(PROGRAMS[name].what, `${name} is not installed`);
}

/** The path of Chromium, which all browser tests need. */
export const chromiumBinary = () => needed('chromium', 'the browser tests need Chromium');

/** The path of wrk, the second generator of load. */
export const wrkBinary = () => needed('wrk', 'this needs the load generator wrk');

/** The path of a program that cannot be done without. Installs it as root on Debian, and throws a `Trouble` elsewhere. */
async function needed(name, why) {
  const file = programOf(name);
  if (file) return file;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) throw new Trouble(`${why}: sudo apt-get install ${name}`);
  await install(name);
  return programOf(name);
}

const install = (name) =>
  step(`installing ${name} from Debian`, '1 min', async () => {
    await run('apt-get', ['update', '-qq']);
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name]);
  });

const unpack = (name) =>
  step(`unpacking ${name} of Debian into ${UNPACKED}`, '10 s', async () => {
    mkdirSync(UNPACKED, { recursive: true });
    // Updating the lists of packages needs root. Without it, the existing lists may do.
    if (process.getuid?.() === 0) await capture('apt-get', ['update', '-qq']);
    await capture('apt-get', ['download', '-qq', name], { cwd: UNPACKED });
    const archive = readdirSync(UNPACKED).find((file) => file.startsWith(`${name}_`) && file.endsWith('.deb'));
    if (archive) await capture('dpkg-deb', ['-x', archive, name], { cwd: UNPACKED });
  });
