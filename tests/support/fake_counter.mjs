// A counter endpoint over real sockets that can fail in every way: it refuses, breaks off, hangs, or counts and answers too late. It notes every
// request, because a visit with the right answer may still have been POSTed twice.

import http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';
import { Waiters } from './waiters.mjs';

/** A chunk of an endless answer. */
const CHUNK = Buffer.alloc(16 * 1024, 'x');

const answer = (status, headers = {}) => ({ response }) => response.writeHead(status, headers).end(status === 204 ? undefined : 'counted');

/**
 * The modes. Each handles one exchange whose request was read to its end, except the modes for whole connections. After a mode that does not
 * answer, the caller's deadline ends the exchange.
 */
const MODES = {
  ok: answer(200),
  status: (exchange, { status, headers }) => answer(status, headers)(exchange),
  // Answers when `release()` is called, so a visit stays in flight for as long as a test wants, without a sleep.
  held: async (exchange, _, counter) => {
    await counter.released();
    if (!exchange.aborted) answer(200)(exchange);
  },
  later: (exchange, { ms }) => setTimeout(answer(200), ms, exchange),
  // A client that follows the redirect would count there, and take the answer for a registration.
  redirect: ({ response }, { status }) => response.writeHead(status, { location: '/followed' }).end(),
  // The visit may be counted: the counter has read all of it.
  resetAfterReading: ({ socket }) => socket.resetAndDestroy(),
  hang: () => {},
  headersThenHang: ({ response }) => response.writeHead(200, { 'content-length': '7' }).flushHeaders(),
  // One byte at a time, so that no single wait is long.
  drip: async (exchange, { ms }) => {
    exchange.response.writeHead(200);
    while (!exchange.aborted) {
      exchange.response.write('.');
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
  },
  breakOff: ({ response, socket }) => {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('counted', () => socket.destroy());
  },
  body: ({ response }, { bytes, chunked }) => {
    response.writeHead(200, chunked ? {} : { 'content-length': bytes });
    for (let left = bytes; left > 0; left -= CHUNK.length) response.write(CHUNK.subarray(0, Math.min(left, CHUNK.length)));
    response.end();
  },
  endless: async (exchange) => {
    exchange.response.writeHead(200);
    while (!exchange.aborted) {
      exchange.sent = (exchange.sent ?? 0) + CHUNK.length;
      if (!exchange.response.write(CHUNK)) await Promise.race([once(exchange.response, 'drain'), exchange.closed]);
    }
  },
  garbage: ({ socket }) => socket.end('\x16\x03\x01\x00 this is not HTTP\r\n\r\n'),
};

/** Starts a counter on a free loopback port. It ends with the test `t`. */
export async function startFakeCounter(t) {
  const counter = new FakeCounter();
  await counter.listen(0);
  t.after(() => counter.dispose());
  return counter;
}

class FakeCounter {
  /** The requests whose bodies were read to the end, in order. */
  posts = [];
  /** How many connections reached the port, answered or not. */
  connections = 0;
  /** How many requests are in progress, and the most there were at a time. */
  open = 0;
  maxOpen = 0;

  #mode = 'ok';
  #options = {};
  #http = http.createServer((request, response) => this.#serve(request, response).catch(() => response.destroy()));
  #front;
  #sockets = new Set();
  #changes = new Waiters();
  #release;
  #released;

  get url() {
    return `http://127.0.0.1:${this.port}/counter`;
  }

  async listen(port) {
    this.#front = net.createServer((socket) => this.#connected(socket));
    this.#front.listen({ port, host: '127.0.0.1', backlog: 4096 });
    await once(this.#front, 'listening');
    this.port = this.#front.address().port;
  }

  /** Switches to `mode`: one of MODES, `refused` (nothing listens) or `resetBeforeReading`. Clears the notes. */
  async behave(mode, options = {}) {
    if (!(mode in MODES) && mode !== 'refused' && mode !== 'resetBeforeReading') throw new Error(`no mode ${mode}`);
    this.#mode = mode;
    this.#options = options;
    this.forget();
    if (mode === 'held') this.#released = new Promise((resolve) => (this.#release = resolve));
    if (mode === 'refused' && this.#front.listening) {
      this.#front.close();
      await once(this.#front, 'close');
    }
    if (mode !== 'refused' && !this.#front.listening) await this.listen(this.port);
  }

  forget() {
    this.posts = [];
    this.connections = 0;
    this.maxOpen = this.open;
  }

  /** Answers every held exchange, and those that come later. */
  release() {
    this.#release();
  }

  released() {
    return this.#released;
  }

  /** Waits until `condition(counter)` holds. It is checked again whenever something happens here. */
  until(condition, what) {
    return this.#changes.until(() => condition(this), what);
  }

  async #serve(request, response) {
    // One exchange for each connection: closing a kept-alive connection at the wrong moment would be a fault of its own, and not the one under
    // test.
    response.shouldKeepAlive = false;
    const exchange = { method: request.method, path: request.url, headers: request.headers, response, socket: request.socket };
    exchange.closed = new Promise((resolve) => response.once('close', resolve));
    this.open += 1;
    this.maxOpen = Math.max(this.maxOpen, this.open);
    response.once('close', () => {
      // Unfinished: the other side disconnected, or one of our faults cut the connection.
      exchange.aborted = !response.writableFinished;
      exchange.done = true;
      this.open -= 1;
      this.#changes.wake();
    });
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    exchange.body = Buffer.concat(chunks).toString();
    this.posts.push(exchange);
    this.#changes.wake();
    await MODES[this.#mode](exchange, this.#options, this);
  }

  #connected(socket) {
    this.connections += 1;
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {}); // Some tests reset the connection; `close` follows.
    if (this.#mode === 'resetBeforeReading') socket.resetAndDestroy();
    else this.#http.emit('connection', socket);
  }

  async dispose() {
    this.#release?.();
    for (const socket of this.#sockets) socket.destroy();
    if (this.#front.listening) {
      this.#front.close();
      await once(this.#front, 'close');
    }
  }
}
