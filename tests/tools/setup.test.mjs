// The set-up without Rust: on a person's machine it says what to install, and in Workers Builds it installs it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ROOT } from '../../tools/pins.mjs';

const run = promisify(execFile);

/** What `rustup()` finds missing in an environment whose only programs are those in `home`. */
async function missing(home, env = {}) {
  const code = "import('./tools/setup_rustup.mjs').then(({ rustup }) => rustup().missing()).then((is) => console.log(is, process.env.PATH), (error) => console.log(error.message))";
  const { stdout } = await run(process.execPath, ['-e', code], { cwd: ROOT, env: { PATH: join(home, 'nothing'), CARGO_HOME: home, HOME: home, ...env } });
  return stdout.trim();
}

test('without Rust, a person is told to install rustup, and Workers Builds gets it', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'footfall-setup-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  assert.match(await missing(home), /^Rust is not installed: install rustup/);
  assert.match(await missing(home, { WORKERS_CI: '1' }), /^true /);
  // Installed, but not yet on the PATH of the open shell.
  const bin = join(home, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'rustup'), '#!/bin/sh\n');
  chmodSync(join(bin, 'rustup'), 0o755);
  assert.equal(await missing(home), `false ${bin}:${join(home, 'nothing')}`);
});
