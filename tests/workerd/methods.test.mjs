// Every path with every method: a 405 names exactly the methods that the path accepts, a preflight names the same, and an unknown path names none.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../tools/pins.mjs';
import { call } from '../support/client.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const BLOG = 'https://blog.example';
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
const PATHS = JSON.parse(readFileSync(join(ROOT, 'assets', 'openapi.json'), 'utf8')).paths;

/** The paths of the document, with values in place of parameters. */
const documented = Object.keys(PATHS).map((path) => path.replace('{SITE}', 'default').replace('{PAGE}', 'a/b'));

/** The paths of other counters, and the paths that the document leaves out. */
const dropIns = [
  '/hit/default/v', '/hit/v', '/hit/default/v/shield', '/hit/v/', '/get/default/v', '/get/v', '/get/default/v/shield', '/info/default/v', '/info/v', '/stream/default/v', '/stream/v',
  '/create', '/create/', '/create/default/v', '/create/v', '/set/default/v', '/set/v', '/update/default/v', '/update/v', '/reset/default/v', '/reset/v', '/delete/default/v', '/delete/v',
  '/stats', '/count', '/counter//p.json', '/counter/p.html', '/counter/TOTAL.svg', '/counter/%2Fp.png', '/api/v0/count', '/busuanzi', '/api/event', '/api/send', '/api/batch',
  '/badge/default.svg', '/badge/default.json', '/badge/default/.svg',
];

const unknown = [
  '/nope', '/Counter', '/HIT/default/v', '/counters', '//', '//counter', '/api', '/api/', '/api/nope', '/api/sites', '/api/sites/', '/api/sites/default/nope', '/api/sites/default/live/more',
  '/api/sites/default/export/x', '/api/v0', '/api/v0/nope', '/api/v1/count', '/badge', '/badge/', '/badge/default', '/badge/default/a.gif', '/pixel', '/pixel/default', '/pixel/default.svg', '/counter/p',
  '/counter/p.gif', '/hit', '/hit/', '/get', '/info', '/info/a/b/c', '/stream/a/b/c', '/set', '/set/a/b/c', '/create/a/b/c', '/update/a/b/c', '/delete/a/b/c', '/stats/x', '/count/x', '/busuanzi/x',
  '/visit/x', '/numbers/x', '/healthz/x', '/metrics/x', '/visitors/x', '/favicon.ico', '/.well-known/x', '/%63ounter',
];

test('5.12: the answers to a wrong method and to a preflight name the methods that the path accepts', async (t) => {
  const footfall = await startWorkerd(t, { vars: { ALLOWED_ORIGINS: BLOG, STATS: 'public', RATE_LIMITS: 'off' } });
  const ask = async (path, method, headers) => {
    const abort = new AbortController();
    const response = await fetch(`${footfall.url}${path}`, { method, headers, signal: abort.signal });
    const told = { status: response.status, allow: response.headers.get('allow'), methods: response.headers.get('access-control-allow-methods') };
    // An event stream does not end.
    abort.abort();
    return told;
  };
  for (const path of [...documented, ...dropIns]) {
    const answers = await Promise.all(METHODS.map(async (method) => [method, await ask(path, method, { origin: BLOG })]));
    const taken = answers.filter(([, { status }]) => status !== 405).map(([method]) => method).join(', ');
    const wrong = answers.filter(([, { status }]) => status === 405);
    assert.notEqual(taken, '', path);
    for (const [method, { allow }] of wrong) assert.equal(allow, taken, `${method} ${path}`);
    for (const [method, { status, allow }] of answers) assert.ok((status === 405) === (allow !== null), `${method} ${path}: ${status} ${allow}`);
    assert.deepEqual(await ask(path, 'OPTIONS', { origin: BLOG, 'access-control-request-method': 'POST' }), { status: 204, allow: null, methods: taken }, path);
    for (const headers of [{}, { origin: 'https://evil.example' }]) assert.deepEqual(await ask(path, 'OPTIONS', headers), { status: 405, allow: taken, methods: null }, path);
    const known = PATHS[Object.keys(PATHS)[documented.indexOf(path)]];
    for (const method of Object.keys(known ?? {})) assert.ok(taken.split(', ').includes(method.toUpperCase()), `the document has ${method} ${path}`);
  }
  for (const path of unknown) {
    for (const method of [...METHODS, 'OPTIONS']) {
      assert.deepEqual(await ask(path, method, { origin: BLOG }), { status: 404, allow: null, methods: null }, `${method} ${path}`);
    }
  }
  assert.equal((await call(`${footfall.url}/api/sites/nope/summary`)).status, 404);
});
