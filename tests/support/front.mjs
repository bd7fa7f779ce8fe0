// A Worker as its visitors see it: its assets, its answers and its WebSockets on one address that outlives the Worker's process, and
// a network in between that can be cut.

import { createServer, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { assetOf } from './assets.mjs';

export class Front {
  cut = false;
  /** Answers that are thrown away on their way back, after the Worker did its work. */
  losesAnswers = false;
  /** Whether WebSockets get through; with `swallows` they are neither taken nor refused. */
  upgrades = true;
  swallows = false;
  /** The paths that were asked for, and the bodies that were posted, those that were cut included. */
  paths = [];
  posts = [];
  /** What the platform adds to each request. */
  edge = { 'cf-connecting-ip': '203.0.113.7' };
  #server;
  #sockets = new Set();

  /** `worker` is what starts with `http://127.0.0.1:`; it may be set anew. */
  constructor(worker) {
    this.worker = worker;
  }

  async listen(t) {
    this.#server = createServer((request, response) => this.#serve(request, response));
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    // A test that fails ends all the same.
    this.#server.unref();
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
    t.after(() => {
      this.drop();
      this.#server.closeAllConnections();
      this.#server.close();
    });
    return this;
  }

  /** Ends of WebSockets that are open. */
  get ends() {
    return this.#sockets.size;
  }

  /** Ends all WebSockets, as a network that breaks off does. */
  drop() {
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(request, response) {
    const { pathname } = new URL(request.url, 'http://front');
    this.paths.push(request.url);
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const asset = request.method === 'GET' && assetOf(pathname);
      if (asset) return void response.writeHead(200, asset.headers).end(asset.body);
      const body = Buffer.concat(chunks);
      // A beacon of another counter's script has no body.
      if (request.method === 'POST' && body.length > 0) this.posts.push(JSON.parse(body));
      if (this.cut) return void response.destroy();
      const onward = httpRequest(`${this.worker}${request.url}`, { method: request.method, headers: { ...request.headers, ...this.edge } }, (answer) => {
        if (this.losesAnswers) return void response.destroy();
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      onward.end(body);
    });
  }

  #hold(socket) {
    this.#sockets.add(socket);
    socket.resume().on('close', () => this.#sockets.delete(socket));
  }

  #upgrade(request, socket, head) {
    this.paths.push(request.url);
    socket.on('error', () => {});
    if (this.swallows) return void this.#hold(socket);
    if (this.cut || !this.upgrades) return void socket.destroy();
    const onward = connect(Number(new URL(this.worker).port), '127.0.0.1');
    this.#sockets.add(socket).add(onward);
    for (const [one, other] of [[socket, onward], [onward, socket]]) {
      one.on('error', () => {});
      one.on('close', () => {
        other.destroy();
        this.#sockets.delete(one);
      });
    }
    const lines = [`${request.method} ${request.url} HTTP/1.1`];
    for (let at = 0; at < request.rawHeaders.length; at += 2) lines.push(`${request.rawHeaders[at]}: ${request.rawHeaders[at + 1]}`);
    onward.write(`${lines.join('\r\n')}\r\n\r\n`);
    onward.write(head);
    socket.pipe(onward).pipe(socket);
  }
}
