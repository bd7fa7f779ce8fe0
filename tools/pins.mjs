// Where things are, and which versions: the one list of what a build needs besides Cargo.lock and package-lock.json.

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { ROOT } from './root.mjs';

export { ROOT };

/** Where cargo installs its tools: outside of the repository, so that a second clone finds them ready. */
export const TOOLS = resolve(
  process.env.FOOTFALL_TOOLS || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'footfall'),
);

/** What cargo installs. wasm-bindgen-cli must be the version of the crate `wasm-bindgen`, or the build stops. */
export const CARGO_TOOLS = {
  'wasm-bindgen-cli': { version: '0.2.129', bins: ['wasm-bindgen', 'wasm-bindgen-test-runner'], minutes: 2 },
  'wasm-pack': { version: '0.15.1', bins: ['wasm-pack'], minutes: 1 },
  'cargo-deny': { version: '0.20.2', bins: ['cargo-deny'], minutes: 1 },
  // The load of `npm run bench`, so it has to be fast itself. It insists on some TLS, which is never used here: the system's.
  oha: { version: '1.16.0', bins: ['oha'], minutes: 4, optimised: true, features: ['native-tls'], openssl: true },
};

/** What serving and deploying need. */
export const SERVE_TOOLS = ['wasm-bindgen-cli'];

/** What the tests need. */
export const TEST_TOOLS = [...SERVE_TOOLS, 'wasm-pack', 'cargo-deny'];

/** What the comparison with other programs needs. */
export const BENCH_TOOLS = [...SERVE_TOOLS, 'oha'];

/** The compile target of a Worker. */
export const WASM = 'wasm32-unknown-unknown';

/** The one Rust that rust-toolchain.toml asks for. Found by a pattern: the set-up needs it before npm has installed a parser. */
export function rustVersion() {
  const [, version] = /^channel\s*=\s*"([^"]+)"/m.exec(readFileSync(join(ROOT, 'rust-toolchain.toml'), 'utf8')) ?? [];
  if (!version) throw new Error('rust-toolchain.toml names no channel');
  return version;
}

/** A program of node_modules. */
export const npmBin = (name) => join(ROOT, 'node_modules', '.bin', name);

/** A program that cargo installed. */
export const cargoBin = (name) => join(TOOLS, 'bin', name);

/** The environment in which our own programs are found before any others of the same name. */
export function toolEnv(extra = {}) {
  const path = [join(ROOT, 'node_modules', '.bin'), join(TOOLS, 'bin'), outerPath()].join(delimiter);
  return { ...process.env, PATH: path, ...extra };
}

/** PATH without the node_modules that npm put in front: what is there while npm lays node_modules anew. */
export function outerPath() {
  const ours = join(ROOT, 'node_modules', '.bin');
  return (process.env.PATH ?? '').split(delimiter).filter((dir) => resolve(dir) !== ours).join(delimiter);
}
