// The module that the platform loads. It hands each request and each call of an object to Rust, and starts a fresh instance of
// the WebAssembly if the last one broke down. It decides nothing itself.
//
// The default export is a plain object with `fetch`. worker-build would make an entry-point class behind a proxy, and the
// platform would make an instance of it for each request. In a profile of workerd, making and calling that instance took a
// tenth of a visit's CPU time.

import { DurableObject } from 'cloudflare:workers';
import { scriptBelow } from './base.js';
import { classOf, client } from './handlers/client.js';
import { close } from './objects/live.js';
import { __wbg_reset_state as reset, __worker_init_state as initState, Days as RustDays, Live as RustLive, serve, Shard as RustShard } from 'footfall';

/** `criticalError` is set after Rust panicked. `instanceId` grows with each instance. The crate `worker` maintains both. */
const state = initState();

/**
 * Runs `work` in an intact instance. A trap, or an error that leaves WebAssembly, ends an instance, because its memory may be
 * inconsistent. wasm-bindgen then makes a new instance before the next call. That call must not come from code that holds a
 * pointer into the old instance. So `inRust` first makes a call without a pointer, and `work` checks `state.instanceId` before
 * it uses a pointer of its own.
 */
function inRust(work) {
  initState();
  if (state.criticalError) {
    reset();
    state.criticalError = false;
  }
  return work();
}

/** For client.rs. The names are global, because modules that Rust names must not import packages: its tests on Node have none. */
globalThis.footfallClient = client;
globalThis.footfallAgent = classOf;

export default {
  fetch(request, env, context) {
    const script = env.BASE_PATH && scriptBelow(request, env);
    if (script) return script;
    const { promise, resolve, reject } = Promise.withResolvers();
    // Without this, a request would end in the middle when its client leaves. Its visit would be lost, or a whole batch if this
    // request posts one, and its future in Rust would never be dropped.
    context.waitUntil(promise);
    try {
      inRust(() => serve(request, env, context, resolve, reject));
    } catch (error) {
      reject(error);
    }
    return promise;
  },
};

/**
 * Calls into an object in Rust. If its instance is gone, the object is made again: its state is in its storage, or can be
 * requested again.
 */
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

/** The longest time until an alarm, in milliseconds: a day, and a minute until all clocks agree that the day is over. */
const MAX_DUE_MS = 86_400_000 + 61_000;

/** The shell of an object in Rust: bytes in, bytes out, and the alarm. */
const objectOf = (Rust) =>
  class extends DurableObject {
    #in = inObject(() => new Rust(this.ctx.storage, this.env, this.ctx.id.name));
    /** The time of the next alarm, as far as this instance knows. */
    #due = 0;

    /** Isolates call this. It returns bytes and no promise where it can, which saves the platform a turn: not on the first call. */
    post(call) {
      const ms = this.#due - Date.now();
      // If the alarm is further away than the longest time, a clock that was ahead set it.
      return ms <= MAX_DUE_MS && this.#due > 0 ? this.#serve(call) : this.#arm().then(() => this.#serve(call));
    }

    /**
     * Writes and answer happen in one turn, and the platform holds the answer back until the writes are durable. Mostly that is this turn.
     * It is a later one where a batch waits to be written with others, and where the days of a site first ask their shards what they carry.
     */
    #serve(call) {
      return this.#in((rust) => rust.serve(call)) ?? this.#later(call);
    }

    #later(call) {
      const { promise, resolve } = Promise.withResolvers();
      this.#in((rust) => rust.later(call, this.env, resolve));
      return promise;
    }

    /** It does no harm if the platform runs an alarm twice, or runs a failed alarm again. */
    async alarm() {
      this.#due = 0;
      const again = this.#in((rust) => rust.maintain(this.env));
      if (again === undefined) throw new Error('storage failed; the platform runs this alarm again');
      if (again) await this.#arm();
    }

    /** Sets the alarm, unless one is already set for the same time or an earlier one. */
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

/** An object takes 32,768 WebSockets. With this many, it still has time for pushes and new watchers between two messages. */
const MAX_WATCHERS = 10_000;

/** The longest message that does not close the connection. The only message of a watcher that has a meaning is `ping`. */
const MAX_MESSAGE = 64;

/** The watchers of a site. While nothing happens, the platform puts the object away and keeps their WebSockets. */
export class Live extends DurableObject {
  #in = inObject(() => new RustLive(this.ctx, this.env, this.ctx.id.name));

  constructor(context, env) {
    super(context, env);
    // The platform answers a ping without waking the object.
    context.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
  }

  /** Accepts a WebSocket. The Worker that sends the request has checked that it is allowed. */
  fetch(request) {
    if (this.ctx.getWebSockets().length >= MAX_WATCHERS) return new Response(null, { status: 503 });
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server);
    this.#in((rust) => rust.joined(server));
    // A browser accepts no protocol that it did not offer.
    const offered = request.headers.get('sec-websocket-protocol')?.split(/\s*,\s*/) ?? [];
    const headers = offered.includes('footfall') ? { 'sec-websocket-protocol': 'footfall' } : {};
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  /** Shards call this. */
  post(call) {
    return this.#in((rust) => rust.serve(call));
  }

  webSocketMessage(socket, message) {
    if ((message.length ?? message.byteLength) > MAX_MESSAGE) close(socket, 1008, 'nothing that long is expected');
  }

  webSocketClose(socket, code) {
    // 1005 and 1006 mean that there was no code. They must not be sent.
    close(socket, code === 1005 || code === 1006 ? 1000 : code);
  }
}
