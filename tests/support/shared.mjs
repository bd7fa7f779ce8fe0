// Shares one workerd among all tests of a file.

import { after, before } from 'node:test';
import { startWorkerd } from './workerd.mjs';

/** Starts workerd before the first test of the calling file, passes it to `keep`, and ends everything after the last test, newest first. */
export function shareWorkerd(options, keep) {
  const ending = [];
  before(async () => keep(await startWorkerd({ after: (end) => ending.push(end) }, options)));
  after(async () => {
    for (const end of ending.reverse()) await end();
  });
}
