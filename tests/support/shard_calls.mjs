// The calls that isolates post to a shard, and its answers, as bytes: src/counting/protocol/. A test that stands for thousands of isolates posts
// them itself.

/** The version of a message, and the numbers of its kinds in src/counting/protocol/call.rs, answer.rs and batch.rs. */
const VERSION = 1;
const REGISTER = 11;
const RECEIPT = 0;
const REFUSED = 4;
const COUNTED = 0;
/** Kinds of a visit's visitor: a hash, or none, because no address is known. */
const HASH = [0];
const NO_ADDRESS = [1, 2];

/** Appends a whole number, seven bits in a byte, the lowest first (LEB128). */
function number(bytes, value) {
  let left = BigInt(value);
  for (; left >= 128n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  bytes.push(Number(left));
}

function texts(bytes, all) {
  number(bytes, all.length);
  for (const text of all) {
    const encoded = new TextEncoder().encode(text);
    number(bytes, encoded.length);
    for (const byte of encoded) bytes.push(byte);
  }
}

/**
 * The call with a batch of an isolate. Each visit has the number of its `page` among `pages`, and may have a number of its `details`, counted from 1,
 * an `id` and a `visitor`, each up to 2^64.
 */
export function batchCall({ isolate, sequence, day, pages, details = [], visits }) {
  const bytes = [VERSION, REGISTER];
  number(bytes, isolate);
  number(bytes, sequence);
  texts(bytes, pages);
  texts(bytes, details);
  number(bytes, visits.length);
  for (const { page = 0, details: about = 0, id, visitor } of visits) {
    number(bytes, page);
    number(bytes, about);
    bytes.push(id === undefined ? 0 : 1);
    if (id !== undefined) number(bytes, id);
    bytes.push(...(visitor === undefined ? NO_ADDRESS : HASH));
    if (visitor !== undefined) number(bytes, visitor);
    number(bytes, day);
    // Not sent late, and the first of the shares of the memory of ids.
    bytes.push(0, 0);
  }
  // No tallies.
  bytes.push(0);
  return Uint8Array.from(bytes);
}

/** The answer to a batch: the views of the page after each visit, all of which counted; or `{ refused }`, with the number of the fault. */
export function readReceipt(answer) {
  let at = 0;
  const next = () => {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = answer[at++];
      if (byte === undefined) throw new Error(`an answer is cut short: ${answer}`);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const [version, kind] = [next(), next()];
  if (version === VERSION && kind === REFUSED) return { refused: next() };
  if (version !== VERSION || kind !== RECEIPT) throw new Error(`no receipt: ${answer}`);
  const views = Array.from({ length: next() }, () => {
    const [verdict, other, count] = [next(), next(), next()];
    if (verdict !== COUNTED || other !== 0) throw new Error(`a visit was answered ${verdict}, ${other}`);
    return count;
  });
  if (at !== answer.length) throw new Error(`an answer is too long: ${answer}`);
  return views;
}

/** Byte strings one after the other, each after its length in 4 bytes, little endian. */
export function joined(all) {
  const bytes = new Uint8Array(all.reduce((sum, one) => sum + 4 + one.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const one of all) {
    view.setUint32(at, one.length, true);
    bytes.set(one, at + 4);
    at += 4 + one.length;
  }
  return bytes;
}

/** The byte strings of {@link joined}. */
export function split(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const all = [];
  for (let at = 0; at < bytes.length; at += 4 + all.at(-1).length) all.push(bytes.subarray(at + 4, at + 4 + view.getUint32(at, true)));
  return all;
}
