// Installs everything that a fresh clone lacks. With nothing to do, it takes a fraction of a second.
//
// A part is `{ missing, install }`: `missing` looks and changes nothing, `install` does the work. Each part comes after those that it needs.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.mjs';
import { SERVE_TOOLS, TEST_TOOLS, TOOLS } from './pins.mjs';
import { isMain, main, say } from './run.mjs';
import { cargoTools } from './setup_cargo_tools.mjs';
import { npmPackages } from './setup_npm.mjs';
import { rust } from './setup_rust.mjs';
import { rustup } from './setup_rustup.mjs';
import { systemPackages } from './setup_system.mjs';

/** Installs everything that is missing. `tools` are the names of the cargo tools that are needed. */
export async function setup({ tools = SERVE_TOOLS } = {}) {
  const parts = [systemPackages(tools), rustup(), rust(), npmPackages(), cargoTools(tools)];
  if (!(await anyMissing(parts))) return;
  mkdirSync(TOOLS, { recursive: true });
  // Two processes at once would write the same node_modules and compile the same tools.
  await withLock(join(TOOLS, 'setup.lock'), async () => {
    for (const part of parts) {
      // The process that held the lock may have done everything.
      if (await part.missing()) await part.install();
    }
  });
}

async function anyMissing(parts) {
  return (await Promise.all(parts.map((part) => part.missing()))).some(Boolean);
}

if (isMain(import.meta.url)) {
  await main(async () => {
    await setup({ tools: TEST_TOOLS });
    say('everything is set up');
  });
}
