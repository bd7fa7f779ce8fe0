// The OpenAPI document against the real Worker: the document describes the answer to any request.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { ROOT } from '../../tools/pins.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const DOCUMENT = JSON.parse(readFileSync(join(ROOT, 'assets', 'openapi.json'), 'utf8'));

const ajv = new Ajv.default({ strict: false, allErrors: true });
ajv.addSchema({ $id: 'openapi', ...DOCUMENT });

const resolve = (value) => (value?.$ref ? value.$ref.slice(2).split('/').reduce((at, key) => at[key], DOCUMENT) : value);
const compiled = new Map();

/** A schema of the document, compiled once. Its references point into the document. */
function validator(schema) {
  const text = JSON.stringify(schema).replaceAll('"#/', '"openapi#/');
  if (!compiled.has(text)) compiled.set(text, ajv.compile(JSON.parse(text)));
  return compiled.get(text);
}

/** Fails unless the document allows this answer of the operation. */
async function check(operation, response, what) {
  const { status, headers } = response;
  const described = resolve(operation.responses[status]);
  assert.ok(described, `${what}: status ${status} is not in the document`);
  for (const [name, header] of Object.entries(described.headers ?? {})) {
    const value = headers.get(name);
    if (value !== null) assert.ok(validator(resolve(header).schema)(value), `${what}: ${name}: ${value}`);
  }
  const text = await response.text();
  const type = headers.get('content-type');
  const content = described.content?.[type] ?? (text === '' ? {} : undefined);
  assert.ok(content, `${what}: ${status} with ${type} is not in the document`);
  if (!content.schema) return;
  const body = type === 'application/json' ? JSON.parse(text) : text;
  const validate = validator(content.schema);
  assert.ok(validate(body), `${what}: ${text.slice(0, 300)}\n${ajv.errorsText(validate.errors)}`);
}

test('the document is OpenAPI 3.1', async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(DOCUMENT));
  assert.ok(valid, JSON.stringify(errors));
  assert.equal(DOCUMENT.openapi, '3.1.0');
});

/** Parameters that exclude each other. If each were as frequent as others, hardly any request would be valid. */
const FILTERS = ['only', 'referrer', 'host', 'country', 'device', 'campaign', 'source', 'medium'];

/** Values for a parameter: valid ones, invalid ones and none. */
function values({ name, schema }) {
  const right = {
    SITE: ['default', 'blog'], site: ['default', 'blog'], page: ['/', '/a', '/%C3%A9'], PAGE: ['a', 'a/b', ''], from: ['2026-10-30', '2026-11-20'], to: ['2026-11-22', '2026-11-23'],
    day: ['2026-11-22'], confirm: ['default', 'blog'], views: ['0', '12', '1000000000000'], tz: ['UTC', 'Europe/Berlin', 'Asia/Kolkata'], color: ['red', '0af'], country: ['DE', '(other)'], only: ['country:DE', 'referrer:news.example', 'host:t.co'], device: ['desktop'], label: ['views', '<&>'], 'Idempotency-Key': ['a', 'b'], 'If-None-Match': ['"x"'],
  }[name] ?? schema.enum ?? ['1', '100'];
  const wrong = fc.oneof(fc.constantFrom('', '0', '-1', '%', '99999999999', '2026-13-01', '\u0000', 'é', '"><script>'), fc.string({ maxLength: 20 }));
  return fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...right) }, { weight: FILTERS.includes(name) ? 30 : 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: wrong });
}

const TOKEN = 'owner-of-a-test-0123';

const visits = fc.record(
  Object.fromEntries(['site', 'page', 'id', 'age', 'referrer', 'campaign'].map((name) => [name, fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...({ site: ['default'], page: ['/', '/a'], id: ['x', 'y'], age: ['0'], referrer: ['https://news.example/'], campaign: ['c'] })[name]) }, { weight: 1, arbitrary: fc.jsonValue() })])),
  { requiredKeys: [] },
);
const file = fc
  .tuple(fc.constantFrom('1', '2'), fc.array(fc.constantFrom('{"page":"/a","views":1}', '{"day":"2026-11-22","visitors":3}', '{"page":"a"}', ''), { maxLength: 3 }), fc.nat(3))
  .map(([version, lines, end]) => [`{"footfall":${version},"id":"${version}${end}"}`, ...lines, `{"end":${end},"changes":0}`].join('\n'));
const bodies = fc.oneof({ weight: 6, arbitrary: visits }, { weight: 3, arbitrary: fc.array(visits, { maxLength: 4 }) }, { weight: 1, arbitrary: fc.jsonValue() });

for (const [path, item] of Object.entries(DOCUMENT.paths)) {
  for (const [method, operation] of Object.entries(item)) {
    test(`${method.toUpperCase()} ${path} answers as the document says`, async (t) => {
      const footfall = await startWorkerd(t, { vars: { SITES: 'default,blog', STATS: 'public', EXCLUDED_PAGES: '/draft', ADMIN_TOKEN: TOKEN } });
      const parameters = operation.parameters ?? [];
      const statuses = new Set();
      const [type] = Object.keys(operation.requestBody?.content ?? {});
      const asked = fc.record({
        given: fc.tuple(...parameters.map(values)),
        body: type === 'application/json' ? bodies.map((body) => JSON.stringify(body)) : file,
        token: fc.oneof({ weight: 9, arbitrary: fc.constant(TOKEN) }, { weight: 1, arbitrary: fc.constant('a-wrong-token-of-x') }),
      });
      await fc.assert(
        fc.asyncProperty(asked, async ({ given, body, token }) => {
          let url = path;
          const query = new URLSearchParams();
          const headers = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0' };
          if (operation.security) headers.authorization = `Bearer ${token}`;
          parameters.forEach((parameter, at) => {
            const value = given[at];
            if (parameter.in === 'path') url = url.replace(`{${parameter.name}}`, encodeURIComponent(value ?? 'default'));
            else if (value === undefined) return;
            else if (parameter.in === 'query') query.set(parameter.name, value);
            else if (/^[\x21-\x7e]+$/.test(value)) headers[parameter.name] = value;
          });
          const init = { method: method.toUpperCase(), headers };
          if (type) Object.assign(init, { body, headers: { ...headers, 'content-type': type } });
          const what = `${init.method} ${url}?${query} ${init.body ?? ''}`;
          const response = await fetch(`${footfall.url}${url}?${query}`, init);
          statuses.add(response.status);
          await check(operation, response, what);
        }),
        { numRuns: 150, seed: 20261122 },
      );
      assert.ok(statuses.has(200), `only ${[...statuses]} came`);
    });
  }
}

test('every operation has a unique name and says who may call it', () => {
  const all = Object.values(DOCUMENT.paths).flatMap((path) => Object.entries(path).filter(([method]) => ['get', 'post', 'put', 'delete'].includes(method)).map(([, operation]) => operation));
  const names = all.map(({ operationId }) => operationId);
  assert.ok(names.every((name) => /^[a-z][A-Za-z]+$/.test(name)) && new Set(names).size === names.length, names.join());
  assert.ok(all.every(({ security }) => Array.isArray(security)));
});

test('every example is valid, and the Worker accepts it unchanged', async (t) => {
  const footfall = await startWorkerd(t, { vars: { SITES: 'blog', STATS: 'public', ADMIN_TOKEN: TOKEN, RATE_LIMITS: 'off' } });
  const wanted = ({ in: place, required }) => place === 'path' || required;
  for (const [path, item] of Object.entries(DOCUMENT.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const parameters = operation.parameters ?? [];
      for (const { name, schema, example } of parameters) assert.ok(validator(schema)(example), `${method} ${path}: the example of ${name}`);
      const bodies = Object.entries(operation.requestBody?.content ?? {}).flatMap(([type, { schema, example, examples }]) => {
        const all = [...(example === undefined ? [] : [example]), ...Object.values(examples ?? {}).map(({ value }) => value)];
        for (const body of all) assert.ok(validator(schema)(body), `${method} ${path}: ${JSON.stringify(body)}`);
        return all.map((body) => ({ type, body: typeof body === 'string' ? body : JSON.stringify(body) }));
      });
      assert.ok(!operation.requestBody || bodies.length > 0, `${method} ${path} has no example of its body`);
      // Without optional parameters, and with each of them.
      for (const besides of [undefined, ...parameters.filter((one) => !wanted(one))]) {
        for (const { type, body } of bodies.length > 0 ? bodies : [{}]) {
          const given = parameters.filter((one) => wanted(one) || one === besides);
          const url = given.filter((one) => one.in === 'path').reduce((at, { name, example }) => at.replace(`{${name}}`, example), path);
          const query = new URLSearchParams(given.filter((one) => one.in === 'query').map(({ name, example }) => [name, example]));
          const headers = Object.fromEntries(given.filter((one) => one.in === 'header').map(({ name, example }) => [name, example]));
          if (type) headers['content-type'] = type;
          // A key belongs to one visit, so the id must be the same.
          if (headers['Idempotency-Key'] && body.startsWith('[')) continue;
          const what = `${method} ${url}?${query} ${body ?? ''}`;
          const response = await fetch(`${footfall.url}${url}?${query}`, { method: method.toUpperCase(), body, headers: { ...headers, authorization: `Bearer ${TOKEN}` } });
          // The example's site has views by the time its file is imported.
          const expected = path.endsWith('/import') && besides === undefined ? 409 : 200;
          assert.equal(response.status, expected, `${what}: ${await response.clone().text()}`);
          await check(operation, response, what);
        }
      }
    }
  }
});

test('the document has the answers of any path to a wrong method, and with a wrong variable', async (t) => {
  const right = await startWorkerd(t, { vars: { SITES: 'blog' } });
  const wrong = await startWorkerd(t, { vars: { SITES: 'not a name' } });
  for (const [path, item] of Object.entries(DOCUMENT.paths)) {
    const url = path.replace('{SITE}', 'blog').replace('{PAGE}', 'a');
    for (const [method, operation] of Object.entries(item)) {
      const refused = await fetch(right.url + url, { method: 'PATCH' });
      assert.equal(refused.status, 405, path);
      assert.ok(validator(resolve(operation.responses[405]).headers.Allow.schema)(refused.headers.get('allow')), path);
      await check(operation, refused, `PATCH ${path}`);
      const broken = await fetch(wrong.url + url, { method: method.toUpperCase() });
      assert.equal(broken.status, 500, path);
      await check(operation, broken, `${method} ${path} with a wrong variable`);
    }
  }
});

test('every path that the Worker serves is in the document, except those of other counters', async (t) => {
  const footfall = await startWorkerd(t);
  const nowhere = await (await fetch(`${footfall.url}/nowhere`)).json();
  const told = [...nowhere.hint.matchAll(/(GET|POST|PUT|DELETE) (\/\S*?)(?=[,\s]|$)/g)].map(([, method, path]) => `${method.toLowerCase()} ${path}`);
  const known = Object.entries(DOCUMENT.paths).flatMap(([path, item]) => Object.keys(item).map((method) => `${method} ${path.replaceAll(/[{}]/g, '')}`));
  for (const one of told) assert.ok(known.includes(one), one);
});
