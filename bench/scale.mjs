// `npm run scale`: measures what one shard costs on workerd, simulates many isolates and shards with it, and writes
// docs/scale.md and docs/scale.svg. All results are in target/scale.json.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '../tools/build.mjs';
import { writeCosts } from '../tools/costs.mjs';
import { OBJECT_GB, PRICES } from '../tools/costs/prices.mjs';
import { ROOT, toolEnv } from '../tools/pins.mjs';
import { main, run, runQuietly, say, step } from '../tools/run.mjs';
import { setup } from '../tools/setup.mjs';
import { readQuick, requireCommitted } from './quick.mjs';
import { measureShard } from './scale/capacity.mjs';
import { page, table } from './scale/page.mjs';
import { where } from '../tools/where.mjs';

/** As in tools/gates.mjs, so that the crates that the tests compiled are reused. */
const FAST_TO_LINK = { CARGO_PROFILE_RELEASE_LTO: 'off', CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16' };

const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
const PROGRAM = join(TARGET, 'release', 'examples', 'scale');
/** The paths that must have no uncommitted changes, so that the page names the commit that was measured. */
const MEASURED = ['src', 'Cargo.lock'];

const RESULT = join(ROOT, 'target', 'scale.json');

const HELP = `npm run scale                measures one shard and simulates many (about 2 min), and writes docs/scale.md
npm run scale -- --quick     one round of measurements, for a first look; writes no page
`;

await main(async () => {
  const quick = readQuick(HELP);
  if (quick === undefined) return;
  if (!quick) await requireCommitted(MEASURED);
  await setup();
  await build();
  await step('compiling the model', '1 min the first time', () =>
    run('cargo', ['build', '--quiet', '--locked', '--release', '--example', 'scale'], { env: toolEnv(FAST_TO_LINK) }),
  );
  const work = mkdtempSync(join(tmpdir(), 'footfall-scale-'));
  process.once('exit', () => rmSync(work, { recursive: true, force: true }));
  await runQuietly(PROGRAM, ['batches', work, String(Date.now())]);
  const measured = await step('measuring one shard', '2 min', () => measureShard(work, quick ? { rounds: 1 } : {}));
  const picture = join(ROOT, quick ? 'target' : 'docs', 'scale.svg');
  const model = await step('simulating', '30 s', () => simulate(work, measured, picture));
  const result = { quick, where: await where(...MEASURED), measured, model };
  writeFileSync(RESULT, JSON.stringify(result, undefined, 1));
  process.stdout.write(`\n${table(result)}\n\n`);
  const text = page(result);
  if (quick) return void say('wrote target/scale.json and target/scale.svg; a quick run writes no page');
  writeFileSync(join(ROOT, 'docs', 'scale.md'), text);
  // The sums of docs/costs.md use these results.
  writeCosts();
  say('wrote docs/scale.md, docs/scale.svg, docs/costs.md and target/scale.json');
});

async function simulate(work, { fits }, picture) {
  const [from, to] = [join(work, 'measured.json'), join(work, 'model.json')];
  // Visits with a visitor each, as `GET /` sends them. They cost more than visits with ids.
  writeFileSync(from, JSON.stringify({ batch_us: fits.visitors.batchUs, visit_us: fits.visitors.visitUs, prices: perMillion() }));
  mkdirSync(join(ROOT, 'target'), { recursive: true });
  await runQuietly(PROGRAM, ['model', from, to, picture]);
  return JSON.parse(readFileSync(to, 'utf8'));
}

/** The prices that the model needs, in dollars a million. A second awake is billed for OBJECT_GB. */
function perMillion() {
  const { requests, calls, rowsWritten, gbSeconds } = PRICES;
  return { worker_request: requests.dollars, object_request: calls.dollars, row_written: rowsWritten.dollars, awake_second: gbSeconds.dollars * OBJECT_GB.number };
}
