// `npm run trace`: runs the real Worker with a slow counter, sends visits, and draws what happened in its isolate.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from './pins.mjs';
import { isMain, main, say, step, Trouble } from './run.mjs';
import { setup } from './setup.mjs';
import { buildTraced } from './trace/build.mjs';
import { chromeTrace } from './trace/chrome.mjs';
import { crowd } from './trace/crowd.mjs';
import { writeDocs, writeTable } from './trace/docs.mjs';
import { few } from './trace/few.mjs';
import { page } from './trace/page.mjs';
import { FEW, record, WELCOME } from './trace/record.mjs';
import { check, storyOf } from './trace/story.mjs';
import { many, summary } from './trace/words.mjs';
import { placesOf } from './trace/yields.mjs';

const HELP = `npm run trace                 draws 2 visits (with either counter) and 2,000 (with the embedded one)

  --visits N      draws only this many visits, 1 to 4000
  --external      uses a counter at COUNTER_URL, where each visit has a POST of its own
  --slow MS       how long the counter takes, 1 to 5000; default 200
  --out DIR       where the pictures, the page and the JSON go; default dist/trace
  --docs          also rewrites the pictures, numbers and lines of docs/async.md
  --table         only rewrites the lines of docs/async.md, and runs nothing
`;

/** The stories that are drawn by default. */
const STORIES = {
  embedded: [{ visits: 2, counter: 'embedded' }, { visits: 2, counter: 'external' }, { visits: 2_000, counter: 'embedded' }],
  external: [{ visits: 2, counter: 'external' }, { visits: 2_000, counter: 'external' }],
};

/** Records the stories and writes all files into `out`; returns the stories. */
export async function trace({ runs, slowMs, out }) {
  const places = placesOf();
  const build = await buildTraced();
  mkdirSync(out, { recursive: true });
  const drawn = [];
  for (const run of runs) {
    const name = `${run.visits}${run.counter === 'external' ? '-external' : ''}`;
    const recorded = await step(`${many(run.visits, 'visit')}, ${run.counter} counter`, '3 s', () => record({ ...run, slowMs }, build));
    const { answers } = recorded;
    if (answers[`200 ${WELCOME}`] !== run.visits) throw new Error(`not every visit was welcomed: ${JSON.stringify(answers)}`);
    const story = storyOf(recorded);
    check(story);
    const picture = run.visits <= FEW ? few(story) : crowd(story);
    writeFileSync(join(out, `${name}.svg`), picture.svg);
    writeFileSync(join(out, `${name}.json`), `${JSON.stringify(chromeTrace(story, places))}\n`);
    drawn.push({ name, story, ...picture });
  }
  writeFileSync(join(out, 'trace.html'), page(drawn, places));
  return drawn;
}

function argumentsOf(args) {
  const { values } = parsed(args);
  const whole = (name, from, to, otherwise) => {
    const value = values[name] ?? String(otherwise);
    if (!/^\d{1,6}$/.test(value) || Number(value) < from || Number(value) > to) throw new Trouble(`--${name} takes a number from ${from} to ${to}`);
    return Number(value);
  };
  if (values.docs && (values.visits || values.external || values.slow)) throw new Trouble('--docs draws what docs/async.md shows: no --visits, --external or --slow');
  const counter = values.external ? 'external' : 'embedded';
  const runs = values.visits ? [{ visits: whole('visits', 1, 4_000), counter }] : STORIES[counter];
  return { help: values.help, table: values.table, docs: values.docs, runs, slowMs: whole('slow', 1, 5_000, 200), out: resolve(values.out ?? join(ROOT, 'dist', 'trace')) };
}

function parsed(args) {
  const [text, flag] = [{ type: 'string' }, { type: 'boolean' }];
  try {
    return parseArgs({ args, options: { visits: text, slow: text, out: text, external: flag, docs: flag, table: flag, help: flag } });
  } catch (error) {
    throw new Trouble(`${error.message}\n\n${HELP}`);
  }
}

if (isMain(import.meta.url)) {
  await main(async () => {
    const { help, table, docs, ...asked } = argumentsOf(process.argv.slice(2));
    if (help) return void process.stdout.write(HELP);
    if (table) return writeTable();
    await setup();
    const drawn = await trace(asked);
    for (const { story } of drawn) process.stdout.write(`\n${summary(story).join('\n  ')}\n`);
    process.stdout.write('\n');
    if (docs) await writeDocs(drawn);
    const shown = relative(process.cwd(), asked.out);
    say(`open ${shown}/trace.html in a browser, or ${shown}/*.json at https://ui.perfetto.dev`);
  });
}
