// What is changed in the script that wasm-bindgen writes, before esbuild reads it.
//
// These are the changes that no option of wasm-bindgen or esbuild makes. They fit the version of tools/pins.mjs. Each knows from the script
// itself how many places there are, so that a version that writes something else stops the build and is not passed on half changed.

import { CARGO_TOOLS } from './pins.mjs';
import { Trouble } from './run.mjs';

/** How often a pattern is in a text. */
const count = (text, pattern) => text.match(pattern)?.length ?? 0;

/** Each change: `pattern` is replaced, and is there as often as `places` says. */
export const CHANGES = [
  {
    name: 'the import of the module is a plain one',
    // workerd gives the module to a plain import, too, and knows no import of a source.
    pattern: /^import source (?=\w+ from "\.\/index_bg\.wasm";$)/gm,
    becomes: () => 'import ',
    places: () => 1,
  },
  {
    name: 'each script is named once among the imports',
    // It is written once for each function that is taken from it whole, and wrangler warns of that at each deploy.
    pattern: /^ *("\.\/snippets\/[^"]+"): import\d+,\n/gm,
    becomes: () => {
      const named = new Set();
      return (line, script) => (named.size < named.add(script).size ? line : '');
    },
    places: (bindings) => count(bindings, /^import \* as import\d+ from "\.\/snippets\//gm),
  },
  {
    name: 'a registry of finalizers does nothing where its class is not used',
    // The crate `worker` brings seven classes of which none is. esbuild's option `pure` is for calls, not for `new`.
    pattern: /(?<=^ *: )(?=new FinalizationRegistry\()/gm,
    becomes: () => '/* @__PURE__ */ ',
    places: (bindings) => count(bindings, /\(typeof FinalizationRegistry === 'undefined'\)/g),
  },
];

/** The script with all changes made. */
export function changed(bindings) {
  return CHANGES.reduce((text, { name, pattern, becomes, places }) => {
    const [found, expected] = [count(text, pattern), places(text)];
    if (found !== expected || expected === 0) {
      const { version } = CARGO_TOOLS['wasm-bindgen-cli'];
      throw new Trouble(
        `wasm-bindgen ${version} does not write what tools/bindings.mjs expects. "${name}": ${found} places, expected ${expected || 'some'}. Look at the script that it writes and mend the pattern, or take the change out if it is needed no longer`,
      );
    }
    return text.replaceAll(pattern, becomes());
  }, bindings);
}
