// `npm run costs`: computes what a month of visits costs on Cloudflare, from its prices and our measurements, and writes docs/costs.md.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { page, short } from './costs/page.mjs';
import { ROOT } from './pins.mjs';
import { isMain, main, say } from './run.mjs';

/** Writes the page. The programs that measure call it, too, because its sums start from their results. */
export function writeCosts() {
  writeFileSync(join(ROOT, 'docs', 'costs.md'), page());
}

if (isMain(import.meta.url)) {
  await main(async () => {
    writeCosts();
    process.stdout.write(`${short()}\n\n`);
    say('wrote docs/costs.md');
  });
}
