// Collects what `npm test` could not try on this machine. Each is reported when it happens, and again at the end.

import { say } from './run.mjs';

const list = [];

/** Reports and notes that something was not tried, and why. */
export function notTried(what, why) {
  const line = `${what}: ${why}`;
  if (list.includes(line)) return;
  list.push(line);
  say(`not tried: ${line}`);
}

/** The lines for the end of a run; none if everything was tried. */
export const untried = () => list.map((line) => `not tried: ${line}`);
