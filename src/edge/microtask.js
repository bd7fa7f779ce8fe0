// `queueMicrotask` for the futures of wasm-bindgen. The build replaces the platform's function with this one.
//
// The platform's function is a call into C++ that wraps its argument every time. In a profile of workerd it was the most
// expensive part of a visit: 12 of 215 us. A reaction of a settled promise runs in the same turn of the same queue, and stays
// in JavaScript.

// This promise is made while no request runs. So it belongs to no request, and its reactions run for any request.
const settled = Promise.resolve();

export function queueMicrotask(work) {
  settled.then(work).catch(brokeDown);
}

/** The instance has ended, and worker.js goes on with another. The error is logged here, because no code awaits a microtask. */
function brokeDown(error) {
  console.error('Footfall broke down and begins anew with the next request:', error);
}
