// A POST to a Durable Object in one crossing, and where the objects are. See object_call.rs.

/**
 * The namespaces where the owner wants their objects, by the bound namespace: `{ objects, hint, ids }`. An id is a hash of the name, which
 * `getByName` would compute for every call.
 */
const places = new WeakMap();

/**
 * Posts bytes to an object. It passes the number of the wait and the bytes of the answer, or the error, to `ended`. Each call uses a new
 * stub, because a stub that saw an error stays broken.
 *
 * It calls the object's method `post`, not its `fetch`, because a request and a response each have a stream as their body. Without these
 * streams, a single visit waits 0.69 ms instead of 0.74 ms. The platform bills both methods alike.
 */
export function post(env, binding, name, call, number, ended) {
  let answer;
  try {
    answer = stub(env, binding, name).post(call);
  } catch (error) {
    return void ended(number, error);
  }
  answer.then(
    (bytes) => ended(number, bytes),
    (error) => ended(number, error),
  );
}

/**
 * A new stub of an object. Every call of an object gets its stub here, so that `JURISDICTION` holds for all of them. src/counting/config/placement.rs
 * checks both variables before any request does. If the platform has no such jurisdiction, this throws: no object is made anywhere else.
 */
export function stub(env, binding, name) {
  const bound = env[binding];
  let place = places.get(bound);
  if (!place) {
    const { HOME: home, JURISDICTION: jurisdiction } = env;
    const objects = jurisdiction ? bound.jurisdiction(jurisdiction) : bound;
    places.set(bound, (place = { objects, hint: home ? { locationHint: home } : undefined, ids: new Map() }));
  }
  const { objects, hint, ids } = place;
  let id = ids.get(name);
  if (!id) ids.set(name, (id = objects.idFromName(name)));
  return objects.get(id, hint);
}
