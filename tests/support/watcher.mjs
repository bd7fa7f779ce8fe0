// A watcher of a site, as a dashboard is: a WebSocket that keeps its messages.

import { once } from 'node:events';
import { request } from 'node:http';
import { Waiters } from './waiters.mjs';

/** The two protocols that a watcher with a token offers. */
export const protocols = (token) => ['footfall', `footfall.bearer.${Buffer.from(token).toString('base64url')}`];

export const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);

/** All views and the visitors of now, from a message or an answer. */
export const told = ({ views, people }) => ({ views: sum(views), people: sum(people) });

export class Watcher {
  #waiters = new Waiters();
  #socket;

  /** The messages in order; texts that are not JSON are kept apart. */
  messages = [];
  others = [];

  /** `{ code, reason }` once the WebSocket is closed. */
  closed;

  /** `options` are those of Node's WebSocket: protocols, or `{ protocols, headers }`. */
  constructor(url, { site = 'default', ...options } = {}) {
    this.#socket = new WebSocket(`${url.replace('http', 'ws')}/api/sites/${site}/live`, options);
    this.#socket.onmessage = ({ data }) => {
      if (data.startsWith('{')) this.messages.push({ ...JSON.parse(data), text: data, came: performance.now() });
      else this.others.push(data);
      this.#waiters.wake();
    };
    this.#socket.onclose = ({ code, reason }) => {
      this.closed = { code, reason };
      this.#waiters.wake();
    };
    // `close` follows.
    this.#socket.onerror = () => {};
  }

  get protocol() {
    return this.#socket.protocol;
  }

  get last() {
    return this.messages.at(-1);
  }

  /** Whether the other side has sent a close frame. */
  get closing() {
    return this.#socket.readyState >= WebSocket.CLOSING;
  }

  /** Resolves to the last message once it meets the condition. */
  async until(wanted, what) {
    await this.#waiters.until(() => this.closed || (this.last && wanted(this.last)), what);
    if (this.closed) throw new Error(`closed with ${this.closed.code} while waiting for ${what}`);
    return this.last;
  }

  /** Resolves when this many messages that are not JSON have come. */
  async heard(count) {
    await this.#waiters.until(() => this.others.length >= count, `${count} short messages`);
  }

  async end() {
    await this.#waiters.until(() => this.closed, 'its end');
    return this.closed;
  }

  send(data) {
    this.#socket.send(data);
  }

  close() {
    this.#socket.close(1000);
    return this.end();
  }
}

/** Asks for a WebSocket: `{ status, headers, json }`. `status` is 101 if there is one. */
export async function refusal(server, path, headers = {}, method = 'GET') {
  const asked = request({
    host: '127.0.0.1',
    port: server.port,
    path,
    method,
    headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', ...headers },
  });
  asked.end();
  const upgraded = once(asked, 'upgrade').then(([response, socket]) => {
    socket.destroy();
    return [response];
  });
  const [response] = await Promise.race([once(asked, 'response'), upgraded]);
  let text = '';
  if (response.statusCode !== 101) for await (const chunk of response.setEncoding('utf8')) text += chunk;
  const json = /json/.test(response.headers['content-type']) && text ? JSON.parse(text) : undefined;
  return { status: response.statusCode, headers: new Headers(response.headers), text, json };
}
