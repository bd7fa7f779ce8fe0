// Follows the last 30 minutes: over a WebSocket that reconnects by itself, and by polling if there is none.
//
// Every message has the whole state, so the next message makes up for a lost one.

import { ask, path } from './api.js';

/** The interval of pings, and the longest wait for a pong, in milliseconds. A page in the background does not rely on either. */
const PING_MS = 25_000;
const PONG_MS = 10_000;

/** The wait before the next try. It doubles each time, with a random part, so that 1,000 pages do not reconnect at once. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** How long a try may be neither accepted nor refused, in milliseconds. After that, something on the way swallows it. */
const CONNECT_MS = 10_000;

/** After this many failed tries, the page polls at this interval, and keeps trying. */
const TRIES = 2;
const ASK_MS = 10_000;

/** A message as it reads `age` milliseconds later: minutes move to the left, and out. */
export function aged({ at, minute, views, people }, age) {
  const minutes = Math.max(0, Math.floor((at + age) / 60_000) - minute);
  const moved = (counts) => [...counts.slice(minutes), ...Array(Math.min(minutes, counts.length)).fill(0)];
  return { minute: minute + minutes, views: moved(views), people: moved(people) };
}

/** Whether a message has other views than the one before, apart from minutes that are too old now: there was a visit, or the site was emptied. */
export function isNews(now, before) {
  const known = aged(before, 60_000 * now.minute - before.at).views;
  return now.views.some((count, minute) => count !== known[minute]);
}

/** The wait after this many failed tries, in milliseconds. */
export const waitAfter = (tries, chance = Math.random()) => Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tries) * (0.5 + chance / 2);

const base64url = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

/**
 * Follows a site until `stop()`. Calls `tell(state, message)`: the state is `connecting`, `live`, `asking` or `lost`, and the message is there if it is
 * new.
 */
export class Live {
  #site;
  #token;
  #tell;
  #socket;
  #timers = {};
  #tries = 0;
  #stopped = false;

  constructor(site, token, tell) {
    this.#site = site;
    this.#token = token;
    this.#tell = tell;
    addEventListener('online', this.#hurry);
    addEventListener('pagehide', this.#rest);
    addEventListener('pageshow', this.#hurry);
    document.addEventListener('visibilitychange', this.#hurry);
    this.#tell('connecting');
    this.#connect();
  }

  stop() {
    this.#stopped = true;
    removeEventListener('online', this.#hurry);
    removeEventListener('pagehide', this.#rest);
    removeEventListener('pageshow', this.#hurry);
    document.removeEventListener('visibilitychange', this.#hurry);
    this.#rest();
  }

  /** Closes the WebSocket when the page is left, because a browser does not keep a page with one for the way back. */
  #rest = () => {
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#drop();
    // A new start resets the number of tries.
    this.#tries = 0;
  };

  /** The page is shown again, or the network is back: tries at once. An open socket gets a ping. */
  #hurry = () => {
    if (document.hidden) return;
    if (this.#socket?.readyState === WebSocket.OPEN) this.#ping();
    else if (!this.#socket) this.#connect();
    if (this.#tries > TRIES) this.#ask();
  };

  #after(name, ms, act) {
    clearTimeout(this.#timers[name]);
    this.#timers[name] = setTimeout(act, ms);
  }

  #connect() {
    clearTimeout(this.#timers.again);
    const url = new URL(path(this.#site, 'live'), location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    // A browser's WebSocket cannot set headers, and a token must not be in an address.
    const protocols = ['footfall', ...(this.#token ? [`footfall.bearer.${base64url(this.#token)}`] : [])];
    const socket = (this.#socket = new WebSocket(url, protocols));
    this.#after('pong', CONNECT_MS, () => {
      this.#tries = Math.max(this.#tries, TRIES);
      this.#lost();
    });
    socket.onopen = () => {
      clearTimeout(this.#timers.pong);
      this.#after('ping', PING_MS, () => this.#ping());
    };
    socket.onmessage = ({ data }) => {
      clearTimeout(this.#timers.pong);
      if (data === 'pong') return;
      this.#tries = 0;
      clearTimeout(this.#timers.ask);
      this.#tell('live', JSON.parse(data));
    };
    socket.onclose = () => socket === this.#socket && this.#lost();
  }

  #ping() {
    this.#socket.send('ping');
    this.#after('pong', PONG_MS, () => this.#lost());
    this.#after('ping', PING_MS, () => this.#ping());
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = undefined;
    clearTimeout(this.#timers.ping);
    clearTimeout(this.#timers.pong);
    socket?.close();
  }

  #lost() {
    this.#drop();
    if (this.#stopped) return;
    // A hidden page reconnects when it is shown.
    this.#after('again', waitAfter(this.#tries), () => document.hidden || this.#connect());
    this.#tries += 1;
    if (this.#tries <= TRIES) this.#tell('connecting');
    else if (this.#tries === TRIES + 1) this.#ask();
  }

  /** Polls until there is a socket. */
  async #ask() {
    clearTimeout(this.#timers.ask);
    if (document.hidden) return;
    const answer = await ask(path(this.#site, 'live'), { token: this.#token }).catch(() => undefined);
    if (this.#stopped || this.#tries === 0) return;
    this.#tell(answer ? 'asking' : 'lost', answer);
    this.#after('ask', ASK_MS, () => this.#ask());
  }
}
