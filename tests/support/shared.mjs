// One workerd for all tests of a file.

import { after, before } from 'node:test';
import { startWorkerd } from './workerd.mjs';

/** Starts workerd before the first test of the file that calls this, hands it to `keep`, and ends it after the last, the newest part first. */
export function shareWorkerd(options, keep) {
  const ending = [];
  before(async () => keep(await startWorkerd({ after: (end) => ending.push(end) }, options)));
  after(async () => {
    for (const end of ending.reverse()) await end();
  });
}
