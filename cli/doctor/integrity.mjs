// Checks that a tag's `integrity` lets the script run (Subresource Integrity).

import { createHash } from 'node:crypto';

/** From weak to strong. Of several hashes, only the strongest kind counts. */
const ALGORITHMS = ['sha256', 'sha384', 'sha512'];

/** `[seen, todo]` if the script is blocked, or undefined. `script` is the text that is served. */
export function integrityTrouble({ integrity = '', crossorigin }, script, sameOrigin) {
  const hashes = integrity.split(/\s+/).map((one) => one.split('?')[0].split('-')).filter(([algorithm]) => ALGORITHMS.includes(algorithm));
  if (hashes.length === 0) return undefined;
  if (crossorigin === undefined && !sameOrigin) return ['it has integrity without crossorigin, so browsers do not run it', 'remove integrity, or add crossorigin'];
  const strongest = hashes.map(([algorithm]) => ALGORITHMS.indexOf(algorithm)).sort().at(-1);
  const fits = hashes.some(([algorithm, ...digest]) => algorithm === ALGORITHMS[strongest] && digest.join('-') === createHash(algorithm).update(script).digest('base64'));
  return fits ? undefined : ['its integrity belongs to another version of the script', 'remove integrity: the script changes with each version'];
}
