// A reporter for Node's test runner that prints the tests that took longest, once all have run. It says where the time of
// `npm test` goes; the reporter `spec` next to it says what passed.

import { relative } from 'node:path';
import { ROOT } from './pins.mjs';
import { duration } from './run.mjs';

/** How many tests are named. */
const SHOWN = 10;

export default async function* slowTests(events) {
  const tests = [];
  for await (const { type, data } of events) {
    // A file counts as a test of its own with the time of all its tests together; only tests are named here.
    const isTest = (type === 'test:pass' || type === 'test:fail') && data.nesting === 0 && data.details.type !== 'suite';
    if (isTest && data.name !== data.file) tests.push({ ms: data.details.duration_ms, name: data.name, file: data.file });
  }
  tests.sort((a, b) => b.ms - a.ms);
  if (tests.length > SHOWN) {
    yield `\nfootfall: the ${SHOWN} slowest of ${tests.length} tests\n`;
    for (const { ms, name, file } of tests.slice(0, SHOWN)) yield `  ${duration(ms).padStart(8)}  ${file ? `${relative(ROOT, file)}: ` : ''}${name}\n`;
  }
}
