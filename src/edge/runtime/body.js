// Reading a body, up to a cap. See body.rs.

/**
 * The bytes of a request or a response, or `undefined` if there are more than `cap`. In that case the rest is cancelled, because an
 * unread body would keep its connection busy.
 */
export async function bytes(source, cap) {
  const { body, headers } = source;
  if (!body) return new Uint8Array();
  const length = headers.get('content-length');
  // A stated length is only a hint: a service binding does not enforce it.
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
 * All bytes of a body of at most `length` bytes, with one promise instead of one for each chunk. Returns `undefined` if there are more
 * bytes, and `null` if the body cannot be read this way.
 */
async function atMost(body, length) {
  let reader;
  try {
    reader = body.getReader({ mode: 'byob' });
  } catch {
    return null;
  }
  // The buffer has one byte more than needed, so a full buffer means that the body is longer.
  const { value } = await reader.readAtLeast(length + 1, new Uint8Array(length + 1));
  if (value && value.length > length) return giveUp(reader);
  return value ?? new Uint8Array();
}

/** Cancels a body whose outcome is known. A body that cannot be cancelled ends with its request. */
async function giveUp(reader) {
  await reader.cancel().catch(() => {});
  return undefined;
}
