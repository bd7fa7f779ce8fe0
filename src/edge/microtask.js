// `queueMicrotask` for the futures of wasm-bindgen, which the build puts in place of the platform's.
//
// The platform's own is a call into C++ that wraps its argument anew each time. In a profile of workerd that was the most
// expensive thing in a visit: 12 of 215 us. A reaction of a settled promise is the same turn of the same queue, and stays in
// JavaScript.

// Settled, and made while no request runs: it belongs to none, so its reactions run for any request.
const settled = Promise.resolve();

export function queueMicrotask(work) {
  settled.then(work).catch(brokeDown);
}

/** The instance has ended, and worker.js goes on with another. Said here, because nobody awaits a microtask. */
function brokeDown(error) {
  console.error('Footfall broke down and begins anew with the next request:', error);
}
