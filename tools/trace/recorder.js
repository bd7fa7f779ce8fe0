// Records the events of src/edge/runtime/trace.rs in the isolate, in order.
//
// The platform's clock stands still while the isolate works, and moves when an event enters it. Only their order tells events of the same
// millisecond apart.

/** The most events that are kept; 2,000 visits have some 30,000. Events that do not fit are counted, so that no picture lacks them unnoticed. */
const MOST = 2_000_000;

let events = [];
let lost = 0;

function record(...event) {
  if (events.length < MOST) events.push([Date.now(), ...event]);
  else lost += 1;
}

/** A global, because the WebAssembly of src/edge/runtime/trace.rs imports it by this name. */
globalThis.footfallTrace = { note: record, carries: (visit, sequence, tickets) => record('posts', visit, sequence, [...tickets]) };

/** The events since the last call. */
export function taken() {
  const all = { events, lost };
  events = [];
  lost = 0;
  return all;
}
