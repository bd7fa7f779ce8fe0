// A POST to a Durable Object in one crossing. See object_call.rs.

/**
 * Posts bytes to an object, and returns the promise of those that it answers. Through a new stub each time: one that saw an
 * error stays broken.
 *
 * The object's method `post`, not its `fetch`: a request and a response have a body each that is a stream. Without the two, a
 * visit alone waits 0.69 ms instead of 0.74 ms. The platform bills both alike.
 */
export function post(objects, name, call) {
  return objects.getByName(name).post(call);
}
