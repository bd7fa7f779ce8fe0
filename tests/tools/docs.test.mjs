// Checks that everything the documents name exists: commands, files, links, log events, variables. Whether the rest is true, other tests check.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../tools/pins.mjs';

const read = (file) => readFileSync(join(ROOT, file), 'utf8');
const DOCS = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`);
const PAGES = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...DOCS];

/** All files in a directory and below it. */
function filesIn(folder) {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((one) => {
    const path = `${folder}/${one.name}`;
    return one.isDirectory() ? filesIn(path) : [path];
  });
}

/** The matches of a pattern in the pages, each with its page. */
const found = (pattern) => PAGES.flatMap((page) => [...read(page).matchAll(pattern)].map(([, text]) => ({ page, text })));

const none = (wrong, what) => assert.deepEqual(wrong.map(({ page, text }) => `${page}: ${text}`), [], what);

test('every npm command exists', () => {
  const { scripts } = JSON.parse(read('package.json'));
  const said = [...found(/npm run (?:--silent )?([a-z]+)/g), ...found(/npm (start|test)\b/g)];
  assert.ok(said.length > 10, 'the pattern finds commands');
  none(said.filter(({ text }) => !(text in scripts)), 'not in package.json');
});

test('every named file exists', () => {
  const named = found(/`((?:src|tests|docs|tools|cli|assets|bench)\/[^`\s]*)`/g);
  assert.ok(named.length > 100, 'the pattern finds files');
  none(named.filter(({ text }) => !existsSync(join(ROOT, text))), 'no such file');
});

test('every file in the picture exists', () => {
  const named = [...read('docs/architecture.svg').matchAll(/(?:src|tests|assets)\/[a-z_./]*[a-z_]\.(?:rs|mjs|js)/g)].map(([path]) => path);
  assert.ok(named.length > 10, 'the pattern finds files');
  assert.deepEqual(named.filter((path) => !existsSync(join(ROOT, path))), []);
});

/** GitHub's anchor for a heading. */
const anchorOf = (heading) => heading.trim().toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-');

test('every link to a file or to a heading in one works', () => {
  const links = found(/\]\(([^)\s]+)\)/g).filter(({ text }) => !/^[a-z]+:/.test(text) && !text.startsWith('https://'));
  assert.ok(links.length > 10, 'the pattern finds links');
  none(
    links.filter(({ page, text }) => {
      const [file, anchor] = text.split('#');
      const path = file === '' ? join(ROOT, page) : resolve(ROOT, dirname(page), file);
      if (!path.startsWith(ROOT) || !existsSync(path)) return true;
      if (!anchor) return false;
      const headings = readFileSync(path, 'utf8').split('\n').filter((line) => /^#+ /.test(line));
      return !headings.some((line) => anchorOf(line.replace(/^#+ /, '')) === anchor);
    }),
    'leads nowhere',
  );
});

test('every logged event is in the runbook', () => {
  const sources = filesIn('src').filter((file) => file.endsWith('.rs')).map(read).join('\n');
  const problems = [...sources.matchAll(/log::problem\(\s*"([a-z_]+)"/g)].map(([, event]) => event);
  const others = [...sources.matchAll(/"?\{\{?\\?"event\\?":\\?"([a-z_]+)/g)].map(([, event]) => event);
  const events = new Set([...problems, ...others]);
  assert.ok(problems.length >= 8 && others.length >= 1, 'the patterns find events');
  const calls = [...sources.matchAll(/\blog::problem\(/g)].length;
  assert.equal(problems.length, calls, 'each event is a literal in its call');
  const runbook = read('docs/runbook.md');
  assert.deepEqual([...events].filter((event) => !runbook.includes(`\n| \`${event}\` |`)), []);
  const told = [...runbook.matchAll(/\n\| `([a-z]+_[a-z_]+|misconfigured|visit)` \|/g)].map(([, event]) => event);
  assert.deepEqual(told.filter((event) => !events.has(event)), [], 'explained, but never logged');
});

test('every number that the Worker reports is explained, and every explained number is reported', () => {
  // The numbers of an isolate and of a shard.
  const source = ['http/metrics', 'protocol/shard_metrics'].map((file) => read(`src/counting/${file}.rs`).split('#[cfg(test)]')[0]).join('');
  const told = new Set([...source.matchAll(/"(footfall_[a-z_]+?)(?:_bucket|_sum|_count)?"/g)].map(([, name]) => name));
  assert.ok(told.size >= 20, 'the pattern finds names');
  const explained = new Set([...read('docs/runbook.md').matchAll(/\bfootfall_[a-z_]+/g)].map(([name]) => name));
  assert.deepEqual([...explained].filter((name) => !told.has(name)), [], 'not reported');
  const unexplained = [...told].filter((name) => !explained.has(name));
  // Their help texts explain these.
  const plain = ['footfall_shard_counted_total', 'footfall_shard_stale_total', 'footfall_shard_views'];
  assert.deepEqual(unexplained.sort(), plain);
  const problems = [.../PROBLEMS: \[&str; \d+\] = \[([^\]]*)\]/.exec(source)[1].matchAll(/"([a-z_]+)"/g)].map(([, event]) => event);
  const logged = filesIn('src').filter((file) => file.endsWith('.rs')).flatMap((file) => [...read(file).matchAll(/log::problem\(\s*"([a-z_]+)"/g)].map(([, event]) => event));
  assert.deepEqual([...new Set(logged)].sort(), problems.sort());
});

test('every outcome of a visit is explained', () => {
  const [, body] = /pub fn as_str\(self\) -> &'static str \{\s*match self \{\s*(Self::Counted[\s\S]*?)\}/.exec(read('src/counting/http/reply.rs'));
  const outcomes = [...body.matchAll(/"([a-z]+)"/g)].map(([, name]) => name);
  assert.equal(outcomes.length, 7);
  const [, told] = read('docs/api.md').split('## What `Footfall-Visit` says');
  assert.deepEqual(outcomes.filter((name) => !told.includes(`\n| \`${name}\` |`)), []);
});

/** The settings that a page explains, each in a row of a table. */
const settingsOf = (page) => [...read(page).matchAll(/^\| `([A-Z][A-Z_]+)`(?: \(secret\))? \|/gm)].map(([, name]) => name);

test('every setting is explained once, in docs/configuration.md, and named in wrangler.toml', () => {
  const [parsed] = read('src/counting/config/settings.rs').split('#[cfg(test)]');
  const variables = new Set([...parsed.matchAll(/variable\("([A-Z_]+)"\)/g)].map(([, name]) => name));
  assert.ok(variables.size >= 14, 'the pattern finds variables');
  assert.deepEqual(settingsOf('docs/configuration.md').sort(), [...variables].sort());
  const wrangler = read('wrangler.toml');
  assert.deepEqual([...variables].filter((name) => !new RegExp(`\\b${name}\\b`).test(wrangler)), [], 'not in wrangler.toml');
  none(PAGES.filter((page) => page !== 'docs/configuration.md').flatMap((page) => settingsOf(page).filter((name) => variables.has(name)).map((text) => ({ page, text }))), 'explained a second time');
});

test('a setting has the same default in docs/configuration.md and in wrangler.toml', () => {
  const told = new Map([...read('docs/configuration.md').matchAll(/^\| `([A-Z_]+)` \| (?:`([^`]*)`|none) \|/gm)].map(([, name, value]) => [name, value ?? '']));
  const shown = new Map([...read('wrangler.toml').matchAll(/^# ([A-Z_]+) = "?([^"\n]*?)"?$/gm)].map(([, name, value]) => [name, value]));
  assert.ok(shown.size >= 14, 'the pattern finds defaults');
  assert.deepEqual([...told].sort(), [...shown].sort());
});

test('the layers are those of tests/boundary.rs, in its order', () => {
  const [, list] = /const LAYERS[^=]*= \[([\s\S]*?)\n\];/.exec(read('tests/boundary.rs'));
  const held = [...list.matchAll(/\("(\w+)", &\[([^\]]*)\]\)/g)].map(([, half, names]) => [half, [...names.matchAll(/"(\w+)"/g)].map(([, name]) => name)]);
  const [, section] = read('docs/architecture.md').split('\n## Layers\n');
  const told = [...section.split('\n## ')[0].matchAll(/^\| `src\/(\w+)\/` \|.*\n.*\n((?:\| .*\n)+)/gm)].map(([, half, rows]) => [half, [...rows.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)]);
  assert.equal(held.length, 2, 'the pattern finds layers');
  assert.deepEqual(told, held);
});

test('every limit is a number in the file named beside it', () => {
  const rows = [...read('docs/limits.md').matchAll(/^\| [^|]* \| ([^|`]*\d[^|`]*): `([^`]+)` \|/gm)];
  assert.ok(rows.length >= 18, 'the pattern finds limits');
  const written = (file) => new Set([...read(file).matchAll(/\b\d[\d_]*/g)].map(([number]) => number.replaceAll('_', '')));
  const wrong = rows.filter(([, told, file]) => !told.match(/\d[\d,]*/g).some((number) => written(file).has(number.replaceAll(',', ''))));
  assert.deepEqual(wrong.map(([row]) => row), []);
});

test('README is short, and the index of docs links to every page', () => {
  assert.ok(read('README.md').trimEnd().split('\n').length <= 130);
  const linked = new Set([...read('docs/README.md').matchAll(/\]\(([a-z-]+\.md)\)/g)].map(([, file]) => `docs/${file}`));
  assert.deepEqual(DOCS.filter((page) => page !== 'docs/README.md' && !linked.has(page)), []);
});

/** All sequences of `length` words in a page's prose and tables, without code blocks. */
function runsOf(page, length) {
  const prose = read(page).replaceAll(/^```[^]*?^```$/gm, '\n').split('\n').filter((line) => !/^(?: {4}|#|\|[ |:-]+$)/.test(line)).join('\n');
  // Pages that measurements write begin alike: with the day, commit and machine.
  const parts = prose.split(/\n\s*\n|\n(?=\| )|\||\n(?=- )/).filter((part) => !part.includes('This run:'));
  return parts.flatMap((part) => {
    const words = part.toLowerCase().match(/[\p{L}\p{N}_$./-]+/gu) ?? [];
    return words.slice(length - 1).map((_, at) => words.slice(at, at + length).join(' '));
  });
}

test('no page repeats another', () => {
  const by = new Map();
  for (const page of PAGES) for (const run of new Set(runsOf(page, 10))) by.set(run, [...(by.get(run) ?? []), page]);
  assert.ok(by.size > 5_000, 'the pattern finds words');
  assert.deepEqual([...by].filter(([, pages]) => pages.length > 1).map(([run, pages]) => `${pages.join(', ')}: ${run}`), []);
});

test('the picture contains no scripts and no links', () => {
  const file = 'docs/architecture.svg';
  const svg = read(file);
  assert.ok(statSync(join(ROOT, file)).size <= 20 * 1024);
  assert.ok(!/<script|href=|url\((?!#)|@import|\son[a-z]+=/i.test(svg), 'it runs nothing and loads nothing');
});
