// Part of the set-up: installs the Rust of rust-toolchain.toml with clippy, rustfmt and the WebAssembly target.

import { existsSync } from 'node:fs';
import { rustVersion, WASM } from './pins.mjs';
import { capture, onPath, run, step, Trouble } from './run.mjs';

export function rust() {
  const version = rustVersion();

  // The programs must run, whatever installed them. rustup must not install one just because it is asked for its version.
  async function lacking() {
    const env = { ...process.env, RUSTUP_AUTO_INSTALL: '0' };
    const ask = (command, ...args) => capture(command, args, { env });
    const [rustc, library, clippy, format] = await Promise.all([
      ask('rustc', '--version'),
      ask('rustc', '--print', 'target-libdir', '--target', WASM),
      ask('cargo-clippy', '--version'),
      ask('rustfmt', '--version'),
    ]);
    const found = rustc.code === 0 ? rustc.output.split(' ')[1] : 'none';
    if (found !== version) return `Rust ${version} (found ${found})`;
    if (library.code !== 0 || !existsSync(library.output.trim())) return `the target ${WASM} of Rust ${version}`;
    if (clippy.code !== 0) return `clippy of Rust ${version}`;
    if (format.code !== 0) return `rustfmt of Rust ${version}`;
    return undefined;
  }

  return {
    missing: async () => (await lacking()) !== undefined,
    async install() {
      const what = await lacking();
      if (!onPath('rustup')) throw new Trouble(`${what} is missing, and so is rustup, which would install it: https://rustup.rs`);
      const components = ['clippy', 'rustfmt'].flatMap((name) => ['--component', name]);
      await step(`installing ${what}`, '1 min', () =>
        run('rustup', ['toolchain', 'install', version, '--profile', 'minimal', ...components, '--target', WASM, '--no-self-update']),
      );
      const still = await lacking();
      if (still) throw new Trouble(`${still} is still missing after rustup installed it; is RUSTUP_TOOLCHAIN set?`);
    },
  };
}
