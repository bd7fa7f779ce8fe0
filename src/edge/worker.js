// The module that the platform loads: hands each request and each call of an object to Rust, and begins with a fresh
// instance of the WebAssembly where the one before broke down. It carries and decides nothing.
//
// A plain object with `fetch`, not the class of an entry point behind a proxy that worker-build makes: the platform would make
// an instance for each request. In a profile of workerd, making and calling it was a tenth of a visit's CPU time.

import { DurableObject } from 'cloudflare:workers';
import { scriptBelow } from './base.js';
import { classOf, client } from './handlers/client.js';
import { close } from './objects/live.js';
import { __wbg_reset_state as reset, __worker_init_state as initState, Days as RustDays, Live as RustLive, serve, Shard as RustShard } from 'footfall';

/** `criticalError` is set where Rust panicked, `instanceId` grows with each instance. The crate `worker` keeps them. */
const state = initState();

/**
 * Runs `work` in an instance that is whole. A trap, or an error that leaves WebAssembly, ends an instance: its memory is in the
 * middle of something. wasm-bindgen then makes a new one before the next call, and code that holds a pointer into the old one
 * must not be that call. So the first is one without a pointer, and `work` looks at `state.instanceId` before it uses its own.
 */
function inRust(work) {
  initState();
  if (state.criticalError) {
    reset();
    state.criticalError = false;
  }
  return work();
}

/** For client.rs. By a global name, as modules that Rust names must not import packages: its tests on Node have none. */
globalThis.footfallClient = client;
globalThis.footfallAgent = classOf;

export default {
  fetch(request, env, context) {
    const script = env.BASE_PATH && scriptBelow(request, env);
    if (script) return script;
    const { promise, resolve, reject } = Promise.withResolvers();
    // Without this a client that leaves would end its request in the middle: its visit would be lost, or, were it the one
    // that posts a batch, the batch, and its future in Rust would never be dropped.
    context.waitUntil(promise);
    try {
      inRust(() => serve(request, env, context, resolve, reject));
    } catch (error) {
      reject(error);
    }
    return promise;
  },
};

/** Calls into an object in Rust, made anew where its instance is gone; what it knew is in its storage, or is asked for again. */
function inObject(make) {
  let rust;
  let instance;
  return (act) =>
    inRust(() => {
      if (instance !== state.instanceId) {
        rust = make();
        instance = state.instanceId;
      }
      return act(rust);
    });
}

/** The longest that an alarm is off, in milliseconds: a day, and a minute until all clocks agree that it is over. */
const MAX_DUE_MS = 86_400_000 + 61_000;

/** The shell of an object in Rust: bytes in, bytes out, and the alarm. */
const objectOf = (Rust) =>
  class extends DurableObject {
    #in = inObject(() => new Rust(this.ctx.storage, this.env, this.ctx.id.name));
    /** When the alarm goes off, as far as this knows. */
    #due = 0;

    /** What isolates call. Bytes at once and no promise of them, but for the first call, spare the platform a turn. */
    post(call) {
      const ms = this.#due - Date.now();
      // One that is further off than any is set by a clock that was ahead.
      return ms <= MAX_DUE_MS && this.#due > 0 ? this.#serve(call) : this.#arm().then(() => this.#serve(call));
    }

    /**
     * Writes and answer happen in one turn, and the platform holds the answer back until the writes are durable. But a site's days may have
     * to tell a shard first, once where there will be more shards.
     */
    #serve(call) {
      return this.#in((rust) => rust.serve(call)) ?? this.#grow(call);
    }

    #grow(call) {
      const { promise, resolve } = Promise.withResolvers();
      this.#in((rust) => rust.grow(call, this.env, resolve));
      return promise;
    }

    /** Where the platform runs an alarm twice, or runs a failed one again, that does no harm. */
    async alarm() {
      this.#due = 0;
      const again = this.#in((rust) => rust.maintain(this.env));
      if (again === undefined) throw new Error('storage failed; the platform runs this alarm again');
      if (again) await this.#arm();
    }

    /** Sets the alarm where none is set that goes off at the same time, or earlier. */
    async #arm() {
      const { storage } = this.ctx;
      const set = await storage.getAlarm();
      const next = this.#in((rust) => rust.next_alarm());
      if (set === null || set > next) await storage.setAlarm(next);
      this.#due = Math.min(set ?? next, next);
    }
  };

export const Shard = objectOf(RustShard);
export const Days = objectOf(RustDays);

/** An object takes 32,768 WebSockets; this many leave it time to take pushes and newcomers between two messages. */
const MAX_WATCHERS = 10_000;

/** The longest message that is not worth closing for. Nothing that a watcher says means anything but `ping`. */
const MAX_MESSAGE = 64;

/** The watchers of a site. While nothing happens, the platform puts the object away and keeps their WebSockets. */
export class Live extends DurableObject {
  #in = inObject(() => new RustLive(this.ctx, this.env, this.ctx.id.name));

  constructor(context, env) {
    super(context, env);
    // Answered without waking the object.
    context.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
  }

  /** An upgrade, from a Worker that has looked whether it may. */
  fetch(request) {
    if (this.ctx.getWebSockets().length >= MAX_WATCHERS) return new Response(null, { status: 503 });
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server);
    this.#in((rust) => rust.joined(server));
    // A browser takes no protocol that it did not offer.
    const offered = request.headers.get('sec-websocket-protocol')?.split(/\s*,\s*/) ?? [];
    const headers = offered.includes('footfall') ? { 'sec-websocket-protocol': 'footfall' } : {};
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  /** What shards call. */
  post(call) {
    return this.#in((rust) => rust.serve(call));
  }

  webSocketMessage(socket, message) {
    if ((message.length ?? message.byteLength) > MAX_MESSAGE) close(socket, 1008, 'nothing that long is expected');
  }

  webSocketClose(socket, code) {
    // 1005 and 1006 say that there was no code, and may not be sent.
    close(socket, code === 1005 || code === 1006 ? 1000 : code);
  }
}
