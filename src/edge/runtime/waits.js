// Promises and timers that end a wait in Rust with one number. See waits.rs.
//
// No timer is stopped. A timer ends with its request, soon after its wait. If a timer fires after its wait has ended, nothing happens.
// Stopping timers would take 2 % of a visit's time.

/**
 * Makes a promise that another request may end. A timer of its owner ends it with `over`, which no other signal may equal. Returns the
 * function that ends the promise.
 *
 * It must be `Promise.withResolvers()`: a promise of `new Promise(executor)` loses its owner once V8 optimises the function that
 * makes it, and then the isolate hangs after some 17,500 visits. The timer is also needed because the platform treats a request
 * that waits without any I/O of its own as hung, and cancels it.
 */
export function park(number, ms, over, ended) {
  const { promise, resolve } = Promise.withResolvers();
  setTimeout(resolve, ms, over);
  promise.then((signal) => ended(number, signal));
  return resolve;
}

/** Ends a wait of any request. Its owner goes on in its own context. */
export function wake(resolve, signal) {
  resolve(signal);
}

export function sleep(number, ms, over, ended) {
  setTimeout(ended, ms, number, over);
}

/** Ends a wait with the value or the error of a promise. */
export function settle(promise, number, ended, failed) {
  promise.then(
    (value) => ended(number, value),
    (error) => failed(number, error),
  );
}

/** Keeps the context of a request alive after its answer, until the returned function is called. */
export function hold(context) {
  const { promise, resolve } = Promise.withResolvers();
  context.waitUntil(promise);
  return resolve;
}
