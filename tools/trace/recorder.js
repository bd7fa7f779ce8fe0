// Takes down what src/edge/runtime/trace.rs tells, in the isolate, in the order in which it happens.
//
// The platform's clock stands still while the isolate works and moves when an event enters it. So events of the same millisecond
// are told apart by their order, and by nothing else.

/** Events that are kept: 2,000 visits have some 30,000. What does not fit is counted, so that no picture lacks it unseen. */
const MOST = 2_000_000;

let events = [];
let lost = 0;

function record(...event) {
  if (events.length < MOST) events.push([Date.now(), ...event]);
  else lost += 1;
}

/** By a global name, as the WebAssembly of src/edge/runtime/trace.rs imports it. */
globalThis.footfallTrace = { note: record, carries: (visit, sequence, tickets) => record('posts', visit, sequence, [...tickets]) };

/** All that happened since it was asked last. */
export function taken() {
  const all = { events, lost };
  events = [];
  lost = 0;
  return all;
}
