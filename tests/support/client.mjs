// Clients for the tests: calls whose answers are read, and requests written byte by byte.

import net from 'node:net';

/** Sends a request with `fetch` and reads the body: `{ status, headers, text, visit, json }`. */
export async function call(url, options) {
  const response = await fetch(url, { redirect: 'manual', ...options });
  return read(response.status, response.headers, await response.text());
}

/** Sends a visit as JSON to `POST /counter`. */
export function post(server, visit, headers = {}) {
  return call(`${server.url}/counter`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof visit === 'string' ? visit : JSON.stringify(visit),
  });
}

/** The views of a page or of the whole site, from `GET /counter`. */
export async function views(server, { site, page } = {}) {
  // Several shards are asked, and not an isolate's sum of the last seconds.
  const query = new URLSearchParams(Object.entries({ site, page, fresh: 1 }).filter(([, value]) => value !== undefined));
  const { status, text, json } = await call(`${server.url}/counter?${query}`);
  if (status !== 200 || !Number.isSafeInteger(json.views)) throw new Error(`no views: ${status} ${text}`);
  return json.views;
}

/** Opens a socket to the server and sends `text`. The caller reads what comes back. */
export async function open(server, text) {
  const socket = net.connect(server.port, '127.0.0.1');
  socket.on('error', () => {});
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('close', () => reject(new Error('the connection was not taken')));
  });
  socket.write(text);
  return socket;
}

/**
 * Sends a request as bytes, for requests that `fetch` corrects or refuses to send. `lines` are the request line and headers; Host and Connection are
 * added. Resolves to the same as {@link call}.
 */
export async function raw(server, lines, body = '') {
  const head = [...lines, 'Host: footfall.test', 'Connection: close', '', ''].join('\r\n');
  const socket = await open(server, Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body)]));
  const chunks = [];
  for await (const chunk of socket) chunks.push(chunk);
  return parse(Buffer.concat(chunks));
}

/** A body in pieces, as `Transfer-Encoding: chunked` sends it: without a stated length. */
export function chunked(...pieces) {
  const chunks = pieces.flatMap((piece) => [`${Buffer.byteLength(piece).toString(16)}\r\n`, piece, '\r\n']);
  return Buffer.concat([...chunks, '0\r\n\r\n'].map((part) => Buffer.from(part)));
}

function parse(bytes) {
  const end = bytes.indexOf('\r\n\r\n');
  const [statusLine, ...lines] = bytes.subarray(0, end < 0 ? bytes.length : end).toString('latin1').split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(`${statusLine} `)?.[1] ?? 0);
  const headers = new Headers(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]));
  const rest = end < 0 ? Buffer.alloc(0) : bytes.subarray(end + 4);
  return read(status, headers, (headers.get('transfer-encoding') === 'chunked' ? dechunk(rest) : rest).toString());
}

function dechunk(bytes) {
  const parts = [];
  for (let at = 0; ; ) {
    const line = bytes.indexOf('\r\n', at);
    const length = parseInt(bytes.subarray(at, line).toString('latin1'), 16);
    if (line < 0 || !(length > 0)) return Buffer.concat(parts);
    parts.push(bytes.subarray(line + 2, line + 2 + length));
    at = line + 2 + length + 2;
  }
}

function read(status, headers, text) {
  const json = headers.get('content-type')?.startsWith('application/json') && text !== '' ? JSON.parse(text) : undefined;
  return { status, headers, text, json, visit: headers.get('footfall-visit') };
}
