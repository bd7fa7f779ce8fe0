// The POST to an external counter in one crossing. See http_counter.rs.

import { bytes } from '../runtime/body.js';

/**
 * Posts a visit and returns the status of the answer. If the status says that the visit is registered, the function has read the whole
 * body, which is at most `cap` bytes long.
 *
 * It uses no AbortSignal, because that costs 20 us a visit. A caller that stops waiting answers its request. The platform then closes
 * the connections of that request (`tests/workerd/external_counter.test.mjs` checks this).
 */
export async function post(url, body, id, cap) {
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', accept: 'application/json', 'idempotency-key': id },
    // Following a redirect would turn the POST into a GET without a body.
    redirect: 'manual',
  });
  if (!response.ok) {
    // The status is enough for a refusal. An unread body would keep the connection busy.
    await response.body?.cancel().catch(() => {});
  } else if ((await bytes(response, cap)) === undefined) {
    throw new RangeError(`its answer is over ${cap} bytes`);
  }
  return response.status;
}
