// Promises and timers that end a wait in Rust with one number. See waits.rs.
//
// No timer is stopped. It is gone with its request, which is over soon after its wait, and one that goes off before ends a
// wait that has ended: that does nothing. Stopping them would be 2 % of a visit's time.

/**
 * A promise that another request may end, and a timer of its own owner that bounds it: then it ends with `over`, which no
 * other signal may be. Returns what ends it.
 *
 * `Promise.withResolvers()` and nothing else: a promise made by `new Promise(executor)` loses its owner once V8 optimises
 * its maker, and the isolate then hangs after some 17,500 visits. The timer is there for another reason, too: a request
 * that waits without any I/O of its own is cancelled as hung.
 */
export function park(number, ms, over, ended) {
  const { promise, resolve } = Promise.withResolvers();
  setTimeout(resolve, ms, over);
  promise.then((signal) => ended(number, signal));
  return resolve;
}

/** Ends a wait of any request; its owner goes on in its own context. */
export function wake(resolve, signal) {
  resolve(signal);
}

export function sleep(number, ms, over, ended) {
  setTimeout(ended, ms, number, over);
}

/** Ends a wait with what a promise is settled with. */
export function settle(promise, number, ended, failed) {
  promise.then(
    (value) => ended(number, value),
    (error) => failed(number, error),
  );
}

/** Keeps a request's context alive after its answer, until what this returns is called. */
export function hold(context) {
  const { promise, resolve } = Promise.withResolvers();
  context.waitUntil(promise);
  return resolve;
}
