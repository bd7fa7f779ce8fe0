// Bad input: every wrong request is refused with one line, counts nothing, and never gets a 5xx.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assertProblem } from '../support/answers.mjs';
import { call, chunked, open, post, raw, views } from '../support/client.mjs';
import { mulberry32 } from '../support/random.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const footfall = await startWorkerd({ after }, { vars: { SITES: 'default,blog' } });

/** The most bytes that a body may have. */
const BODY = 32_768;
const POST = ['POST /counter HTTP/1.1', 'Content-Type: application/json'];
const length = (body) => `Content-Length: ${Buffer.byteLength(body)}`;
const postRaw = (body) => raw(footfall, [...POST, length(body)], body);
const postTyped = (type, body = '{}') => raw(footfall, ['POST /counter HTTP/1.1', ...(type === null ? [] : [`Content-Type: ${type}`]), length(body)], body);
const get = (query) => raw(footfall, [`GET /counter?${query} HTTP/1.1`]);
/** A visit as JSON, padded with white space to a length. */
const padded = (bytes) => '{"page":"/padded"}'.padEnd(bytes);

const counts = async () => [await views(footfall), await views(footfall, { site: 'blog' })];

/** Runs `requests` and checks that none was counted. */
async function countingNothing(requests) {
  const before = await counts();
  await requests();
  assert.deepEqual(await counts(), before, 'something was counted');
}

/** Defines a test for a table of requests that all get the same status. */
function refuses(what, status, requests) {
  test(`${what}: ${status}, and nothing is counted`, () =>
    countingNothing(async () => {
      for (const [name, request] of Object.entries(requests)) assertProblem(await request(), status, `${what}, ${name}:`);
    }));
}

const each = (values, request) => Object.fromEntries(values.map((value) => [JSON.stringify(value).slice(0, 60), () => request(value)]));

refuses('a body that is not UTF-8', 400, {
  'a stray byte': () => postRaw(Buffer.from('{"page":"/\xff"}', 'latin1')),
  'an overlong slash': () => postRaw(Buffer.from('{"page":"/\xc0\xaf"}', 'latin1')),
  'a surrogate': () => postRaw(Buffer.from('{"page":"/\xed\xa0\x80"}', 'latin1')),
  'half a letter': () => postRaw(Buffer.from('{"page":"/\xc3', 'latin1')),
  'UTF-16': () => postRaw(Buffer.from('\ufeff{"page":"/"}', 'utf16le')),
});

refuses('a body that is not JSON', 400, {
  ...each(['{', '{}}', '{} {}', 'nope', ' ', '\u0000', "{'page':'/'}", '{"page":"/",}', '{"page":"/a\nb"}', '{"page":"/\\x"}', 'page=/a&site=blog'], postRaw),
  ...each(['null', 'true', '1', '1e999', '"/"', '[]', '["default"]', '["default","/a","x"]', '[[{}]]', '[{},1]', '[{}'], postRaw),
  'brackets as deep as a body allows': () => postRaw('['.repeat(BODY)),
  'objects as deep as a body allows': () => postRaw('{"page":'.repeat(BODY / 8)),
  'a deep value that is closed': () => postRaw(`{"page":${'['.repeat(4000)}${']'.repeat(4000)}}`),
});

refuses('a field of a wrong type', 400, each(
  ['{"page":1.5}', '{"page":true}', '{"page":["/"]}', '{"page":{"/":1}}', '{"site":-1}', '{"site":{}}', '{"id":[]}', '{"id":1e400}', '{"id":9007199254740993}', '{"age":true}'],
  postRaw,
));

refuses('a field that is there twice, with two values', 400, each(['{"page":"/a","page":"/b"}', '{"id":"a","id":"b"}', '{"page":"/a","p\\u0061ge":"/b"}'], postRaw));

refuses('a page that is empty', 400, each(['', ' ', '\n'], (page) => post(footfall, { page })));

refuses('an invalid id', 400, {
  ...each(['', ' ', 'a b', 'a\tb', '\n', 'é', '\u0000', 'a"b', 'a\\b', 'x'.repeat(65)], (id) => post(footfall, { id })),
  'an empty header': () => raw(footfall, ['POST /counter HTTP/1.1', 'Idempotency-Key: ', 'Content-Length: 0']),
  'a header in Latin-1': () => raw(footfall, ['POST /counter HTTP/1.1', 'Idempotency-Key: caf\xe9', 'Content-Length: 0']),
  'two headers': () => raw(footfall, ['POST /counter HTTP/1.1', 'Idempotency-Key: a', 'Idempotency-Key: b', 'Content-Length: 0']),
  'a long header': () => raw(footfall, ['POST /counter HTTP/1.1', `Idempotency-Key: ${'a'.repeat(3000)}`, 'Content-Length: 0']),
  'a header that differs from the body': () => post(footfall, { id: 'a' }, { 'idempotency-key': 'b' }),
});

refuses('a site that is not listed', 404, {
  ...each(['', 'nope', 'Default', 'default ', 'default,blog', 'default/0', '__proto__', 'default\u0000', 's'.repeat(5000)], (site) => post(footfall, { site })),
  ...each(['site=nope', 'site=', 'site', 'site=%ff', 'site=Default', 'site=default%00', 'site=default/0', 'site=nope&page=/a'], get),
});

refuses('a content type that is not JSON', 415, {
  ...each([null, '', 'text/plain', 'text/json', 'application/jsonx', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'], (type) => postTyped(type)),
  'for no JSON either': () => postTyped('text/plain', 'page=/a'),
});

refuses('a body over 32,768 bytes', 413, {
  'by one byte': () => postRaw(padded(BODY + 1)),
  'by far': () => postRaw(padded(1_000_000)),
  'without a stated length': () => raw(footfall, [...POST, 'Transfer-Encoding: chunked'], chunked(padded(BODY + 1))),
  'in small pieces': () => raw(footfall, [...POST, 'Transfer-Encoding: chunked'], chunked(...padded(BODY + 1).match(/[^]{1,1000}/g))),
  // A client that states a length and sends less must not hold the request open.
  'that is still being sent': () => raw(footfall, [...POST, 'Content-Length: 1000000'], padded(BODY + 2000)),
});

refuses('a query that could be misread', 400, each(['page=', 'page', 'page=+', 'page=/a&page=/b', 'site=blog&site=default', 'page=/a&p%61ge=/b'], get));

test('a Worker that sends more than its stated length is cut off at once, and uses no memory', async (t) => {
  const liar = {
    services: { FOOTFALL: 'footfall' },
    source: `export default {
      async fetch(request, env) {
        let sent = 0;
        const chunk = new Uint8Array(1 << 20).fill(32);
        const pull = (controller) => (sent < 50 ? (sent += 1, controller.enqueue(chunk.slice())) : controller.close());
        const headers = { 'content-type': 'application/json', 'content-length': new URL(request.url).searchParams.get('length') };
        const body = new ReadableStream({ type: 'bytes', pull });
        const { status } = await env.FOOTFALL.fetch('http://footfall.test/counter', { method: 'POST', body, headers });
        return Response.json({ status, sent });
      },
    };`,
  };
  const lied = await startWorkerd(t, { collect: ['footfall'], services: { liar }, expose: ['footfall', 'liar'] });
  const before = await lied.settledMemory();
  for (const length of ['5', '0', '32768', '-1', '1e3', '']) {
    const { status, sent } = await (await fetch(`http://127.0.0.1:${lied.ports.liar}/?length=${length}`)).json();
    assert.equal(status, 413, `a stated length of ${length}`);
    assert.ok(sent <= 5, `${sent} MB were taken at a stated length of ${length}`);
  }
  assert.equal((await lied.settledMemory()).wasmBytes, before.wasmBytes);
});

test('bodies and queries of exactly the longest length are accepted', async (t) => {
  const mine = await startWorkerd(t);
  for (const body of [padded(BODY), JSON.stringify({ page: `/${'a'.repeat(1023)}` }), JSON.stringify({ page: `/a${'é'.repeat(511)}` }), JSON.stringify({ id: '!~'.repeat(32) })]) {
    assert.equal((await post(mine, body)).status, 200, body.slice(0, 40));
  }
  assert.equal((await raw(mine, [...POST, 'Transfer-Encoding: chunked'], chunked(...padded(BODY).match(/[^]{1,1000}/g)))).status, 200);
  for (const type of ['application/json', 'Application/JSON', 'application/json; charset=utf-8', 'application/json;charset=utf-8']) {
    assert.equal((await post(mine, '{}', { 'content-type': type })).status, 200, type);
  }
  assert.equal(await views(mine), 9);
});

test('HEAD gets the status of a bad query without its text', async () => {
  const answer = await raw(footfall, ['HEAD /counter?page= HTTP/1.1']);
  assert.deepEqual([answer.status, answer.text], [400, '']);
});

test('a body that breaks off is not counted, even if the part that came would be a visit', () =>
  countingNothing(async () => {
    for (const [header, body] of [['Content-Length: 100', '{}'], ['Transfer-Encoding: chunked', '2\r\n{}\r\n']]) {
      const socket = await open(footfall, [...POST, header, 'Host: footfall.test', '', body].join('\r\n'));
      socket.end();
      const chunks = [];
      for await (const chunk of socket) chunks.push(chunk);
      const answer = Buffer.concat(chunks).toString();
      assert.match(answer, /^$|^HTTP\/1\.1 4\d\d /);
    }
  }));

test('odd but harmless requests, and requests that the runtime refuses, get no 5xx and count nothing', async () => {
  const odd = {
    ...each(['page=/%', 'page=/%zz', 'page=/%e', 'page=/%25', 'page=/%2', 'page=/+', 'page=/\xff', 'page=/é', 'page=/\x01', 'page=/\t', 'page=/a b', 'page=/\x00', '&&page=/a&&', 'page=/?x#y'], get),
    'a header of 100,000 letters': () => raw(footfall, ['GET /counter HTTP/1.1', `X-Big: ${'a'.repeat(100_000)}`]),
    '5,000 headers': () => raw(footfall, ['GET /counter HTTP/1.1', ...Array.from({ length: 5_000 }, (_, n) => `X-${n}: a`)]),
    'a URL of 20,000 letters': () => raw(footfall, [`GET /counter?page=/${'a'.repeat(20_000)} HTTP/1.1`]),
    'an absolute URL': () => raw(footfall, ['GET http://footfall.test/counter?page=/a HTTP/1.1']),
    'a body on GET': () => raw(footfall, ['GET /counter HTTP/1.1', 'Content-Length: 2'], '{}'),
    'a wrong length': () => raw(footfall, [...POST, 'Content-Length: x'], '{}'),
    'no HTTP at all': () => raw(footfall, ['\x16\x03\x01']),
  };
  await countingNothing(async () => {
    for (const [name, request] of Object.entries(odd)) {
      const { status, text } = await request();
      assert.ok(status >= 200 && status < 500, `${name}: ${status} ${text}`);
    }
  });
});

test('random bytes never cause a 5xx', async (t) => {
  const mine = await startWorkerd(t);
  const random = mulberry32(20261122);
  const seeds = ['{"site":"default","page":"/a","id":"x"}', '{"page":"/\\u00e9"}', '{}', '[[{"a":null}]]'];
  for (let round = 0; round < 300; round += 1) {
    const bytes = Buffer.from(seeds[round % seeds.length]);
    for (let change = 0; change < 1 + (round % 4); change += 1) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    const body = await call(`${mine.url}/counter`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: bytes });
    assert.ok([200, 400, 404].includes(body.status), `${JSON.stringify(bytes.toString('latin1'))}: ${body.status} ${body.text}`);
    const query = [...bytes].map((byte) => (random() < 0.5 ? `%${byte.toString(16).padStart(2, '0')}` : '&=%+?/'[byte % 6])).join('');
    const read = await call(`${mine.url}/counter?${query}`);
    assert.ok([200, 400, 404].includes(read.status), `${query}: ${read.status} ${read.text}`);
  }
});

test('after all of that, a good visit is counted', async () => {
  const [before] = await counts();
  assert.equal((await post(footfall, { page: '/good' })).json.views, 1);
  assert.equal(await views(footfall), before + 1);
});
