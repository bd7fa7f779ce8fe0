// Plain JavaScript Workers that run beside Footfall in one workerd, where they need no sockets. Each is the source of a module.

/** The text that {@link NOWHERE} writes into the log. The harness fails a test whose log contains it. */
export const NOWHERE_MARK = /UNEXPECTED OUTBOUND/;

/** Takes the fetches that no test expects. Nothing else answers with the status 599. */
export const NOWHERE = `
export default {
  fetch(request) {
    console.error('UNEXPECTED OUTBOUND', request.method, request.url);
    return new Response('nothing may be fetched here', { status: 599 });
  },
};
`;

/**
 * Runs before Footfall's own modules and keeps a reference to each instance of its wasm, so that its memory can be measured from inside the
 * isolate.
 */
export const PROBE = `
globalThis.testInstances = [];
WebAssembly.Instance = class extends WebAssembly.Instance {
  constructor(...args) {
    super(...args);
    globalThis.testInstances.push(this);
  }
};
`;

/**
 * Runs after {@link PROBE} and counts the calls between JavaScript and wasm (\`out\` of it and \`into\` it), the calls that shards and the objects
 * of watchers get, and how often the latter woke. The counts are the same on any machine. The entry point Collect makes a call into wasm trap:
 * \`/trap?in=1\` the next one.
 */
export const CROSSINGS = `
globalThis.crossings = { into: 0, out: 0, shardCalls: 0, liveCalls: 0, liveWakes: 0 };
const counted = (functions, way) => Object.fromEntries(Object.entries(functions).map(([name, value]) => [
  name,
  typeof value !== 'function' ? value : (...args) => {
    globalThis.crossings[way] += 1;
    if (name === 'shard_serve') globalThis.crossings.shardCalls += 1;
    if (name === 'live_serve') globalThis.crossings.liveCalls += 1;
    if (name === 'live_new') globalThis.crossings.liveWakes += 1;
    if (way === 'into' && globalThis.trapIn > 0 && (globalThis.trapIn -= 1) === 0) throw new WebAssembly.RuntimeError('unreachable');
    return value(...args);
  },
]));
WebAssembly.Instance = class extends WebAssembly.Instance {
  #exports;
  constructor(module, imports) {
    super(module, Object.fromEntries(Object.entries(imports).map(([from, functions]) => [from, counted(functions, 'out')])));
    this.#exports = counted(super.exports, 'into');
  }
  get exports() {
    return this.#exports;
  }
};
`;

/**
 * Sets the isolate's clock ahead, until the entry point Collect sets it again: `/clock?ahead=0`. The runtime's own clock, which decides when
 * alarms go off, does not change.
 */
export const clockAhead = (ms) => (ms ? `const now = Date.now;\nglobalThis.clockAhead = ${ms};\nDate.now = () => now() + globalThis.clockAhead;\n` : '');

/**
 * Added to every module: an entry point that collects the garbage of its isolate and reports what is left in wasm: bytes of linear memory and
 * references to JavaScript objects. V8 collects at its own times, and meanwhile an isolate may hold hundreds of MiB of garbage that would hide
 * a leak.
 */
export const COLLECT = `
import { WorkerEntrypoint } from 'cloudflare:workers';
export class Collect extends WorkerEntrypoint {
  fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/trap') globalThis.trapIn = Number(searchParams.get('in'));
    if (pathname === '/clock') globalThis.clockAhead = Number(searchParams.get('ahead'));
    gc();
    const exported = (globalThis.testInstances ?? []).map(({ exports }) => exports);
    return Response.json({
      crossings: globalThis.crossings,
      instances: globalThis.testInstances?.length,
      wasmBytes: exported.reduce((sum, { memory }) => sum + (memory?.buffer.byteLength ?? 0), 0),
      wasmRefs: exported.reduce((sum, { __wbindgen_externrefs: refs }) => sum + (refs?.length ?? 0), 0),
    });
  }
}
`;

/**
 * Footfall's main module, whose requests are served inside an object. `/killed-by-the-test` throws the object away together with them. The
 * platform kills requests in this way: nothing that they wait for ever ends.
 */
export const KILLABLE = `
import './probe.js';
import { DurableObject } from 'cloudflare:workers';
import built from './index.js';
export * from './index.js';
export class Host extends DurableObject {
  fetch(request) {
    if (request.url.endsWith('/killed-by-the-test')) this.ctx.abort('thrown away by the test');
    return built.fetch(request, this.env, this.ctx);
  }
}
export default { fetch: (request, env) => env.HOST.getByName('host').fetch(request) };
`;

/**
 * Footfall's main module, with objects that `GET /?binding=&name=&how=` at the entry point Break can throw away while they work, as the platform
 * does when it moves or restarts them: their memory is lost, their storage stays, and waiting callers get an error. It can also make an object
 * hang: every call then waits longer than any caller does, until the object is thrown away. The abort comes from outside of wasm, because inside
 * it would break the whole isolate. A POST there posts calls to the object, all at once: each after its length in 4 bytes, little endian, and so
 * are the answers.
 */
export const breakable = (objects) => `
import './probe.js';
import { DurableObject } from 'cloudflare:workers';
import * as built from './index.js';
export { default } from './index.js';
const breakable = (Built) => class extends DurableObject {
  built = new Built(this.ctx, this.env);
  hangs = false;
  stalls = 0;
  async fetch(request) {
    if (request.url.endsWith('/throw-away')) this.ctx.abort('thrown away by the test');
    if (request.url.endsWith('/hang')) {
      this.hangs = true;
      return new Response('it hangs');
    }
    if (request.url.includes('/overload?')) {
      this.overloaded = new URL(request.url).searchParams.get('words');
      return new Response('it is overloaded');
    }
    if (request.url.endsWith('/stall')) {
      this.stalled = Promise.withResolvers();
      this.stalls = 1;
      return new Response('it stalls');
    }
    if (request.url.endsWith('/is-stalled')) return new Response(String(this.stalls < 1));
    if (request.url.endsWith('/go-on')) {
      this.stalled.resolve();
      return new Response('it goes on');
    }
    return this.built.fetch(request);
  }
  async post(call) {
    if (this.hangs) await scheduler.wait(60_000);
    if (this.stalls-- > 0) await this.stalled.promise;
    if (this.overloaded) {
      const words = this.overloaded;
      this.overloaded = undefined;
      if (!words.startsWith('Durable Object is overloaded.')) await this.built.post(call);
      throw Object.assign(new Error(words), { overloaded: true });
    }
    return this.built.post(call);
  }
  alarm() { return this.built.alarm(); }
  webSocketMessage(...args) { return this.built.webSocketMessage(...args); }
  webSocketClose(...args) { return this.built.webSocketClose(...args); }
};
${objects.map(([, className]) => `export const ${className} = breakable(built.${className});`).join('\n')}
async function posted(object, calls) {
  const view = new DataView(calls.buffer);
  const waiting = [];
  for (let at = 0; at < calls.length; ) {
    const length = view.getUint32(at, true);
    waiting.push(object.post(calls.slice(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  const answers = (await Promise.all(waiting)).map((answer) => new Uint8Array(answer));
  const lengths = answers.map(({ length }) => new Uint8Array(Uint32Array.of(length).buffer));
  return new Blob(answers.flatMap((answer, at) => [lengths[at], answer]));
}
export class Break extends WorkerEntrypoint {
  async fetch(request) {
    const { searchParams } = new URL(request.url);
    const object = this.env[searchParams.get('binding')].getByName(searchParams.get('name'));
    if (request.method === 'POST') return new Response(await posted(object, new Uint8Array(await request.arrayBuffer())));
    const words = searchParams.get('words');
    const did = object.fetch('https://object/' + searchParams.get('how') + (words ? '?words=' + encodeURIComponent(words) : ''));
    return new Response(await did.then((response) => response.text(), () => 'thrown away'));
  }
}
`;

/**
 * A counter that notes each POST and answers it after \`WAIT_MS\`, but none before \`HELD\` POSTs have come. \`GET /notes\` returns the notes and
 * clears them. It runs in one isolate, so plain variables are enough.
 */
export const COUNTER = `
let open = 0, maxOpen = 0, posts = 0, wrong = 0;
let ids = new Set();
export default {
  async fetch(request, env) {
    if (new URL(request.url).pathname === '/notes') {
      const notes = { open, maxOpen, posts, wrong, ids: ids.size };
      maxOpen = open; posts = 0; wrong = 0; ids = new Set();
      return Response.json(notes);
    }
    open += 1;
    posts += 1;
    maxOpen = Math.max(maxOpen, open);
    const { id } = await request.json();
    if (request.method !== 'POST' || typeof id !== 'string') wrong += 1;
    ids.add(id);
    do await scheduler.wait(env.WAIT_MS);
    while (posts < env.HELD);
    open -= 1;
    return new Response('counted');
  },
};
`;

/**
 * Sends Footfall \`?visits=\` requests at once and returns how often each answer came back. The caller has to measure the time: in here, the clock
 * stands still between events.
 */
export const WAVE = `
export default {
  async fetch(request, env) {
    const visits = Number(new URL(request.url).searchParams.get('visits'));
    const answers = {};
    await Promise.all(Array.from({ length: visits }, async () => {
      let answer;
      try {
        const response = await env.FOOTFALL.fetch('http://footfall.test/');
        answer = response.status + ' ' + response.headers.get('Footfall-Visit') + ' ' + await response.text();
      } catch (error) {
        answer = String(error);
      }
      answers[answer] = (answers[answer] ?? 0) + 1;
    }));
    const notes = await (await env.COUNTER.fetch('http://counter.test/notes')).json();
    return Response.json({ answers, notes });
  },
};
`;

/** Sends \`?rounds=\` visits of each kind at once. Returns how many had each outcome. */
export const MIXED = `
const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0';
const page = { 'user-agent': agent, origin: 'https://blog.example' };
const kinds = [
  () => ['/', {}],
  (at) => ['/counter', { method: 'POST', headers: page, body: JSON.stringify({ page: '/' + at % 7, id: 'id' + at, referrer: 'https://r' + at % 5 + '.example/', campaign: 'c' + at % 3 }) }],
  (at) => ['/counter', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(Array.from({ length: 10 }, (_, n) => ({ page: '/l' + n }))) }],
  () => ['/pixel/default.gif?page=/p', {}],
  () => ['/badge/default/b.svg?count=1', {}],
  () => ['/hit/default/key', {}],
  () => ['/count?p=/g&r=https%3A%2F%2Fnews.example%2F', {}],
  () => ['/counter', { method: 'POST', headers: { ...page, 'user-agent': 'Googlebot/2.1' }, body: '{}' }],
];
export default {
  async fetch(request, env) {
    const rounds = Number(new URL(request.url).searchParams.get('rounds'));
    const became = {};
    await Promise.all(Array.from({ length: rounds * kinds.length }, async (_, at) => {
      const [path, { headers, ...init }] = kinds[at % kinds.length](at + Number(request.headers.get('test-first')));
      const address = '203.0.113.' + at % 250;
      const response = await env.FOOTFALL.fetch('http://footfall.test' + path, { ...init, headers: { 'user-agent': agent, 'cf-connecting-ip': address, ...headers } });
      await response.text();
      const visit = response.status + ' ' + response.headers.get('Footfall-Visit');
      became[visit] = (became[visit] ?? 0) + 1;
    }));
    return Response.json(became);
  },
};
`;

/** Sits between Footfall and the network, sends every request twice, and returns the second answer. */
export const TWICE = `
export default {
  async fetch(request) {
    const body = await request.text();
    const send = () => fetch(request.url, { method: request.method, headers: request.headers, body, redirect: 'manual' });
    await (await send()).text();
    return send();
  },
};
`;
