// `npm run scale`: measures what one shard costs on workerd, simulates many isolates and shards with it, and writes
// docs/scale.md and docs/scale.svg. Everything that was found is in target/scale.json.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '../tools/build.mjs';
import { writeCosts } from '../tools/costs.mjs';
import { OBJECT_GB, PRICES } from '../tools/costs/prices.mjs';
import { ROOT, toolEnv } from '../tools/pins.mjs';
import { main, run, runQuietly, say, step } from '../tools/run.mjs';
import { setup } from '../tools/setup.mjs';
import { measureShard } from './scale/capacity.mjs';
import { page, table } from './scale/page.mjs';
import { where } from './where.mjs';

/** As in tools/gates.mjs, so that what the tests compiled is used here. */
const FAST_TO_LINK = { CARGO_PROFILE_RELEASE_LTO: 'off', CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16' };

const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
const PROGRAM = join(TARGET, 'release', 'examples', 'scale');
const RESULT = join(ROOT, 'target', 'scale.json');

await main(async () => {
  await setup();
  await build();
  await step('compiling the model', '1 min the first time', () =>
    run('cargo', ['build', '--quiet', '--locked', '--release', '--example', 'scale'], { env: toolEnv(FAST_TO_LINK) }),
  );
  const work = mkdtempSync(join(tmpdir(), 'footfall-scale-'));
  process.once('exit', () => rmSync(work, { recursive: true, force: true }));
  await runQuietly(PROGRAM, ['batches', work, String(Date.now())]);
  const measured = await step('measuring one shard', '2 min', () => measureShard(work));
  const model = await step('simulating', '30 s', () => simulate(work, measured));
  const result = { where: await where('src', 'Cargo.lock'), measured, model };
  mkdirSync(join(ROOT, 'target'), { recursive: true });
  writeFileSync(RESULT, JSON.stringify(result, undefined, 1));
  writeFileSync(join(ROOT, 'docs', 'scale.md'), page(result));
  // Its sums begin with these.
  writeCosts();
  process.stdout.write(`\n${table(result)}\n\n`);
  say('wrote docs/scale.md, docs/scale.svg, docs/costs.md and target/scale.json');
});

async function simulate(work, { fits }) {
  const [from, to] = [join(work, 'measured.json'), join(work, 'model.json')];
  // Visits with a visitor each: that is what `GET /` sends, and what costs more.
  writeFileSync(from, JSON.stringify({ batch_us: fits.visitors.batchUs, visit_us: fits.visitors.visitUs, prices: perMillion() }));
  mkdirSync(join(ROOT, 'docs'), { recursive: true });
  await runQuietly(PROGRAM, ['model', from, to, join(ROOT, 'docs', 'scale.svg')]);
  return JSON.parse(readFileSync(to, 'utf8'));
}

/** The prices that the model needs, in dollars a million. A second awake is one of so many GB. */
function perMillion() {
  const { requests, calls, rowsWritten, gbSeconds } = PRICES;
  return { worker_request: requests.dollars, object_request: calls.dollars, row_written: rowsWritten.dollars, awake_second: gbSeconds.dollars * OBJECT_GB.number };
}
