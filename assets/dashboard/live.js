// The last 30 minutes as they go on: over a WebSocket that comes back by itself, and by asking now and then where there is none.
//
// Every message is the whole state, so one that is lost costs nothing: the next one mends it.

import { ask, path } from './api.js';

/** How often the other side is asked whether it is there, and how long it may take, in milliseconds. A page in the background counts on neither. */
const PING_MS = 25_000;
const PONG_MS = 10_000;

/** The wait before the next try: twice as long each time, with a part by chance, so that 1,000 pages do not come back at once. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** A try that is neither taken nor refused for so long is in vain, in milliseconds: something in between swallows it. */
const CONNECT_MS = 10_000;

/** After so many tries in vain the page asks instead, so often, and goes on trying. */
const TRIES = 2;
const ASK_MS = 10_000;

/** What a message says at another time: minutes that are over move to the left, and out. `age` is in milliseconds. */
export function aged({ at, minute, views, people }, age) {
  const minutes = Math.max(0, Math.floor((at + age) / 60_000) - minute);
  const moved = (counts) => [...counts.slice(minutes), ...Array(Math.min(minutes, counts.length)).fill(0)];
  return { minute: minute + minutes, views: moved(views), people: moved(people) };
}

/** Whether a message tells of other views than the one before, but for those that are too long ago now: of a visit, or of a site that was emptied. */
export function isNews(now, before) {
  const known = aged(before, 60_000 * now.minute - before.at).views;
  return now.views.some((count, minute) => count !== known[minute]);
}

/** The wait after so many tries in vain, in milliseconds. */
export const waitAfter = (tries, chance = Math.random()) => Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tries) * (0.5 + chance / 2);

const base64url = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

/**
 * Follows a site until `stop()`. `tell(state, message)`: the state is `connecting`, `live`, `asking` or `lost`; with a message, if
 * there is a new one.
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

  /** A page with a WebSocket is not kept by a browser, to be shown again at once when somebody goes back to it. */
  #rest = () => {
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#drop();
    // A new start counts its tries anew.
    this.#tries = 0;
  };

  /** Somebody looks again, or there is a network again: no reason to wait on. A socket that is open is asked whether it still is. */
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
    // A browser's WebSocket has no headers, and a token has no place in an address.
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
    // A page that nobody looks at comes back when somebody does.
    this.#after('again', waitAfter(this.#tries), () => document.hidden || this.#connect());
    this.#tries += 1;
    if (this.#tries <= TRIES) this.#tell('connecting');
    else if (this.#tries === TRIES + 1) this.#ask();
  }

  /** Instead of a socket, until there is one. */
  async #ask() {
    clearTimeout(this.#timers.ask);
    if (document.hidden) return;
    const answer = await ask(path(this.#site, 'live'), { token: this.#token }).catch(() => undefined);
    if (this.#stopped || this.#tries === 0) return;
    this.#tell(answer ? 'asking' : 'lost', answer);
    this.#after('ask', ASK_MS, () => this.#ask());
  }
}
