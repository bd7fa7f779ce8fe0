// The gate `audit`, with a registry of its own.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { audit, severe } from '../../tools/dependencies.mjs';
import { untried } from '../../tools/untried.mjs';
import { startServer } from '../support/http_server.mjs';

/** A registry that answers the request for advisories with these, by package. With `undefined`, it does not know the request. */
async function registry(t, advisories) {
  const url = await startServer(t, (request, response) => {
    const asked = request.method === 'POST' && request.url.endsWith('/advisories/bulk');
    request.resume().on('end', () => response.writeHead(asked ? (advisories ? 200 : 405) : 404, { 'content-type': 'application/json' }).end(JSON.stringify(advisories ?? {})));
  });
  // npm caches advisories.
  const cache = mkdtempSync(join(tmpdir(), 'footfall-audit-'));
  t.after(() => rmSync(cache, { recursive: true, force: true }));
  return { ...process.env, npm_config_registry: `${url}/`, npm_config_cache: cache, npm_config_fetch_retries: '0' };
}

const advisory = (severity) => ({ id: 1, url: 'https://advisories.example/GHSA-aaaa-bbbb-cccc', title: 'It reads any file', severity, vulnerable_versions: '<99' });

test('a severe vulnerability of a package fails the gate and is named', async (t) => {
  const env = await registry(t, { esbuild: [advisory('high')] });
  await assert.rejects(audit(env), /esbuild <99: It reads any file \(high, https:\/\/advisories\.example\/GHSA-aaaa-bbbb-cccc\)/);
});

test('a minor vulnerability or none does not fail the gate', async (t) => {
  await audit(await registry(t, { esbuild: [advisory('moderate')] }));
  await audit(await registry(t, {}));
  assert.deepEqual(untried(), []);
});

test('a registry without advisories is reported once and does not fail the gate', async (t) => {
  const env = await registry(t, undefined);
  await audit(env);
  await audit(env);
  assert.equal(untried().length, 1);
  assert.match(untried()[0], /^not tried: vulnerabilities of npm packages: the registry does not answer \(405 /);
});

test('an exception is for an advisory, not for a package', () => {
  const report = { vulnerabilities: { esbuild: { via: [{ ...advisory('high'), name: 'esbuild', range: '<99' }] }, wrangler: { via: ['esbuild'] } } };
  assert.equal(severe(report, {}).length, 1);
  assert.equal(severe(report, { 'GHSA-dddd-eeee-ffff': 'another' }).length, 1);
  assert.deepEqual(severe(report, { 'GHSA-aaaa-bbbb-cccc': 'reads files of a server that is not started' }), []);
});
