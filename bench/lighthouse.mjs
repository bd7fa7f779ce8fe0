// `npm run lighthouse`: runs Google's Lighthouse on the dashboard of a site with four months of views, in Chromium on this machine, without the
// network. It prints the scores and times, and writes nothing.
//
// Lighthouse has 180 MB and only this program needs it, so it is not in package.json. The first run installs it, in this version, next to the
// tools that cargo installs.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { history } from '../tests/browser/history.mjs';
import { Front } from '../tests/support/front.mjs';
import { startWorkerd } from '../tests/support/workerd.mjs';
import { build } from '../tools/build.mjs';
import { chromiumBinary } from '../tools/programs.mjs';
import { npmBin, TOOLS } from '../tools/pins.mjs';
import { main, run, runQuietly, step } from '../tools/run.mjs';
import { setup } from '../tools/setup.mjs';

const VERSION = '13.5.0';
const CHECKPOINTER = join(TOOLS, `lighthouse-${VERSION}`);
const PROGRAM = join(CHECKPOINTER, 'node_modules', 'lighthouse', 'cli', 'index.js');

const OWNER = 'owner-of-a-test-0123';
const TIMES = ['first-contentful-paint', 'largest-contentful-paint', 'total-blocking-time', 'cumulative-layout-shift', 'speed-index'];

await main(async () => {
  await setup();
  await build();
  if (!existsSync(PROGRAM)) await step(`installing Lighthouse ${VERSION}`, '30 s', install);
  const undo = [() => rmSync(work, { recursive: true, force: true })];
  const work = mkdtempSync(join(tmpdir(), 'footfall-lighthouse-'));
  try {
    const t = { after: (act) => undo.unshift(act) };
    const footfall = await startWorkerd(t, { vars: { STATS: 'public', ADMIN_TOKEN: OWNER } });
    const front = await new Front(footfall.url).listen(t);
    await fetch(`${footfall.url}/api/sites/default/import`, { method: 'POST', headers: { authorization: `Bearer ${OWNER}` }, body: history({ days: 120 }) });
    for (const device of ['mobile', 'desktop']) print(device, await measure(`${front.url}/dashboard/default`, device, join(work, `${device}.json`)));
  } finally {
    for (const act of undo) await act();
  }
});

async function install() {
  mkdirSync(CHECKPOINTER, { recursive: true });
  await run('npm', ['install', '--prefix', CHECKPOINTER, '--no-audit', '--no-fund', '--loglevel', 'error', `lighthouse@${VERSION}`]);
}

async function measure(url, device, into) {
  const preset = device === 'desktop' ? ['--preset=desktop'] : [];
  const env = { ...process.env, CHROME_PATH: await chromiumBinary() };
  await runQuietly(npmBin('node'), [PROGRAM, url, '--quiet', ...preset, '--chrome-flags=--headless=new --no-sandbox', '--output=json', `--output-path=${into}`], { env });
  return JSON.parse(readFileSync(into, 'utf8'));
}

function print(device, { categories, audits }) {
  const scores = Object.values(categories).map(({ title, score }) => `${title} ${Math.round(100 * score)}`);
  const times = TIMES.map((name) => `${audits[name].title} ${audits[name].displayValue}`);
  process.stdout.write(`${device}: ${scores.join(', ')}\n  ${times.join(', ')}\n`);
  for (const { title, score, scoreDisplayMode } of Object.values(audits)) {
    if (scoreDisplayMode === 'binary' && score === 0) process.stdout.write(`  not passed: ${title}\n`);
  }
}
