// What `npm test` could not try on this machine: it is said when it happens, and once more at the end, where it is seen.

import { say } from './run.mjs';

const list = [];

/** Notes that something was not tried, and why. */
export function notTried(what, why) {
  const line = `${what}: ${why}`;
  if (list.includes(line)) return;
  list.push(line);
  say(`not tried: ${line}`);
}

/** The lines for the end of a run; none where all was tried. */
export const untried = () => list.map((line) => `not tried: ${line}`);
