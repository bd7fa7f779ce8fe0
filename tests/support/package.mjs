// The package as owners install it: packed, unpacked, and run without Rust.

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { npmBin, ROOT } from '../../tools/pins.mjs';
import { lay, pack } from '../../tools/release.mjs';
import { freePort } from './ports.mjs';
import { startServing } from './serving.mjs';

const run = promisify(execFile);

/** The programs on PATH: npx and what it needs. */
const PROGRAMS = ['npx', 'npm', 'sh', 'env'];

/**
 * Packs the package and unpacks it into an empty folder, where npm would. Its dependencies are linked from the repository, which has the same
 * versions: to install them would take the network and a minute. `t` is as for `startWorkerd`.
 */
export async function installed(t) {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'footfall-package-')));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  lay(join(dir, 'laid'));
  const file = await pack(join(dir, 'laid'), dir);
  const cwd = join(dir, 'empty');
  const modules = join(cwd, 'node_modules');
  const bin = join(modules, '.bin');
  mkdirSync(bin, { recursive: true });
  await run('tar', ['-xzf', file, '-C', modules]);
  // npm packs everything into a folder `package`.
  await run('mv', [join(modules, 'package'), join(modules, 'footfall')]);
  const manifest = JSON.parse(readFileSync(join(modules, 'footfall', 'package.json'), 'utf8'));
  for (const name of Object.keys(manifest.dependencies)) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  for (const [name, path] of Object.entries(manifest.bin)) symlinkSync(join('..', 'footfall', path), join(bin, name));

  const path = join(dir, 'path');
  mkdirSync(path);
  symlinkSync(realpathSync(npmBin('node')), join(path, 'node'));
  for (const name of PROGRAMS) symlinkSync(found(name), join(path, name));
  const home = join(dir, 'home');
  mkdirSync(home);
  // Nothing of this machine: no Rust, no account, no registry. npx must not fetch a package.
  const env = { PATH: path, HOME: home, npm_config_offline: 'true', npm_config_update_notifier: 'false', CI: '1' };
  const program = [join(path, 'node'), join(bin, 'footfall')];
  const answer = async (command, args, options) => {
    const { env: more, ...others } = options;
    const child = run(command, args, { cwd, env: { ...env, ...more }, ...others });
    // Without a terminal, and with an input that ends.
    child.child.stdin.end();
    return child.then(({ stdout, stderr }) => ({ code: 0, stdout, stderr }), ({ code, stdout, stderr }) => ({ code, stdout, stderr }));
  };
  return {
    cwd,
    env,
    manifest,
    /** Runs `npx footfall ...args`, as an owner types it. */
    npx: (args, options = {}) => answer('npx', ['footfall', ...args], options),
    /** The same without npx, which takes a second. */
    footfall: (args, options = {}) => answer(program[0], [program[1], ...args], options),
    /** Runs `npx footfall dev` in a folder. Resolves once it says that it is ready: `{ url, log, stop }`. */
    dev: (folder) => startDev(t, program, folder, env),
  };
}

function found(name) {
  return realpathSync(process.env.PATH.split(delimiter).map((dir) => join(dir, name)).find((file) => {
    try {
      return realpathSync(file);
    } catch {
      return false;
    }
  }));
}

async function startDev(t, [node, script], cwd, env) {
  const port = await freePort();
  const { log, stop } = await startServing(t, node, [script, 'dev', '--port', String(port)], { cwd, env });
  return { url: `http://localhost:${port}`, log, stop };
}
