// Patches the script that wasm-bindgen writes, before esbuild reads it.
//
// No option of wasm-bindgen or esbuild makes these changes. They fit the version in tools/pins.mjs. Each change derives from the script how many
// places it must find, so a version that writes something else stops the build and cannot leave a half-patched script.

import { CARGO_TOOLS } from './pins.mjs';
import { Trouble } from './run.mjs';

/** How often a pattern matches in a text. */
const count = (text, pattern) => text.match(pattern)?.length ?? 0;

/** The changes. Each replaces `pattern`, which must match as often as `places` says. */
export const CHANGES = [
  {
    name: 'the import of the module is a plain one',
    // workerd does not support source imports, but hands the module to a plain import as well.
    pattern: /^import source (?=\w+ from "\.\/index_bg\.wasm";$)/gm,
    becomes: () => 'import ',
    places: () => 1,
  },
  {
    name: 'each script is named once among the imports',
    // wasm-bindgen repeats a script for each function that is imported from it, and wrangler warns about that at each deploy.
    pattern: /^ *("\.\/snippets\/[^"]+"): import\d+,\n/gm,
    becomes: () => {
      const named = new Set();
      return (line, script) => (named.size < named.add(script).size ? line : '');
    },
    places: (bindings) => count(bindings, /^import \* as import\d+ from "\.\/snippets\//gm),
  },
  {
    name: 'a registry of finalizers does nothing where its class is not used',
    // The crate `worker` brings seven classes that Footfall does not use. esbuild's option `pure` covers calls, but not `new`.
    pattern: /(?<=^ *: )(?=new FinalizationRegistry\()/gm,
    becomes: () => '/* @__PURE__ */ ',
    places: (bindings) => count(bindings, /\(typeof FinalizationRegistry === 'undefined'\)/g),
  },
];

/** The patched script; throws an error that names the change whose places were not found. */
export function changed(bindings) {
  return CHANGES.reduce((text, { name, pattern, becomes, places }) => {
    const [found, expected] = [count(text, pattern), places(text)];
    if (found !== expected || expected === 0) {
      const { version } = CARGO_TOOLS['wasm-bindgen-cli'];
      throw new Trouble(
        `wasm-bindgen ${version} does not write what tools/bindings.mjs expects. "${name}": ${found} places, expected ${expected || 'some'}. Fix the pattern to match the script that it writes, or remove the change if it is no longer needed`,
      );
    }
    return text.replaceAll(pattern, becomes());
  }, bindings);
}
