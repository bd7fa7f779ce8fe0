// A Worker as its visitors see it: assets, answers and WebSockets at one address that outlives the Worker's process, behind a network that can be
// cut.

import { createServer, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { assetOf } from './assets.mjs';

export class Front {
  cut = false;
  /** Whether answers are lost on their way back, after the Worker did its work. */
  losesAnswers = false;
  /** Whether WebSockets get through. With `swallows`, they are neither accepted nor refused. */
  upgrades = true;
  swallows = false;
  /** The requested paths and the posted bodies, including those of requests that were cut. */
  paths = [];
  posts = [];
  /** The headers that the platform adds to each request. */
  edge = { 'cf-connecting-ip': '203.0.113.7' };
  #server;
  #sockets = new Set();

  /** `worker` is the Worker's URL, `http://127.0.0.1:…`. It may be replaced. */
  constructor(worker) {
    this.worker = worker;
  }

  async listen(t) {
    this.#server = createServer((request, response) => this.#serve(request, response));
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    // Open connections must not keep a failed test from ending.
    this.#server.unref();
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
    t.after(() => {
      this.drop();
      this.#server.closeAllConnections();
      this.#server.close();
    });
    return this;
  }

  /** The open WebSockets. */
  get ends() {
    return this.#sockets.size;
  }

  /** Cuts all WebSockets, as a failing network does. */
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
      // Beacons of other counters' scripts have no body.
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
