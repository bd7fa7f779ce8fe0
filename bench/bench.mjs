// `npm run bench`: runs Footfall and its peers side by side on the same work and writes docs/bench.md, docs/bench.svg and the
// short table in README.md.
// All results are in target/bench.json.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { builtModules } from '../tools/workerd/built.mjs';
import { build } from '../tools/build.mjs';
import { writeCosts } from '../tools/costs.mjs';
import { BENCH_TOOLS, ROOT, toolEnv } from '../tools/pins.mjs';
import { wrkBinary } from '../tools/programs.mjs';
import { main, run, runQuietly, say, step, Trouble } from '../tools/run.mjs';
import { setup } from '../tools/setup.mjs';
import { readQuick, requireCommitted } from './quick.mjs';
import { measureBatches } from './scale/capacity.mjs';
import { judged } from './side_by_side/goals.mjs';
import { checkDescriptors, measureInFlight } from './side_by_side/in_flight.mjs';
import { wrkVersion } from './side_by_side/generators.mjs';
import { generatorsTable } from './side_by_side/generators_page.mjs';
import { connectionsOf, goalsTable, levelTable, page, picture, short } from './side_by_side/page.mjs';
import { directory, PEERS as NAMES, startCounter, UNDER_BOTH } from './side_by_side/programs.mjs';
import { measureRounds } from './side_by_side/rounds.mjs';
import { measureStarts } from './side_by_side/starts.mjs';
import { where } from '../tools/where.mjs';

const HELP = `npm run bench                measures Footfall and its peers (about 10 min) and writes docs/bench.md
npm run bench -- --quick     fewer rounds and visits (about 2 min), for a first look; writes no page
`;

/** Rounds, and visits a round: enough for a second of CPU, which the kernel reports in hundredths. */
const WHOLE = {
  rounds: 5,
  levels: [{ connections: 1, visits: 4_000 }, { connections: 64, visits: 8_000 }, { connections: 1_000, visits: 8_000 }],
  both: [{ connections: 64, visits: 4_000, seconds: 2 }],
  inFlight: { visits: 4_000, rounds: 3 },
  starts: 12,
};
const QUICK = {
  rounds: 2,
  levels: [{ connections: 1, visits: 500 }, { connections: 64, visits: 4_000 }, { connections: 1_000, visits: 4_000 }],
  both: [{ connections: 64, visits: 2_000, seconds: 1 }],
  inFlight: { visits: 4_000, rounds: 1 },
  starts: 4,
};

/** As in tools/gates.mjs, so that the crates that the tests compiled are reused. */
const FAST_TO_LINK = { CARGO_PROFILE_RELEASE_LTO: 'off', CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16' };

const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
const EXAMPLES = join(TARGET, 'release', 'examples');
const PEERS = join(TARGET, 'peers');
const DOCS = join(ROOT, 'docs');

/** A build to measure in place of the source's, to compare two builds. Then no page is written. */
const OTHER_BUILD = process.env.FOOTFALL_BUILD;

/** The paths that must have no uncommitted changes, so that the page names the commit that was measured. */
const MEASURED = ['src', 'Cargo.toml', 'Cargo.lock', 'package-lock.json', 'tools', 'bench'];

/** A file system in memory. */
const MEMORY = '/dev/shm';

await main(async () => {
  const quick = readQuick(HELP);
  if (quick === undefined) return;
  const plan = quick ? QUICK : WHOLE;
  if (![MEMORY, '/proc/self/schedstat'].every(existsSync)) throw new Trouble('this runs on Linux only: it needs /proc and /dev/shm');
  checkDescriptors(plan.inFlight.visits);
  if (!quick && !OTHER_BUILD) await requireCommitted(MEASURED);
  await setup({ tools: BENCH_TOOLS });
  await wrkBinary();
  if (!OTHER_BUILD) await build();
  await compile();
  const found = await measure(plan);
  const at = await where(...MEASURED);
  if (OTHER_BUILD) at.commit = 'unknown, as FOOTFALL_BUILD names another build';
  const result = { quick, where: at, wrk: await wrkVersion(), rounds: plan.rounds, ...found };
  result.goals = judged(result);
  mkdirSync(join(ROOT, 'target'), { recursive: true });
  writeFileSync(join(ROOT, 'target', 'bench.json'), JSON.stringify(result, undefined, 1));
  show(result);
  if (quick || OTHER_BUILD) return void say('wrote target/bench.json; a quick run or a run of another build writes no page');
  await publish(result);
  say('wrote docs/bench.md, docs/bench.svg, docs/costs.md, the short table in README.md and target/bench.json');
});

/** Compiles the peers, which are a package with a target directory of their own, and the helper programs. */
async function compile() {
  const cargo = ['build', '--quiet', '--locked', '--release'];
  await step('compiling the peers', '1 min the first time', () =>
    run('cargo', [...cargo, '--manifest-path', join('bench', 'peers', 'native', 'Cargo.toml')], { env: toolEnv({ CARGO_TARGET_DIR: PEERS }) }),
  );
  await step('compiling the batches and the chart', '1 min the first time', () =>
    run('cargo', [...cargo, '--example', 'scale', '--example', 'bench'], { env: toolEnv(FAST_TO_LINK) }),
  );
}

async function measure({ rounds, levels, both, inFlight, starts }) {
  const [disk, memory] = [tmpdir(), MEMORY].map((at) => realpathSync(mkdtempSync(join(at, 'footfall-bench-'))));
  process.once('exit', () => [disk, memory].forEach((made) => rmSync(made, { recursive: true, force: true })));
  const bins = join(PEERS, 'release');
  const counter = await startCounter(bins);
  try {
    const common = { counter, bins, rounds };
    const objects = { names: ['object', 'footfall'], levels: levels.filter(({ connections }) => connections <= 64) };
    const generators = { ...common, levels: both, names: UNDER_BOTH, generators: ['oha', 'wrk'] };
    return {
      deployable: deployable(),
      starts: await step('starting', '5 s', () => measureStarts(disk, starts)),
      shard: await step('measuring one shard', '10 s', () => oneShard(directory(disk, 'shard'), rounds)),
      levels: await step('measuring all programs', '5 min', () => measureRounds(disk, { ...common, levels, names: NAMES })),
      generators: {
        disk: await step('measuring with both generators', '90 s', () => measureRounds(directory(disk, 'both'), generators)),
        memory: await step('the same with files in memory', '90 s', () => measureRounds(directory(memory, 'both'), generators)),
      },
      inMemory: await step('one generator, two programs, files in memory', '1 min', () => measureRounds(memory, { ...common, ...objects })),
      inFlight: await step('measuring memory', '1 min', () => measureInFlight(disk, { ...common, ...inFlight })),
    };
  } finally {
    counter.end();
  }
}

async function oneShard(files, rounds) {
  await runQuietly(join(EXAMPLES, 'scale'), ['batches', files, String(Date.now())]);
  return measureBatches(files, 100, rounds);
}

/** The sizes of the modules that an isolate loads before its first visit. */
function deployable() {
  const files = builtModules().map((file) => {
    const bytes = readFileSync(file);
    return { name: basename(file), bytes: bytes.length, gzipBytes: gzipSync(bytes).length };
  });
  const sum = (what) => files.reduce((all, file) => all + file[what], 0);
  return { files, bytes: sum('bytes'), gzipBytes: sum('gzipBytes') };
}

function show(result) {
  const { where: at, quick, levels } = result;
  const parts = levels.map((level) => `${connectionsOf(level.connections)}, ${level.visits} visits a round:\n\n${levelTable(level)}`);
  parts.push(generatorsTable(result));
  process.stdout.write(`\n${[...parts, goalsTable(result)].join('\n\n')}\n\n${at.machine}, ${at.workerd}, commit ${at.commit}\n`);
  if (quick) process.stdout.write('QUICK: few rounds of few visits, for a first look only\n');
}

async function publish(result) {
  mkdirSync(DOCS, { recursive: true });
  const data = join(ROOT, 'target', 'bench-picture.json');
  writeFileSync(data, JSON.stringify(picture(result)));
  await runQuietly(join(EXAMPLES, 'bench'), [data, join(DOCS, 'bench.svg')]);
  writeFileSync(join(DOCS, 'bench.md'), page(result));
  // The sums of docs/costs.md use the CPU time of a visit.
  writeCosts();
  const readme = join(ROOT, 'README.md');
  const [before, , after] = readFileSync(readme, 'utf8').split(/(?<=<!-- written by `npm run bench` -->\n)|(?=<!-- until here -->)/);
  if (after === undefined) throw new Trouble('README.md lacks the marks around its short table');
  writeFileSync(readme, `${before}${short(result)}${after}`);
}
