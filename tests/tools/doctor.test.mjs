// `npx footfall doctor` on a live Worker with each fault in turn: it finds that fault, says what to set, and counts nothing.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connectStopper, policiesOf, sandboxed, scriptStopper } from '../../cli/doctor/csp.mjs';
import { tagsOf } from '../../cli/doctor/html.mjs';
import { isKnownScript, knownNames } from '../../cli/doctor/names.mjs';
import { npmBin, ROOT } from '../../tools/pins.mjs';
import { startServer } from '../support/http_server.mjs';
import { assetOf } from '../support/assets.mjs';
import { call } from '../support/client.mjs';
import { Front } from '../support/front.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const TOKENS = { STATS_TOKEN: 'reader-of-a-test-0123', ADMIN_TOKEN: 'owner-of-a-test-4567' };
const cwd = mkdtempSync(join(tmpdir(), 'footfall-doctor-'));
after(() => rmSync(cwd, { recursive: true, force: true }));

/** The doctor's report: the exit code, and what is wrong and what is ok, by check. */
function doctor(args, env = {}) {
  return new Promise((resolve) => {
    execFile(npmBin('node'), [join(ROOT, 'cli', 'footfall.mjs'), 'doctor', ...args], { cwd, env: { PATH: process.env.PATH, ...env } }, (error, stdout, stderr) => {
      const of = (verdict) => stdout.split('\n').flatMap((line) => (line.startsWith(`${verdict}: `) ? [line.slice(verdict.length + 2)] : []));
      resolve({ code: error?.code ?? 0, wrong: of('wrong'), ok: of('ok').map((line) => line.trim().split(':')[0]), stdout, stderr });
    });
  });
}

/** A server of pages. It answers with `answers[path]`: `{ status?, headers?, body }`, or a function that answers by itself. */
const pages = (t, answers) =>
  startServer(t, (request, response) => {
    const answer = answers[request.url] ?? { status: 404, body: 'nothing here' };
    if (typeof answer === 'function') return answer(request, response);
    response.writeHead(answer.status ?? 200, { 'content-type': 'text/html', ...answer.headers }).end(answer.body);
  });

/** A Worker with the script, for pages of an origin. */
async function counter(t, origin) {
  const worker = await startWorkerd(t, { vars: { SITES: 'blog, docs', ALLOWED_ORIGINS: origin, HOSTS: '127.0.0.1=docs', ...TOKENS } });
  const { url } = await new Front(worker.url).listen(t);
  return url;
}

/** Everything that a Worker counted; the doctor must not change it. */
async function counted(url) {
  const headers = { authorization: `Bearer ${TOKENS.ADMIN_TOKEN}` };
  const texts = await Promise.all(['blog', 'docs'].map((site) => call(`${url}/api/sites/${site}/export`, { headers })));
  return texts.map(({ text }) => text.replace(/^.*\n/, ''));
}

test('with a page and a Worker that fit, all is ok and nothing is counted', async (t) => {
  const answers = {};
  const origin = await pages(t, answers);
  const url = await counter(t, origin);
  const before = await counted(url);
  answers['/a?b=1'] = { body: `<!doctype html><base href="/x/"><script defer src="${url}/footfall.js" data-site="blog"></script>` };
  const { code, wrong, ok, stdout } = await doctor([url, '--page', `${origin}/a?b=1`], TOKENS);
  assert.deepEqual([code, wrong], [0, []], stdout);
  assert.deepEqual(ok, ['dns', 'worker', 'script', 'names', 'page', 'tag', 'policy', 'site', 'origin', 'cors', 'visit', 'tokens', 'tokens']);
  assert.match(stdout, /site: blog has 0 views/);
  // A tag without a site.
  answers['/a'] = { body: `<SCRIPT SRC='${url}/footfall.js?v=1&amp;x' async></SCRIPT>` };
  assert.match((await doctor([url, '--page', `${origin}/a`])).stdout, /site: docs has 0 views/);
  assert.deepEqual(await counted(url), before);
});

test('each fault is found alone, with what to set', async (t) => {
  const answers = {};
  const origin = await pages(t, answers);
  const url = await counter(t, origin);
  const before = await counted(url);
  const src = `${url}/footfall.js`;
  const tag = `<script defer src="${src}" data-site="blog"></script>`;
  const digest = createHash('sha384').update(assetOf('/footfall.js').body).digest('base64');
  const self = { 'content-security-policy': `default-src 'self'` };
  const moved = (to) => ({ status: 301, headers: { location: to }, body: '' });
  const withPolicy = (policy) => ({ headers: { 'content-security-policy': policy }, body: tag });
  // The page, and what is wrong with it; without a fault, the page is right.
  const faults = [
    [{ body: tag.replace('blog', 'nope') }, /^site: 404, no such site, "nope" -> .*add nope to SITES/],
    [{ body: '<p>no tag' }, /^tag: .* has no tag with footfall\.js -> put it into the page: <script defer src/],
    [{ body: `<!-- ${tag} --><textarea>${tag}</textarea><script>let a = '${tag.replace('</script>', '')}'</script>` }, /^tag: .* has no tag/],
    [{ body: tag.replace(src, 'https://old.example/footfall.js') }, /^tag: its src is https:\/\/old\.example\/footfall\.js, and the counter is at .* -> src="/],
    [{ body: tag.replace(src, '/footfall.js') }, /^tag: its src is http:\/\/127/],
    [{ body: tag.replace('defer', 'type="text/plain" data-category=analytics') }, /^tag: its type is "text\/plain"/],
    [{ body: tag.replace('defer', `integrity="sha384-${digest}"`) }, /^tag: it has integrity without crossorigin/],
    [{ body: tag.replace('defer', `crossorigin integrity="sha384-${digest.replace(/^./, '-')}"`) }, /^tag: its integrity belongs to another version/],
    [{ body: tag.replace('defer', `crossorigin integrity="sha384-${digest}"`) }],
    [withPolicy(`script-src 'self' ${url}; connect-src 'self'`), /^policy: Content-Security-Policy: connect-src 'self' stops visits -> add http.* to connect-src/],
    [withPolicy(`script-src 'self'; connect-src *`), /^policy: .*script-src 'self' stops the script -> add http.* to script-src/],
    [withPolicy(`script-src ${url}; connect-src ${url}`)],
    [{ headers: { 'content-security-policy-report-only': self['content-security-policy'] }, body: tag }],
    [{ body: `<meta http-equiv="Content-Security-Policy" content="connect-src 'none'">${tag}` }, /^policy: .*connect-src 'none' stops visits/],
    [withPolicy('sandbox allow-scripts'), /^policy: .*sandbox .* -> add allow-scripts and allow-same-origin/],
    [{ status: 404, body: tag }, /^page: .*: 404 -> name a page that is there/],
    [moved('/there')],
  ];
  answers['/there'] = { body: tag };
  for (const [at, [answer, what]] of faults.entries()) {
    answers['/page'] = answer;
    const { code, wrong, stdout, stderr } = await doctor([url, '--page', `${origin}/page`], TOKENS);
    assert.deepEqual([code, wrong.length], what ? [1, 1] : [0, 0], `${at}: ${stdout}${stderr}`);
    if (what) assert.match(wrong[0], what);
  }
  // Options, and pages of the Worker.
  const other = origin.replace('127.0.0.1', 'localhost');
  for (const [args, env, what] of [
    [['--origin', other], {}, new RegExp(`^origin: pages of ${other} may not count -> add ${other} to ALLOWED_ORIGINS`)],
    [['--page', `${other}/there`], {}, new RegExp(`^origin: pages of ${other} may not count`)],
    [['--origin', 'www.blog.example', '--site', 'blog'], {}, /^origin: pages of https:\/\/www\.blog\.example may not count/],
    [['--site', 'nope'], {}, /^site: 404, no such site, "nope"/],
    [[], { STATS_TOKEN: 'not-the-one-0123456789' }, /^tokens: STATS_TOKEN here differs from the Worker's -> npx footfall deploy uploads/],
    [[], { ADMIN_TOKEN: 'not-the-one-0123456789' }, /^tokens: ADMIN_TOKEN here differs/],
  ]) {
    const { code, wrong, stdout } = await doctor([url, ...args], env);
    assert.deepEqual([code, wrong.length], [1, 1], stdout);
    assert.match(wrong[0], what);
  }
  const tagged = await doctor([url, '--page', `${origin}/there`, '--site', 'docs']);
  assert.match(tagged.wrong.join(), /^tag: it says data-site="blog" -> data-site="docs"$/);
  answers['/page'] = { body: tag.replace('/footfall.js', '/js/script.hash.js').replace(url, 'https://footfall.me.workers.dev') };
  assert.match((await doctor([url, '--page', `${origin}/page`])).wrong.join(), /^tag: .* no tag with footfall\.js/);
  const own = await doctor([url, '--page', url]);
  assert.deepEqual([own.code, /page of the Worker, which may count/.test(own.stderr)], [1, true], own.stderr);
  answers['/page'] = moved(`${url}/`);
  assert.match((await doctor([url, '--page', `${origin}/page`])).stderr, /page of the Worker, which may count/);
  assert.deepEqual(await counted(url), before, 'nothing was counted');
});

test('a server that is not Footfall or does not answer is recognised', async (t) => {
  const script = assetOf('/footfall.js').body.toString();
  const answers = { '/healthz': { body: '{"status":"ok"}' }, '/numbers': { body: '{"site":"blog","views":1}' } };
  const url = await pages(t, answers);
  const wrong = async (...args) => {
    const { code, wrong, stderr } = await doctor(args);
    assert.equal(code, 1, stderr);
    return wrong.join('\n');
  };
  answers['/footfall.js'] = { body: '<!doctype html>' };
  assert.match(await wrong(url), /^script: \/footfall\.js is answered as text\/html/);
  const js = { 'content-type': 'text/javascript' };
  answers['/footfall.js'] = { headers: js, body: `/* rocket */${script}` };
  assert.match(await wrong(url), /^script: \/footfall\.js has \d+ characters and is not that of version/);
  answers['/footfall.js'] = { headers: js, body: script };
  // A proxy that answers everything itself, and one that passes only OPTIONS on.
  const cors = { 'access-control-allow-origin': '*', 'access-control-allow-methods': 'POST' };
  answers['/numbers?site=blog'] = { headers: cors, body: '{"site":"blog","views":1}' };
  assert.match(await wrong(url, '--site', 'blog', '--origin', 'https://blog.example'), /^cors: OPTIONS \/visit: 404/);
  answers['/visit'] = (request, response) => response.writeHead(request.method === 'OPTIONS' ? 204 : 200, cors).end();
  assert.match(await wrong(url, '--site', 'blog', '--origin', 'https://blog.example'), /^visit: POST \/visit is answered by something else/);

  for (const [answer, what] of [
    [{ body: '<h1>It works</h1>' }, /^worker: 200, which Footfall did not send/],
    [{ status: 301, headers: { location: 'https://x.example/healthz' }, body: '' }, /^worker: 301, it moved to https:\/\/x\.example\/healthz -> use that address/],
    [{ status: 302, headers: { location: 'https://me.cloudflareaccess.com/login' }, body: '' }, /^worker: 302 to a login of Cloudflare Access/],
    [{ status: 403, headers: { 'cf-mitigated': 'challenge' }, body: '' }, /^worker: Cloudflare answers 403 with a challenge/],
    [{ status: 429, body: 'error code: 1027' }, /^worker: the free plan's requests of the day are used up/],
    [(_, response) => response.destroy(), /^worker: /],
  ]) {
    answers['/healthz'] = answer;
    assert.match(await wrong(url), what);
  }
  assert.match(await wrong('https://nothing.invalid'), /^dns: nothing\.invalid has no address \(E/);
  const misconfigured = await startWorkerd(t, { vars: { SITES: 'a b' } });
  assert.match(await wrong(misconfigured.url), /^worker: 500, .*SITES/);
});

test('without options, the doctor tries the origins of the folder', async (t) => {
  const url = await counter(t, 'https://blog.example');
  const wrong = async (origins) => {
    writeFileSync(join(cwd, 'wrangler.toml'), `[vars]\nSITES = "blog"\nALLOWED_ORIGINS = "${origins}"\n`);
    return (await doctor([url])).wrong.join('\n');
  };
  t.after(() => rmSync(join(cwd, 'wrangler.toml')));
  assert.equal(await wrong('https://blog.example'), '');
  assert.match(await wrong(''), /^origin: wrangler\.toml lists no origins/);
  assert.match(await wrong('https://blog.example, https://www.blog.example'), /^origin: pages of https:\/\/www\.blog\.example may not count/, 'not deployed yet');
  assert.match(await wrong('*'), /^origin: pages of https:\/\/any\.invalid may not count/);
});

test('names that blockers block are found in hosts and paths', () => {
  const known = (text) => knownNames(new URL(text));
  for (const url of ['https://count.example.com/', 'https://footfall.me.workers.dev/', 'https://blog.example/stats/', 'https://trackers-of-birds.example/', 'http://localhost:8787/']) assert.deepEqual(known(url), [], url);
  assert.deepEqual(known('https://analytics.example.com/'), ['analytics']);
  assert.deepEqual(known('https://blog.example/Tracking/x/'), ['Tracking']);
  assert.ok(isKnownScript(new URL('https://footfall.me.workers.dev/js/script.hash.js')) && !isKnownScript(new URL('https://count.example.com/js/script.js')));
});

test('policies are read as browsers read them', () => {
  const page = new URL('https://blog.example/a');
  const url = new URL('https://count.example.com/footfall.js');
  const stops = (policy, attributes = {}, at = url, from = page) => scriptStopper(policiesOf(policy, []), at, from, attributes) !== undefined;
  for (const policy of [
    '', "img-src 'none'", 'script-src https:', 'script-src *', 'script-src count.example.com', 'script-src *.example.com', 'script-src https://count.example.com/', 'SCRIPT-SRC https://COUNT.example.com:443',
    'script-src https://count.example.com/footfall.js', "default-src 'none'; script-src-elem count.example.com", 'script-src http://count.example.com', 'script-src count.example.com:*',
  ]) assert.ok(!stops(policy), policy);
  for (const policy of [
    "script-src 'none'", "default-src 'self'", 'script-src http://other.example', 'script-src https://count.example.com:8443', 'script-src https://count.example.com/x/', 'script-src *.count.example.com', "script-src 'strict-dynamic' https:",
    "script-src count.example.com; script-src-elem 'none'", "script-src *, script-src 'self'", 'script-src', "script-src 'nonce-a'",
  ]) assert.ok(stops(policy), policy);
  assert.ok(!stops("script-src 'nonce-a' 'strict-dynamic'", { nonce: 'a' }));
  assert.ok(!stops("script-src 'sha256-x'", { integrity: 'sha256-x' }));
  assert.ok(!stops("script-src 'self'", {}, new URL('https://blog.example/stats/footfall.js')));
  assert.ok(!stops("script-src 'self'", {}, new URL('http://localhost:1/f.js'), new URL('http://localhost:1/')));
  assert.ok(stops("script-src 'self'", {}, new URL('http://localhost:2/f.js'), new URL('http://localhost:1/')));
  assert.equal(connectStopper(policiesOf("default-src 'self'; connect-src api.example", []), url, page), 'connect-src api.example');
  assert.ok(sandboxed(policiesOf('sandbox', [])) && !sandboxed(policiesOf('sandbox allow-scripts allow-same-origin', [])));
});

test('tags are read as browsers read them', () => {
  const sources = (html) => tagsOf(html).map(({ attributes }) => attributes.src);
  assert.deepEqual(sources(`<script src=a></script><script\nsrc = "b>c" data-x='"'></script ><ScRiPt src='&#100;&#x65;&quot;' src=no>`), ['a', 'b>c', 'de"']);
  assert.deepEqual(sources(`<!-- <script src=a></script> --><noscript><script src=b></script></noscript><script>"<script src=c>"</script><style><script src=d></style><title><script src=e></title>`), [undefined]);
  assert.deepEqual(sources('<script src=a'), []);
});
