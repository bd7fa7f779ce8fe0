// Paths and pinned versions: the one list of what a build needs besides Cargo.lock and package-lock.json.

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { ROOT } from './root.mjs';

export { ROOT };

/** Where cargo installs its tools: outside of the repository, so that a second clone finds them ready. */
export const TOOLS = resolve(
  process.env.FOOTFALL_TOOLS || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'footfall'),
);

/** The tools that cargo installs. wasm-bindgen-cli must have the version of the crate `wasm-bindgen`, or the build stops. */
export const CARGO_TOOLS = {
  'wasm-bindgen-cli': { version: '0.2.129', bins: ['wasm-bindgen', 'wasm-bindgen-test-runner'], minutes: 2 },
  'wasm-pack': { version: '0.15.1', bins: ['wasm-pack'], minutes: 1 },
  'cargo-deny': { version: '0.20.2', bins: ['cargo-deny'], minutes: 1 },
  // Makes the load of `npm run bench`, so it must be fast. It needs a TLS library, which is never used here; the system's is the cheapest.
  oha: { version: '1.16.0', bins: ['oha'], minutes: 4, optimised: true, features: ['native-tls'], openssl: true },
};

/** The tools for serving and deploying. */
export const SERVE_TOOLS = ['wasm-bindgen-cli'];

/** The tools for the tests. */
export const TEST_TOOLS = [...SERVE_TOOLS, 'wasm-pack', 'cargo-deny'];

/** The tools for the comparison with other programs. */
export const BENCH_TOOLS = [...SERVE_TOOLS, 'oha'];

/** The compile target of a Worker. */
export const WASM = 'wasm32-unknown-unknown';

/** The Rust version in rust-toolchain.toml. A pattern finds it, because the set-up needs it before npm has installed a TOML parser. */
export function rustVersion() {
  const [, version] = /^channel\s*=\s*"([^"]+)"/m.exec(readFileSync(join(ROOT, 'rust-toolchain.toml'), 'utf8')) ?? [];
  if (!version) throw new Error('rust-toolchain.toml names no channel');
  return version;
}

/** The path of a program in node_modules. */
export const npmBin = (name) => join(ROOT, 'node_modules', '.bin', name);

/** The path of a program that cargo installed. */
export const cargoBin = (name) => join(TOOLS, 'bin', name);

/** An environment whose PATH has our own programs before any others of the same name. */
export function toolEnv(extra = {}) {
  const path = [join(ROOT, 'node_modules', '.bin'), join(TOOLS, 'bin'), outerPath()].join(delimiter);
  return { ...process.env, PATH: path, ...extra };
}

/** PATH without our node_modules, which npm puts in front: the programs that exist while npm replaces node_modules. */
export function outerPath() {
  const ours = join(ROOT, 'node_modules', '.bin');
  return (process.env.PATH ?? '').split(delimiter).filter((dir) => resolve(dir) !== ours).join(delimiter);
}
