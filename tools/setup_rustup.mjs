// Part of the set-up: rustup, which installs Rust. On their own machine, people install it themselves. In Workers Builds, which the Deploy button
// uses, nobody could, and the image has no Rust.

import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { onPath, run, step, Trouble } from './run.mjs';

/** rustup's installer, pinned by version and by the digest that is published next to it. */
const VERSION = '1.29.0';
const SHA256 = '4acc9acc76d5079515b46346a485974457b5a79893cfb01112423c89aeb5aa10';
const URL = `https://static.rust-lang.org/rustup/archive/${VERSION}/x86_64-unknown-linux-gnu/rustup-init`;

/** Where rustup puts its programs. The PATH of a shell that is already open does not have it. */
const BIN = join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'bin');

export function rustup() {
  if (!isThere() && onPath('rustup', BIN)) process.env.PATH = `${BIN}${delimiter}${process.env.PATH}`;
  return {
    async missing() {
      if (isThere()) return false;
      // Workers Builds sets this variable.
      if (process.env.WORKERS_CI === '1') return true;
      throw new Trouble('Rust is not installed: install rustup (https://rustup.rs) and run this again');
    },
    install: () => step(`installing rustup ${VERSION}`, '10 s', install),
  };
}

const isThere = () => onPath('cargo') || onPath('rustup');

async function install() {
  const folder = mkdtempSync(join(tmpdir(), 'footfall-rustup-'));
  try {
    const file = join(folder, 'rustup-init');
    // curl uses the system's certificates; Node has a list of its own.
    await run('curl', ['--proto', '=https', '-fsSL', '-o', file, URL]);
    const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
    if (digest !== SHA256) throw new Trouble(`${URL} has changed: its SHA-256 is ${digest}`);
    chmodSync(file, 0o755);
    // The next part of the set-up installs Rust, in the version that rust-toolchain.toml names.
    await run(file, ['-y', '--no-modify-path', '--profile', 'minimal', '--default-toolchain', 'none']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  process.env.PATH = `${BIN}${delimiter}${process.env.PATH}`;
}
