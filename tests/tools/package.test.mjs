// The packed tarball as an owner uses it: in an empty folder, without Rust.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, test } from 'node:test';
import { configFor, upgraded } from '../../cli/config.mjs';
import { asking } from '../../cli/ask.mjs';
import { domainOf, originsOf, siteOf } from '../../cli/answers.mjs';
import { Lines } from '../../cli/lines.mjs';
import { ROOT } from '../../tools/pins.mjs';
import { call } from '../support/client.mjs';
import { installed } from '../support/package.mjs';

const TEMPLATE = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8');
const { cwd: home, env, manifest, npx, footfall: typed, dev } = await installed({ after });

/** Makes an empty folder to run commands in. */
function emptyFolder(name) {
  const cwd = join(home, name);
  mkdirSync(cwd);
  return { cwd, footfall: (args, options) => typed(args, { cwd, ...options }) };
}

const ANSWERS = ['--site', 'Blog', '--origins', 'blog.example, https://www.blog.example/a'];

test('from an empty folder to a counted visit, an export and an import', async () => {
  const { cwd, footfall } = emptyFolder('first');
  for (const program of ['cargo', 'rustc', 'rustup']) assert.ok(!existsSync(join(env.PATH, program)), program);
  const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  for (const [name, version] of Object.entries(manifest.dependencies)) assert.equal(version, devDependencies[name], `${name} at the tested version`);

  assert.ok(readFileSync(join(ROOT, 'docs', 'deploying.md'), 'utf8').includes(`npm install ./footfall-${manifest.version}.tgz`), 'the document names the file of this version');

  const version = await npx(['--version'], { cwd });
  assert.deepEqual([version.code, version.stdout], [0, `${manifest.version}\n`], version.stderr);

  const made = await footfall(['init', ...ANSWERS]);
  assert.equal(made.code, 0, made.stderr);
  const folder = join(cwd, 'footfall');
  const secrets = readFileSync(join(folder, '.dev.vars'), 'utf8');
  const tokens = Object.fromEntries([...secrets.matchAll(/^(\w+)="([0-9a-f]{48})"$/gm)].map(([, name, token]) => [name, token]));
  assert.deepEqual(Object.keys(tokens), ['STATS_TOKEN', 'ADMIN_TOKEN']);
  for (const token of Object.values(tokens)) assert.equal(made.stdout.split(token).length, 2, 'each token is told once');
  assert.equal(statSync(join(folder, '.dev.vars')).mode & 0o077, 0, 'nobody else reads the tokens');
  assert.match(readFileSync(join(folder, '.gitignore'), 'utf8'), /^\.dev\.vars$/m);

  const again = await footfall(['init', ...ANSWERS]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /^footfall: [^\n]+ has \.dev\.vars, worker, wrangler\.toml already: .*--force/);
  const forced = await footfall(['init', ...ANSWERS, '--stats', 'public', '--force']);
  assert.equal(forced.code, 0, forced.stderr);
  assert.equal(readFileSync(join(folder, '.dev.vars'), 'utf8'), secrets, 'tokens stay');

  const dry = await footfall(['deploy', '--dry-run', '--outdir', 'out'], { cwd: folder });
  assert.equal(dry.code, 0, dry.stdout + dry.stderr);
  for (const binding of ['SHARD', 'DAYS', 'LIVE', 'ASSETS', 'ADDRESS_LIMIT', 'STATS_TOKEN', 'ADMIN_TOKEN']) assert.match(dry.stdout, new RegExp(`env\\.${binding}\\b`), dry.stdout);
  assert.match(dry.stdout, /env\.SITES \("blog"\)/);
  for (const token of Object.values(tokens)) assert.ok(!dry.stdout.includes(token), 'secrets stay secret');
  assert.ok(readdirSync(join(folder, 'out')).some((name) => name.endsWith('.wasm')));
  assert.doesNotMatch(dry.stdout + dry.stderr, /warning/i);

  // A setting that only Cloudflare knows does not stop a try on this machine.
  const config = join(folder, 'wrangler.toml');
  writeFileSync(config, readFileSync(config, 'utf8').replace('# JURISDICTION = ""', 'JURISDICTION = "eu"'));
  assert.match(readFileSync(config, 'utf8'), /^JURISDICTION = "eu"$/m);
  const { url, stop } = await dev(cwd);
  const visit = { method: 'POST', headers: { origin: 'https://blog.example', 'content-type': 'text/plain', 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' }, body: '{"site":"blog","page":"/a","id":"1"}' };
  const counted = await call(`${url}/visit`, visit);
  assert.deepEqual([counted.status, counted.json.views], [200, 1], counted.text);
  assert.equal((await call(`${url}/footfall.js`)).status, 200);
  assert.equal((await call(`${url}/api/sites/blog/summary`)).status, 200, 'public');

  const healthy = await footfall(['doctor', url], { cwd: folder });
  assert.equal(healthy.code, 0, healthy.stdout + healthy.stderr);

  const file = join(cwd, 'blog.ndjson');
  const exported = await footfall(['export', url, '--to', file]);
  assert.equal(exported.code, 0, exported.stderr);
  assert.match(readFileSync(file, 'utf8'), /^\{"footfall":1,"site":"blog".*\n\{"page":"\/a","views":1\}\n/);
  assert.match((await footfall(['export', url, '--to', file])).stderr, /exists already/);
  const full = await footfall(['import', file, url]);
  assert.deepEqual([full.code, /409, the site has views already; --add/.test(full.stderr)], [1, true], full.stderr);
  const added = await footfall(['import', file, url, '--add']);
  assert.equal(added.code, 0, added.stderr);
  assert.equal((await call(`${url}/numbers?site=blog`)).json.views, 2);
  const broken = join(cwd, 'broken.ndjson');
  writeFileSync(broken, readFileSync(file, 'utf8').replace(/\{"end".*\n/, ''));
  assert.match((await footfall(['import', broken, url, '--add'])).stderr, /broke off/);
  const wrong = await footfall(['export', url, '--to', join(cwd, 'x')], { env: { ADMIN_TOKEN: 'another-token-0123456789' } });
  assert.deepEqual([wrong.code, /401, the token is missing or wrong; ADMIN_TOKEN here differs/.test(wrong.stderr)], [1, true], wrong.stderr);
  assert.deepEqual(readdirSync(cwd).filter((name) => /^x|part/.test(name)), [], 'no partial file is left');
  assert.match((await footfall(['export', `${url}`, '--site', 'nope', '--to', 'y'])).stderr, /404, no such site/);

  const values = join(cwd, 'values.json');
  writeFileSync(values, '{"/old":12}');
  const converted = await footfall(['convert', 'values', values, '--site', 'blog']);
  assert.equal(converted.code, 0, converted.stderr);
  writeFileSync(join(cwd, 'old.ndjson'), converted.stdout);
  assert.equal((await footfall(['import', 'old.ndjson', url, '--add'])).code, 0);
  assert.equal((await call(`${url}/numbers?site=blog&page=/old`)).json.views, 12);
  assert.match((await footfall(['dev', '--port', new URL(url).port])).stderr, /port \d+ is in use/);
  assert.equal(await stop(), 130, 'ended by Ctrl-C, and not before');
});

test('a wrong command gets an error that says what is allowed, and writes nothing', async () => {
  const { cwd, footfall } = emptyFolder('wrong');
  const before = readdirSync(cwd);
  for (const [args, what] of [
    [['publish'], /no command publish; allowed: init, dev, deploy, doctor, export, import, convert, update/],
    [['constructor'], /no command constructor/],
    [['init', '--sites', 'x'], /no option --sites; allowed: --site, --origins, --domain, --stats, --name, --yes, --force/],
    [['init', '--site'], /--site/],
    [['init', 'a', 'b'], /b is one argument too many/],
    [['init'], /no terminal to ask on: add --site and --origins, or --yes/],
    [['init', ...ANSWERS, '--site', 'a b'], /"a b" is not a site name; use 1 to 64 characters/],
    [['init', ...ANSWERS, '--origins', 'ftp://a'], /not an http or https address/],
    [['init', ...ANSWERS, '--domain', 'localhost:80/x'], /"localhost:80\/x" is not a domain; use one such as/],
    [['init', ...ANSWERS, '--stats', 'all'], /allowed: public, token, closed/],
    [['init', ...ANSWERS, '--name', 'A b'], /--name is "A b"; use/],
    [['deploy'], /npx footfall init makes a folder/],
    [['dev', '--port', '0'], /npx footfall init makes a folder/],
    [['update'], /npx footfall init makes a folder/],
    [['export'], /names no domain: give the address of the Worker/],
    [['export', 'http://127.0.0.1:9'], /ADMIN_TOKEN is set neither/],
    [['import'], /which file\?/],
    [['import', 'none.ndjson', 'http://127.0.0.1:9'], /there is no none\.ndjson/],
    [['doctor'], /names no domain/],
    [['convert', 'plausible', 'x'], /there is no format plausible/],
    [['convert', 'values', 'x', '--fast'], /no option --fast; allowed: --site, --page, --hours-days/],
  ]) {
    const { code, stdout, stderr } = await footfall(args);
    assert.deepEqual([code, stdout], [1, ''], `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, /^footfall: [^\n]+\n$/);
    assert.match(stderr, what);
  }
  assert.deepEqual(readdirSync(cwd), before);
  for (const command of ['init', 'dev', 'deploy', 'doctor', 'export', 'import', 'convert', 'update']) {
    assert.match((await footfall([command, '--help'])).stdout, new RegExp(`^npx footfall ${command}`));
  }
});

test('init writes its options, and with --yes starts without answers', async () => {
  const { cwd, footfall } = emptyFolder('empty');
  writeFileSync(join(cwd, '.gitignore'), '/public');
  const given = { STATS_TOKEN: 'a-token-of-a-test-0123', ADMIN_TOKEN: 'another-of-a-test-4567' };
  const made = await footfall(['init', '.', '--yes', '--domain', 'https://blog.example/stats/', '--name', 'views'], { env: given });
  assert.equal(made.code, 0, made.stderr);
  const text = readFileSync(join(cwd, 'wrangler.toml'), 'utf8');
  for (const line of ['name = "views"', 'routes = ["blog.example/stats/*"]', 'workers_dev = true', 'SITES = "default"', 'BASE_PATH = "/stats"', '# ALLOWED_ORIGINS = ""']) assert.ok(text.split('\n').includes(line), line);
  assert.match(made.stdout, /no origins: .* ALLOWED_ORIGINS/);
  assert.equal(readFileSync(join(cwd, '.gitignore'), 'utf8'), '/public\n.dev.vars\n.wrangler/\nnode_modules/\n', 'the list for git is extended');
  assert.equal(readFileSync(join(cwd, '.dev.vars'), 'utf8'), 'STATS_TOKEN="a-token-of-a-test-0123"\nADMIN_TOKEN="another-of-a-test-4567"\n');
});

test('an update adds the Worker and what it needs, and leaves settings unchanged', async () => {
  const { cwd, footfall } = emptyFolder('older');
  await footfall(['init', '.', ...ANSWERS]);
  const file = join(cwd, 'wrangler.toml');
  const whole = readFileSync(file, 'utf8');
  const without = whole.split('\n\n').filter((block) => !block.includes('"Live"')).join('\n\n');
  const older = without.replace(/^compatibility_date = .*$/m, 'compatibility_date = "2025-01-01"');
  assert.deepEqual([whole, older].map((text) => text.includes('"Live"')), [true, false]);
  writeFileSync(file, older);
  writeFileSync(join(cwd, 'worker', 'index.js'), 'old');
  writeFileSync(join(cwd, 'worker', 'version.txt'), '0.0.1\n');
  assert.match((await footfall(['deploy', '--dry-run'])).stdout, /has version 0\.0\.1.*npx footfall update/);
  const updated = await footfall(['update']);
  assert.equal(updated.code, 0, updated.stderr);
  assert.match(updated.stdout, /0\.0\.1 -> 0\.1\.0/);
  const dry = await footfall(['deploy', '--dry-run']);
  assert.match(dry.stdout, /env\.LIVE \(Live\)/, dry.stdout + dry.stderr);
  assert.match(readFileSync(file, 'utf8'), /^SITES = "blog"$/m);
  const again = readFileSync(file, 'utf8');
  await footfall(['update']);
  assert.equal(readFileSync(file, 'utf8'), again, 'a second time changes nothing');
});

test('answers are read liberally, and written as the Worker takes them', () => {
  assert.equal(originsOf('blog.example, HTTPS://Www.Blog.example:443/a?b, http://localhost:3000,blog.example'), 'https://blog.example, https://www.blog.example, http://localhost:3000');
  assert.equal(originsOf('b\u00fccher.example'), 'https://xn--bcher-kva.example');
  assert.deepEqual([originsOf(''), originsOf('*')], ['', '*']);
  assert.equal(siteOf(' Blog ,docs,blog'), 'blog, docs');
  assert.deepEqual(domainOf('https://Count.example.com/'), { pattern: 'count.example.com' });
  assert.deepEqual(domainOf('blog.example/a/b/*'), { pattern: 'blog.example/a/b/*', base: '/a/b' });
  for (const none of ['', ' ', 'workers.dev', 'footfall.me.workers.dev']) assert.deepEqual(domainOf(none), {}, none);
  for (const wrong of ['example', '192.0.2.1', 'a.example:8080', 'a.example/"x"']) assert.throws(() => domainOf(wrong), /is not a domain/, wrong);
});

test('a folder has the bindings of the repository, whatever the answers', () => {
  const text = configFor(TEMPLATE, { name: 'footfall', site: 'a', origins: '', domain: {}, stats: 'closed' });
  const tables = (toml) => [...toml.matchAll(/^\[\[(?:durable_objects\.bindings|migrations|ratelimits)\]\]\n(?:[^\n#]+\n)+/gm)].map(([table]) => table);
  assert.deepEqual(tables(text), tables(TEMPLATE));
  assert.ok(tables(text).length >= 6, 'the pattern finds tables');
  assert.doesNotMatch(text, /tools\/|npm |\[build\]/);
  assert.deepEqual(upgraded(text, TEMPLATE).added, []);
  assert.throws(() => configFor(TEMPLATE.replace('minify = true', ''), { name: 'a', site: 'a', origins: '', domain: {}, stats: 'token' }), /has nothing like/);
});

test('an update reads settings however TOML writes them, and never writes a file that is not TOML', () => {
  const inline = (...names) => `compatibility_date='2025-01-01' # mine\n[durable_objects]\nbindings = [${names.map((name) => `{ name = "${name}", class_name = "C" }`).join(', ')}]\n`;
  const { text, added } = upgraded(inline('SHARD', 'DAYS', 'LIVE'), TEMPLATE);
  assert.deepEqual(added, ['[[migrations]] v1', '[[migrations]] v2', 'compatibility_date = "2026-11-01"']);
  assert.match(text, /^compatibility_date="2026-11-01" # mine\n/);
  assert.throws(() => upgraded(inline('SHARD', 'DAYS'), TEMPLATE), /add these by hand: \[\[durable_objects\.bindings\]\] LIVE,/);
  assert.throws(() => upgraded('name = "a"\n= 1\n', TEMPLATE), /^Error: wrangler\.toml:2:1: /);
});

test('an incomplete export file is refused', () => {
  const read = (text, size = 7) => {
    const lines = new Lines();
    for (let at = 0; at < text.length; at += size) lines.take(Buffer.from(text.slice(at, at + size)));
    return lines.end('f');
  };
  const whole = '{"footfall":1,"site":"a"}\n{"page":"/a","views":1}\n{"end":1,"changes":2}\n';
  for (const text of [whole, whole.trimEnd(), `${whole}\r\n\n`]) for (const size of [1, 7, 500]) assert.deepEqual(read(text, size), { site: 'a', lines: 1, changes: 2 });
  assert.throws(() => read(whole.replace('{"page":"/a","views":1}\n', '')), /has 0 lines, and its last line says 1/);
  assert.throws(() => read(whole.split('\n').slice(0, 2).join('\n')), /broke off/);
  assert.throws(() => read('a'.repeat(5_000)), /not an export of Footfall/);
  for (const none of ['', 'null\n', '[]\n{"end":0}\n']) assert.throws(() => read(none), /not an export of Footfall/);
});

test('a question is repeated until its answer is valid, and pasted answers are not lost', async () => {
  const terminal = () => ({ input: new PassThrough(), output: new PassThrough() });
  const [typed, ended] = [terminal(), terminal()];
  typed.input.write('A b\n\nblog.example\n');
  const answers = await asking(async (ask) => [await ask('Site', 'default', siteOf), await ask('Origins', '', originsOf)], typed);
  assert.deepEqual(answers, ['default', 'https://blog.example']);
  assert.match(typed.output.read().toString(), /^Site \[default\]: {3}"a b" is not a site name; use .*\nSite \[default\]: Origins: $/);
  ended.input.end('blog\n');
  await assert.rejects(asking(async (ask) => [await ask('Site', '', siteOf), await ask('Origins', '', originsOf)], ended), /nothing was written/);
});
