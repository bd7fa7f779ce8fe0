// A POST to a Durable Object in one crossing. See object_call.rs.

/**
 * Posts bytes to an object, and returns those of its answer. Through a new stub each time: one that saw an error stays
 * broken. The body is bytes, not a stream, so that the runtime can send it again itself.
 */
export async function post(objects, name, call) {
  const response = await objects.getByName(name).fetch('https://object/', { method: 'POST', body: call });
  return new Uint8Array(await response.arrayBuffer());
}
