// Posts batches to an object from inside workerd, as several isolates would. Each lane is an isolate, which posts its next batch when the last is
// answered. Answers are kept and read afterwards, so that the results do not include reading them.
//
// A file of batches is a list of records: lane and length as little-endian 32-bit numbers, then the bytes of the call.

/** The calls of each lane, by file. */
const loaded = new Map();
/** How many calls of each lane were posted, by object. */
const posted = new Map();
/** The answers, by object. */
const answers = new Map();

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const asked = Object.fromEntries(searchParams);
    const answer = { '/load': load, '/post': post, '/check': check, '/rows': rows }[pathname];
    return answer ? Response.json(await answer(asked, env)) : new Response('nothing is here', { status: 404 });
  },
};

async function load({ file }, env) {
  const response = await env.FILES.fetch(`http://files/${file}`);
  if (response.status !== 200) throw new Error(`${file}: ${response.status}`);
  const bytes = await response.arrayBuffer();
  const view = new DataView(bytes);
  const lanes = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const [lane, length] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
    (lanes[lane] ??= []).push(new Uint8Array(bytes.slice(at + 8, at + 8 + length)));
    at += 8 + length;
  }
  loaded.set(file, lanes);
  return { lanes: lanes.length, calls: lanes.reduce((sum, lane) => sum + lane.length, 0) };
}

/** Posts the next `calls` calls of each lane of `file` to the object `name`. `namespace` and `path` choose its kind. */
async function post({ file, calls, namespace, name, path }, env) {
  const from = posted.get(name) ?? 0;
  const until = from + Number(calls);
  posted.set(name, until);
  if (!answers.has(name)) answers.set(name, []);
  const kept = namespace === 'SHARD' ? answers.get(name) : [];
  const stub = env[namespace].getByName(name);
  const run = async (lane) => {
    for (const body of lane.slice(from, until)) {
      // A shard has no paths, and reads only the first argument.
      kept.push(await stub.post(body, path));
    }
  };
  const before = kept.length;
  await Promise.all(loaded.get(file).map(run));
  return { calls: kept.length - before };
}

/** Reads the answers of an object and returns how many visits it says it counted. Anything but a complete receipt is an error. */
function check({ name }) {
  let counted = 0;
  for (const answer of answers.get(name)) {
    const bytes = new Uint8Array(answer);
    let at = 0;
    const number = () => {
      for (let value = 0, scale = 1; ; scale *= 128) {
        const byte = bytes[at++];
        if (byte === undefined) throw new Error('a receipt is cut short');
        value += (byte & 127) * scale;
        if (byte < 128) return value;
      }
    };
    // Version 1, and the answer kind `receipt`: see src/counting/protocol/wire.rs.
    if (number() !== 1 || number() !== 0) throw new Error(`no receipt: ${bytes}`);
    for (let left = number(); left > 0; left -= 1) {
      const [verdict, other, views] = [number(), number(), number()];
      if (verdict !== 0 || other !== 0 || views === 0) throw new Error(`a visit was answered ${verdict}, ${other}, ${views}`);
      counted += 1;
    }
    if (at !== bytes.length) throw new Error('a receipt is too long');
  }
  answers.delete(name);
  return { counted };
}

async function rows({ name }, env) {
  return (await env.SHARD.getByName(name).fetch('https://object/rows')).json();
}
