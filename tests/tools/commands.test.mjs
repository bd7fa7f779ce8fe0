// Runs every command in README and docs as a user types it. Requests go to `npm start`, with the host, site and token replaced. For commands that
// need an account, it checks that wrangler knows them and their options.
//
// A command that this file cannot run fails the test, so that no document has an untested command.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { COMMANDS as CLI } from '../../cli/commands.mjs';
import { assetOf } from '../support/assets.mjs';
import { freePort } from '../support/ports.mjs';
import { startServing } from '../support/serving.mjs';
import { ROOT } from '../../tools/pins.mjs';
import { wrangler } from '../../tools/wrangler.mjs';

const run = promisify(execFile);

const TOKEN = 'a-token-of-a-test-0123456789';

/** The commands of the documents, in order: `{ page, command, says }`, where `says` is the comment after the command. */
function commands() {
  const pages = ['README.md', 'CONTRIBUTING.md', ...readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md')).sort().map((name) => `docs/${name}`)];
  return pages.flatMap((page) => {
    const lines = readFileSync(join(ROOT, page), 'utf8').split('\n');
    return lines
      .map((line) => /^ {4}((?:npm|npx|curl|git|openssl|tail|export|sudo|cp|crontab) .*)$/.exec(line)?.[1])
      .filter(Boolean)
      .map((line) => {
        const [, command, says] = /^(.*?)(?:\s{2,}# (.*))?$/.exec(line);
        return { page, command: command.trim(), says };
      });
  });
}

const COMMANDS = commands();
const of = (pattern) => COMMANDS.filter(({ command }) => pattern.test(command));

/** Where each command runs: in a test of this file, or elsewhere for the reason given. */
const RUNS = [
  [/^curl |^tail |^export |^openssl /, 'the test of the requests'],
  [/^npx wrangler /, 'the test of commands that need an account'],
  [/^npx footfall |^npm install .*\.tgz/, 'the test of npx footfall, and tests/tools/package.test.mjs'],
  [/^npm run pack$/, 'tests/tools/package.test.mjs'],
  [/^npm start(?: -- --(?:port|help)\b.*)?$/, 'the test of the requests, which go to it'],
  [/^npm run deploy/, 'the test of the dry run'],
  [/^npm run (?:--silent )?(?:costs|convert)\b/, 'tests/tools/costs.test.mjs, tests/tools/convert.test.mjs'],
  [/^npm run trace\b/, 'tests/tools/trace.test.mjs'],
  [/^npm test/, 'this test is a part of it'],
  [/^npm run (?:bench|scale|compare|watchers|reports|lighthouse)\b/, 'the gate `measures`, because they take minutes'],
  [/^git /, 'the test of git'],
];

test('every command is run somewhere', () => {
  assert.ok(COMMANDS.length > 25, 'the pattern finds commands');
  const unknown = COMMANDS.filter(({ command }) => !RUNS.some(([pattern]) => pattern.test(command)));
  assert.deepEqual(unknown, []);
});

/** Runs `npm start` as a user types it, on another port and with counts of its own. Resolves to its URL once it says that it is ready. */
async function npmStart(t, vars) {
  const port = await freePort();
  const state = mkdtempSync(join(tmpdir(), 'footfall-commands-'));
  const { log, stop } = await startServing(t, 'npm', ['start', '--', '--port', String(port), '--persist-to', state, ...vars.flatMap((line) => ['--var', line])], { cwd: ROOT });
  t.after(async () => {
    await stop();
    rmSync(state, { recursive: true, force: true });
  });
  return { host: `localhost:${port}`, log };
}

/** Runs the commands of a page in one shell, one after the other. Returns the output of each. */
async function shell(list, { host, site, cwd }) {
  const here = (command) =>
    command
      .replace(/https?:\/\/(\$HOST|HOST|count\.example\.com|blog\.example|localhost:8787)/g, `http://${host}`)
      .replaceAll('/SITE/', `/${site}/`)
      .replaceAll('site=SITE', `site=${site}`)
      .replace(/site=blog|sites\/blog\b/g, (text) => text.replace('blog', site))
      .replace(/^export .*$/, `export HOST=${host} SITE=${site}`);
  const script = list.map(({ command }, at) => `${here(command)} || { echo "failed: $?"; exit 1; }\necho; echo "--- ${at}"`).join('\n');
  const { stdout } = await run('bash', ['-o', 'pipefail', '-c', script], { cwd, env: { ...process.env, ADMIN_TOKEN: TOKEN, STATS_TOKEN: TOKEN } }).catch((error) => assert.fail(`${error.stdout}\n${error.stderr}`));
  return stdout.split(/\n--- \d+\n/).slice(0, -1).map((text) => text.replace(/\n$/, ''));
}

test('the requests in the documents, and what the documents do with the answers', async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'footfall-typed-'));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  const started = await npmStart(t, [`ADMIN_TOKEN:${TOKEN}`, `STATS_TOKEN:${TOKEN}`, 'BASE_PATH:/stats']);
  const site = 'default';
  const onPage = (page) => of(/^(curl|tail|export|openssl) /).filter((one) => one.page === page);
  const typed = (page, order = (list) => list) => shell(order(onPage(page)), { ...started, site, cwd });

  // A newcomer's first visit, exactly as in the text.
  assert.deepEqual(await typed('README.md'), onPage('README.md').map(({ says }) => says));

  const deployed = await typed('docs/deploying.md');
  const expected = [/^[0-9a-f]{48}$/, /^HTTP\/1\.1 200 OK/, /"views":1\}$/, /"views":1\}$/, /^$/, /^\{"end":\d+,"changes":0\}$/];
  assert.equal(deployed.length, expected.length);
  deployed.forEach((text, at) => assert.match(text.trim(), expected[at], onPage('docs/deploying.md')[at].command));

  // The text imports into an empty site, so the site is deleted before the import, and again at the end.
  const [, , imported, set, page, wiped] = await typed('docs/owning.md', ([host, out, into, put, drop, wipe, ...none]) => {
    assert.deepEqual(none, []);
    return [host, out, wipe, into, put, drop, wipe];
  }).then((texts) => texts.filter((_, at) => at !== 2));
  assert.match(imported, /"lines":\d+/);
  assert.match(set, /"views":1000/);
  for (const text of [page, wiped]) assert.match(text, /"site":"default"/);

  // After the site is deleted, the file of another counter is imported.
  await run('bash', ['-o', 'pipefail', '-c', `printf '{"/a":12}' > values.json && npm run --prefix '${ROOT}' --silent convert -- values "$PWD/values.json" > site.ndjson`], { cwd });
  const [moved] = await typed('docs/moving.md');
  assert.equal(moved, '{"site":"default","lines":1}');

  const [secret, below, script] = await typed('docs/first-party.md');
  assert.match(secret, /^[0-9a-f]{48}\s*$/);
  for (const text of [below, script]) assert.match(text, /^HTTP\/1\.1 200 OK/);

  const [health, visit, metrics] = await typed('docs/runbook.md');
  assert.match(health, /^HTTP\/1\.1 200 OK/);
  assert.match(visit, /^footfall-visit: (counted|bot)/i);
  assert.match(metrics, /^footfall_visits_total\{/m);
});

test('wrangler serves the static assets as the harness of the tests does', async (t) => {
  const { host, log } = await npmStart(t, ['SITES:home,default', 'BASE_PATH:/stats']);
  for (const path of ['/dashboard', '/dashboard/default', '/dashboard.js', '/dashboard.css', '/dashboard.svg', '/footfall.js', '/openapi.json', '/count.js', '/count.v5.js', '/js/script.hash.js', '/script.js']) {
    const answer = await fetch(`http://${host}${path}`, { redirect: 'manual' });
    const asset = assetOf(path);
    assert.equal(answer.status, 200, path);
    assert.equal(await answer.text(), asset.body.toString(), path);
    for (const [name, value] of Object.entries(asset.headers)) {
      const told = answer.headers.get(name);
      assert.ok(name === 'content-type' ? told.startsWith(value.split(';')[0]) : told === value, `${path}: ${name} is ${told}`);
    }
  }
  assert.equal(assetOf('/_headers'), undefined);
  const below = await fetch(`http://${host}/stats/footfall.js`);
  assert.deepEqual([below.status, below.headers.get('cache-control'), await below.text()], [200, assetOf('/footfall.js').headers['cache-control'], assetOf('/footfall.js').body.toString()], 'F2: below the path of a route');
  const [, dashboard] = /Look at it: +(\S+)/.exec(log());
  assert.ok(dashboard.endsWith('/dashboard/home'), `${dashboard} shows the first site`);
  assert.equal((await fetch(dashboard)).status, 200);
  const answer = await fetch(`http://${host}/api/sites/default/summary`);
  assert.equal(answer.status, 200, 'on your own machine the numbers are open');
});

test('npx footfall knows every command in the documents and its options', () => {
  const pages = ['README.md', 'cli/README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', ...readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];
  const named = pages.flatMap((page) => [...readFileSync(join(ROOT, page), 'utf8').matchAll(/npx footfall ([a-z-]+)([^`\n#]*)/g)].map(([, name, rest]) => ({ page, name, rest })));
  const unknown = named.filter(({ name, rest }) => {
    const options = Object.keys(CLI[name]?.options ?? {});
    return !Object.hasOwn(CLI, name) || [...rest.split(' -- ')[0].matchAll(/--([a-z-]+)/g)].some(([, option]) => ![...options, 'help'].includes(option));
  });
  assert.ok(named.length > 15, 'the pattern finds commands');
  assert.deepEqual(unknown, []);
  assert.deepEqual(Object.keys(CLI).filter((name) => !named.some((one) => one.name === name)), [], 'each is described');
});

test('wrangler knows every command that needs an account, and its options', async () => {
  // The text mentions some commands only in a sentence.
  const pages = ['README.md', 'CONTRIBUTING.md', ...readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];
  const inText = pages.flatMap((page) => [...readFileSync(join(ROOT, page), 'utf8').matchAll(/npx (wrangler [a-z-]+(?: [a-z-]+)*(?: --[a-z-]+)*)/g)].map(([, command]) => command));
  const typed = of(/^npx wrangler /).map(({ command }) => command.replace(/^npx /, ''));
  const asked = new Map();
  for (const command of [...typed, ...inText]) {
    const [, ...words] = command.split(' ');
    const names = words.slice(0, Math.max(1, words.findIndex((word) => !/^[a-z]/.test(word)) < 0 ? words.length : words.findIndex((word) => !/^[a-z]/.test(word))));
    // `npx wrangler login opens a browser`: the words after a command are not part of it.
    const name = (names[0] === 'secret' ? names.slice(0, 2) : names.slice(0, 1)).join(' ');
    const options = words.filter((word) => word.startsWith('--'));
    asked.set(name, new Set([...(asked.get(name) ?? []), ...options]));
  }
  assert.ok(asked.size >= 6, [...asked.keys()].join());
  for (const [name, options] of asked) {
    const { stdout } = await run(...wrangler(...name.split(' '), '--help'), { cwd: ROOT, env: { ...process.env, WRANGLER_SEND_METRICS: 'false', CI: '1' } });
    assert.match(stdout, new RegExp(`^wrangler ${name}`, 'm'), `wrangler ${name}`);
    for (const option of options) assert.ok(stdout.includes(option), `wrangler ${name} ${option}`);
  }
});

test('the dry run of a deploy', async (t) => {
  const out = mkdtempSync(join(tmpdir(), 'footfall-dry-'));
  t.after(() => rmSync(out, { recursive: true, force: true }));
  assert.ok(of(/^npm run deploy/).length > 0);
  const { stdout, stderr } = await run('npm', ['run', 'deploy', '--', '--dry-run', '--outdir', out], { cwd: ROOT, env: { ...process.env, CI: '1' } });
  assert.match(stdout + stderr, /--dry-run: exiting now/);
});

test('git: the commands update a clone and show what changed', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'footfall-git-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const [origin, clone] = ['origin', 'clone'].map((name) => join(dir, name));
  const git = (cwd, ...args) => run('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd });
  await git(dir, 'init', '-q', origin);
  const change = async (text) => {
    writeFileSync(join(origin, 'file'), text);
    await git(origin, 'add', '.');
    await git(origin, 'commit', '-qm', text);
  };
  await change('one');
  await git(dir, 'clone', '-q', origin, clone);
  await change('two');
  for (const { command } of of(/^git (?!clone)/)) await run('bash', ['-c', command], { cwd: clone });
  assert.equal(readFileSync(join(clone, 'file'), 'utf8'), 'two');
});
