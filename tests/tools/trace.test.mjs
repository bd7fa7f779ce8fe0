// `npm run trace`: its pictures show what happened, and docs/async.md says where the code yields.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkBuild } from '../../tools/build_check.mjs';
import { npmBin, ROOT } from '../../tools/pins.mjs';
import { capture } from '../../tools/run.mjs';
import { trace } from '../../tools/trace.mjs';
import { buildTraced } from '../../tools/trace/build.mjs';
import { check, most, polls, storyOf, waiting } from '../../tools/trace/story.mjs';
import { summary } from '../../tools/trace/words.mjs';
import { placesOf, table, yields } from '../../tools/trace/yields.mjs';
import { BUILD } from '../../tools/workerd/built.mjs';

const source = (file) => readFileSync(join(ROOT, file), 'utf8');
const RUNS = [{ visits: 3, counter: 'embedded' }, { visits: 2, counter: 'external' }, { visits: 2_000, counter: 'embedded' }];

/** Long enough that even on a busy machine, all visits come while the first waits. */
const SLOW_MS = 500;

/** The stories of {@link RUNS} and the directory with their files. */
async function traced(t, runs, slowMs) {
  const out = mkdtempSync(join(tmpdir(), 'footfall-traced-'));
  t.after(() => rmSync(out, { recursive: true, force: true }));
  return { out, drawn: await trace({ runs, slowMs, out }) };
}

test('docs/async.md names each line where the code of a visit yields', () => {
  const all = yields();
  assert.equal(all.filter(({ leaf }) => leaf).length, 4);
  for (const { file, line } of all) assert.match(source(file).split('\n')[line - 1], /\.await\b/, `${file}:${line}`);
  const [, written] = /<!-- table, [^\n]*-->\n\n([\s\S]*?)\n\n<!-- until here -->/.exec(source('docs/async.md'));
  const [is, was] = [table(all), written].map((text) => text.split('\n'));
  assert.deepEqual(is.filter((line) => !was.includes(line)), [], 'npm run trace -- --table updates docs/async.md; these lines are new');
  assert.deepEqual(was, is, 'npm run trace -- --table updates docs/async.md');
});

test('a new, moved or removed await is found', () => {
  const changed = (file, from, to) => (one) => (one === file ? source(one).replace(from, to) : source(one));
  const file = 'src/edge/clients/counting.rs';
  assert.throws(() => yields(changed(file, 'let mut event = Event::Arrived', 'other().await;\nlet mut event = Event::Arrived')), /counting\.rs:\d+ awaits something .*other\(\)\.await/);
  assert.throws(() => yields(changed(file, 'parking::park(ticket', 'parking::stay(ticket')), /counting\.rs, count_at: exactly one line .*parking::park\(/);
  const [is, moved] = [placesOf(), placesOf(yields(changed(file, 'impl ShardClient', '\nimpl ShardClient')))];
  const lineOf = ({ linger }) => Number(linger.split(':')[1]);
  assert.equal(lineOf(moved), lineOf(is) + 1);
});

test('three visits, two with an external counter, and 2,000: all are welcomed, and the events tell the story of each', async (t) => {
  const { out, drawn } = await traced(t, RUNS, SLOW_MS);
  const [three, two, crowd] = drawn.map(({ story }) => story);
  const members = ({ posts }) => posts.map(({ visits }) => visits);
  const ways = ({ visits }) => visits.map(({ polls: own }) => own.map(({ then }) => then).join(' '));

  // A posts. B and C come meanwhile, and share one POST, which one of them leads.
  assert.deepEqual(members(three).map((ids) => ids.toSorted()), [[1], [2, 3]]);
  assert.equal(ways(three)[0], 'answer done');
  // One gets the lead, or takes it once A's POST is slow. The other may check whether it has to lead, and parks again.
  const [led, rode] = ways(three).slice(1).sort((one, other) => other.includes('answer') - one.includes('answer'));
  assert.match(led, /^(park )+(linger )?answer done$/, ways(three).join(', '));
  assert.match(rode, /^(park )+done$/, ways(three).join(', '));
  assert.equal(most(waiting(three)).count, 3);

  assert.deepEqual(members(two), [[1], [2]]);
  assert.deepEqual(ways(two), ['post done', 'post done']);
  assert.equal(most(waiting(two)).count, 2, 'both wait at once on one thread');
  assert.ok(two.visits[1].came > two.posts[0].sent && two.visits[1].came < two.posts[0].back, 'B comes while A waits');

  const peak = most(waiting(crowd)).count;
  t.diagnostic(`${peak} of 2,000 visits wait at once, in ${crowd.posts.length} POSTs`);
  assert.ok(peak >= 1_900, `only ${peak} wait at once`);
  assert.deepEqual(crowd.answers, { '200 Welcome to my site!': 2_000 });
  // The counter's own numbers: the same visits in the same number of POSTs.
  assert.deepEqual(crowd.counted, { visits: 2_000, posts: crowd.posts.length });
  assert.deepEqual(members(crowd).flat().sort((a, b) => a - b), Array.from({ length: 2_000 }, (_, at) => at + 1));
  assert.ok(crowd.posts.length <= 16 && members(crowd).every(({ length }) => length <= 512), summary(crowd).join('\n'));
  for (const { name, story } of drawn) {
    const texts = ['svg', 'json'].map((kind) => readFileSync(join(out, `${name}.${kind}`), 'utf8'));
    assertSvg(texts[0]);
    assertChrome(JSON.parse(texts[1]), story);
  }
  const html = readFileSync(join(out, 'trace.html'), 'utf8');
  const asks = [...html.matchAll(/(?:src|href)\s*=\s*["']?([^"'\s>]+)|https?:\/\/[^\s"'<\\]+/g)].map(([whole, where]) => where ?? whole);
  assert.deepEqual(asks.filter((where) => !['data:,', 'http://www.w3.org/2000/svg'].includes(where)), [], 'the page loads nothing');
});

/** Checks that each element is closed, the texts are readable, and nothing runs or is loaded. */
function assertSvg(svg) {
  const open = [];
  for (const [, end, name, attributes] of svg.matchAll(/<(\/?)([a-z]+)([^>]*)>/g)) {
    if (end) assert.equal(open.pop(), name);
    else if (!attributes.endsWith('/')) open.push(name);
    assert.match(attributes, /^(\s+[a-zA-Z:-]+="[^"<]*")*\s*\/?$/, `${name}${attributes}`);
  }
  assert.deepEqual(open, []);
  assert.ok(svg.length < 200_000 && !/NaN|undefined|Infinity/.test(svg));
  assert.ok(!/<script|href=|url\((?!#)|@import|\son[a-z]+=/i.test(svg));
  const sizes = [...svg.matchAll(/font(?:-size)?:\s*([\d.]+)px/g)].map(([, px]) => Number(px));
  assert.ok(sizes.length >= 3 && Math.min(...sizes) >= 11, `${sizes}`);
}

/** Checks each event against Chrome's Trace Event Format, and the lanes against the story. */
function assertChrome({ traceEvents, displayTimeUnit }, story) {
  assert.equal(displayTimeUnit, 'ms');
  const of = (phase) => traceEvents.filter(({ ph }) => ph === phase);
  for (const event of traceEvents) {
    const { ph, ts, dur, pid, tid, name, cat, id, args } = event;
    assert.match(ph, /^[MXbestfC]$/, JSON.stringify(event));
    assert.ok(name && pid === 1 && Number.isInteger(tid) && Number.isInteger(ts) && ts >= 0, JSON.stringify(event));
    if (ph === 'X') assert.ok(Number.isInteger(dur) && dur >= 0 && cat, JSON.stringify(event));
    if ('bestf'.includes(ph)) assert.ok(cat && id >= 1, JSON.stringify(event));
    if ('MC'.includes(ph)) assert.ok(args, JSON.stringify(event));
  }
  const thread = of('X').filter(({ tid }) => tid === 0);
  assert.equal(thread.length, polls(story).length);
  // With one thread, a slice begins where the one before has ended, or later.
  thread.reduce((end, { ts, dur }) => (assert.ok(ts >= end, `${ts} < ${end}`), ts + dur), 0);
  assert.deepEqual(of('b').map(({ id, args }) => [id, args.visits]), story.posts.map(({ number, visits }) => [number, visits]));
  assert.equal(of('e').length, story.posts.length);
  assert.equal(of('t').length + of('f').length, story.visits.length);
  assert.equal(of('C').at(-1).args.visits, 0);
  assert.equal(Math.max(...of('C').map(({ args }) => args.visits)), most(waiting(story)).count);
}

test('the pictures of docs/async.md contain no scripts and no links', () => {
  const shown = [...source('docs/async.md').matchAll(/!\[[^\]]+\]\(([^)]+\.svg)\)/g)].map(([, file]) => file);
  assert.equal(shown.length, 3);
  for (const file of shown) assertSvg(source(join('docs', file)));
});

test('a traced build cannot be deployed, and the deployed build cannot be traced', async () => {
  const [traced, deployed] = [await buildTraced(), BUILD].map((dir) => readFileSync(join(dir, 'index.js'), 'utf8'));
  assert.throws(() => checkBuild(traced, source('wrangler.toml')), /code that only `npm run trace` may build in/);
  checkBuild(deployed, source('wrangler.toml'));
});

/** The events of a single visit. */
const ALONE = [[5, 'came', 9, 0], [5, 'polled', 9, 0], [5, 'posts', 9, 2, [7]], [5, 'answer', 9, 8], [5, 'timer', 9, 10], [6, 'yields', 9, 0], [40, 'woken', 0, 8], [40, 'polled', 9, 0], [41, 'done', 9, 0]];
const told = (events, counted = { visits: 1, posts: 1 }) => storyOf({ events, visits: 1, counter: 'embedded', counted });

test('events that contradict each other are not drawn', () => {
  check(told(ALONE));
  const refused = (events, what, counted) => assert.throws(() => check(told(events, counted)), what);
  refused(ALONE.slice(0, -1), /visit A has no end/);
  refused(ALONE.filter(([, what]) => what !== 'posts'), /visit A is in no POST/);
  refused(ALONE.toSpliced(6, 0, [6, 'came', 10, 0], [6, 'polled', 10, 0], [6, 'park', 10, 11], [6, 'yields', 10, 0]), /visit B has no end/);
  refused(ALONE, /counted 2 visits of 1/, { visits: 2, posts: 1 });
  refused(ALONE, /in 2 POSTs of 1/, { visits: 1, posts: 2 });
});

test('a run that cannot be drawn is refused, with what is allowed', async () => {
  const refused = async (args, what) => {
    const { code, output } = await capture(npmBin('node'), [join('tools', 'trace.mjs'), ...args]);
    assert.equal(code, 1, output);
    assert.match(output, what);
  };
  await refused(['--visits', '0'], /--visits takes a number from 1 to 4000/);
  await refused(['--visits', '4000', '--slow', '5000'], /too close to the 25000 ms/);
  await refused(['--fast'], /Unknown option[\s\S]*npm run trace/);
  await refused(['--docs', '--visits', '3'], /--docs draws what docs\/async\.md shows/);
});
