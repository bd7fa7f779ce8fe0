// Reading a body under a cap. See body.rs.

/**
 * The bytes of a request or a response, or `undefined` where there are more than `cap`. The rest is then cancelled, because
 * a body that nobody reads would keep its connection busy.
 */
export async function bytes(source, cap) {
  const { body, headers } = source;
  if (!body) return new Uint8Array();
  const length = headers.get('content-length');
  // A stated length is a hint only: over a service binding nobody holds the sender to it.
  if (length !== null && /^\d{1,9}$/.test(length) && Number(length) <= cap) {
    const all = await atMost(body, Number(length));
    if (all !== null) return all;
  }
  const chunks = [];
  let size = 0;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > cap) return giveUp(reader);
    chunks.push(value);
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/**
 * All bytes of a body of at most `length`, with one promise in place of one a chunk; `undefined` where there are more, `null`
 * where the body cannot be read so.
 */
async function atMost(body, length) {
  let reader;
  try {
    reader = body.getReader({ mode: 'byob' });
  } catch {
    return null;
  }
  // One more than there should be: what comes back is short of it once the body has ended.
  const { value } = await reader.readAtLeast(length + 1, new Uint8Array(length + 1));
  if (value && value.length > length) return giveUp(reader);
  return value ?? new Uint8Array();
}

/** What came of it is known already; a body that cannot be cancelled ends with its request. */
async function giveUp(reader) {
  await reader.cancel().catch(() => {});
  return undefined;
}
