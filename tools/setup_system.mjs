// Part of the set-up: programs of the operating system, which we cannot pin.

import { existsSync } from 'node:fs';
import { CARGO_TOOLS, cargoBin } from './pins.mjs';
import { capture, onPath, run, step, Trouble } from './run.mjs';

const OLDEST_NODE = 20;

/** cargo links with cc, and the tests compile SQLite with it; oha, which only `npm run bench` needs, links with OpenSSL. */
const DEBIAN = ['build-essential', 'pkg-config', 'libssl-dev'];

export function systemPackages(tools) {
  const compiles = (name) => CARGO_TOOLS[name].bins.some((bin) => !existsSync(cargoBin(bin)));
  const needsOpenssl = tools.some((name) => CARGO_TOOLS[name].openssl && compiles(name));

  async function lacking() {
    const compiler = onPath('cc') ? [] : ['a C compiler (cc)'];
    // OpenSSL is needed once, to compile. macOS has its own TLS.
    if (!needsOpenssl || process.platform !== 'linux') return compiler;
    const openssl = await capture('pkg-config', ['--exists', 'openssl']);
    return openssl.code === 0 ? compiler : [...compiler, 'pkg-config with the headers of OpenSSL'];
  }

  return {
    async missing() {
      if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
        throw new Trouble(`Node ${process.versions.node} is too old: install Node ${OLDEST_NODE} or later`);
      }
      if (!onPath('npm')) throw new Trouble('npm is not installed: install it together with Node 20 or later');
      return (await lacking()).length > 0;
    },
    async install() {
      const names = (await lacking()).join(' and ');
      if (process.getuid?.() !== 0 || !onPath('apt-get')) {
        const hint = process.platform === 'darwin' ? 'xcode-select --install' : `on Debian: apt-get install ${DEBIAN.join(' ')}`;
        throw new Trouble(`${names} is missing: install it (${hint}) and run this again`);
      }
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
      await step(`installing ${names}`, '1 min', async () => {
        await run('apt-get', ['-qq', 'update'], { env });
        await run('apt-get', ['-qq', '-y', '--no-install-recommends', 'install', ...DEBIAN], { env });
      });
      const still = (await lacking()).join(' and ');
      if (still) throw new Trouble(`${still} is still missing after apt-get installed ${DEBIAN.join(', ')}`);
    },
  };
}
