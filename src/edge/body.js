// Reading a body under a cap. See body.rs.

/**
 * The bytes of a request or a response, or `undefined` where there are more than `cap`. The rest is then cancelled, because
 * a body that nobody reads would keep its connection busy.
 */
export async function bytes(source, cap) {
  const { body, headers } = source;
  if (!body) return new Uint8Array();
  // A stated length is kept by HTTP; only what is unpacked on the way may be longer. One promise in place of one a chunk.
  const length = headers.get('content-length');
  if (length !== null && Number(length) <= cap && !headers.has('content-encoding')) {
    return new Uint8Array(await source.arrayBuffer());
  }
  const chunks = [];
  let size = 0;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > cap) {
      // What came of it is known already; a body that cannot be cancelled ends with its request.
      await reader.cancel().catch(() => {});
      return undefined;
    }
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
