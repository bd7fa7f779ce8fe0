// The POST to an external counter in one crossing. See http_counter.rs.

import { bytes } from '../runtime/body.js';

/**
 * Posts a visit and returns the status of the answer. Of one that registers, the whole body has come by then, and is at most
 * `cap` bytes long.
 *
 * Without a signal, which costs 20 us a visit: a caller that gives up waiting answers, and with that the request is
 * over, and the platform closes what it had open (`tests/workerd/external_counter.test.mjs` sees the connection close).
 */
export async function post(url, body, id, cap) {
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', accept: 'application/json', 'idempotency-key': id },
    // A redirect that is followed turns a POST into a GET without a body.
    redirect: 'manual',
  });
  if (!response.ok) {
    // A refusal is one however its body ends; unread, that would keep the connection.
    await response.body?.cancel().catch(() => {});
  } else if ((await bytes(response, cap)) === undefined) {
    throw new RangeError(`its answer is over ${cap} bytes`);
  }
  return response.status;
}
