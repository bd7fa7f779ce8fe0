// Where the objects are: JURISDICTION and HOME hold for each of them. workerd has no jurisdictions and ignores hints, so the namespaces are fakes.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../tools/pins.mjs';
import { post, stub } from '../../src/edge/clients/object_call.js';
import { upgrade } from '../../src/edge/objects/live.js';

/** A namespace that notes what is asked of it, as `[jurisdiction, what, argument, options]`. */
function namespace(asked, of) {
  return {
    jurisdiction: (name) => {
      asked.push([of, 'jurisdiction', name]);
      return namespace(asked, name);
    },
    idFromName: (name) => {
      asked.push([of, 'idFromName', name]);
      return `id of ${name} in ${of}`;
    },
    get: (id, options) => {
      asked.push([of, 'get', id, options]);
      return { post: async (call) => `answer to ${call}`, fetch: async () => ({ status: 503 }) };
    },
  };
}

test('without a setting, objects are where the platform puts them', () => {
  for (const vars of [{}, { HOME: '', JURISDICTION: '' }]) {
    const asked = [];
    const env = { ...vars, SHARD: namespace(asked) };
    stub(env, 'SHARD', 'blog/0');
    stub(env, 'SHARD', 'blog/0');
    const get = [undefined, 'get', 'id of blog/0 in undefined', undefined];
    assert.deepEqual(asked, [[undefined, 'idFromName', 'blog/0'], get, get], 'the id is computed once');
  }
});

test('each call of an object, and each watcher, goes to the jurisdiction, with the hint', async () => {
  const asked = [];
  const env = { HOME: 'weur', JURISDICTION: 'eu', SHARD: namespace(asked), DAYS: namespace(asked), LIVE: namespace(asked) };
  const answers = await Promise.all(['SHARD', 'DAYS'].map((binding) => new Promise((resolve) => post(env, binding, 'blog', 'a call', 7, (...answer) => resolve(answer)))));
  assert.deepEqual(answers, [[7, 'answer to a call'], [7, 'answer to a call']]);
  const status = await new Promise((resolve) => upgrade(env, 'blog', {}, 100, 8, (_, status) => resolve(status)));
  assert.equal(status, 503);
  const one = [[undefined, 'jurisdiction', 'eu'], ['eu', 'idFromName', 'blog'], ['eu', 'get', 'id of blog in eu', { locationHint: 'weur' }]];
  assert.deepEqual(asked, [...one, ...one, ...one]);
});

test('where the platform has no such jurisdiction, no object is used', async () => {
  const never = () => assert.fail('an object elsewhere');
  const env = { JURISDICTION: 'eu', SHARD: { jurisdiction: () => { throw new Error('not here'); }, idFromName: never, get: never } };
  for (let call = 0; call < 2; call += 1) {
    const [, error] = await new Promise((resolve) => post(env, 'SHARD', 'blog/0', 'a call', 7, (...answer) => resolve(answer)));
    assert.equal(error.message, 'not here');
  }
});

test('only one place gets stubs', () => {
  const edge = join(ROOT, 'src', 'edge');
  const files = readdirSync(edge, { recursive: true }).filter((name) => /\.(js|rs)$/.test(name));
  const found = files.filter((name) => /getByName|idFromName|newUniqueId|idFromString|durable_object\(/.test(readFileSync(join(edge, name), 'utf8').replace(/^ *(\/\/|\*).*$/gm, '')));
  assert.deepEqual(found, [join('clients', 'object_call.js')]);
});
