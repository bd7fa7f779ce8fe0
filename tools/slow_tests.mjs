// A reporter for Node's test runner that lists the slowest tests at the end. The reporter `spec` runs beside it and says what passed.

import { relative } from 'node:path';
import { ROOT } from './pins.mjs';
import { duration } from './run.mjs';

/** How many tests are listed. */
const SHOWN = 10;

export default async function* slowTests(events) {
  const tests = [];
  for await (const { type, data } of events) {
    // Node also reports each file as a test, with the time of all its tests. Only real tests are listed.
    const isTest = (type === 'test:pass' || type === 'test:fail') && data.nesting === 0 && data.details.type !== 'suite';
    if (isTest && data.name !== data.file) tests.push({ ms: data.details.duration_ms, name: data.name, file: data.file });
  }
  tests.sort((a, b) => b.ms - a.ms);
  if (tests.length > SHOWN) {
    yield `\nfootfall: the ${SHOWN} slowest of ${tests.length} tests\n`;
    for (const { ms, name, file } of tests.slice(0, SHOWN)) yield `  ${duration(ms).padStart(8)}  ${file ? `${relative(ROOT, file)}: ` : ''}${name}\n`;
  }
}
