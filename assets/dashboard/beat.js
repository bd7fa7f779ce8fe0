// Decides when to request the numbers again: after a visit, at intervals if no WebSocket reports visits, and after a failure less and less often. A
// hidden page sends no requests.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

/** The interval if no WebSocket reports visits, in milliseconds. */
const EVERY_MS = 60_000;

/**
 * The wait since the last time before a visit causes new requests, in milliseconds, because answers stay the same for 10 s. While visits keep coming,
 * it is longer, because each time costs ten requests.
 */
const SOONEST_MS = 10_500;
const SELDOM_MS = 30_000;
const ON_AND_ON_MS = 60_000;

/** The wait before a failed request is sent again, in milliseconds: the first and the longest. */
const FIRST_TRY_MS = 4_000;
const LAST_TRY_MS = 60_000;

/**
 * `{ beat, problem, next, again, soon, report }`: `beat` is a number that changes when requests are due. `problem` is a failure that may pass, and
 * `next` the time of the next try, if none is in flight. `again()` sends the requests now and `soon()` when it is time.
 * `report(question, problem)` passes on the outcome of a request. `isTold` says whether `soon()` is called when a visit comes.
 */
export function useBeat(isTold) {
  const [state, setState] = useState({ beat: 0, at: Date.now(), tries: 0 });
  const [failures, setFailures] = useState(new Map());
  const hidden = useRef(false);
  const pending = useRef();
  const told = useRef(-Infinity);
  const failed = failures.size > 0;
  const now = useRef();
  now.current = { beat: state.beat, failed };
  const again = useCallback(() => {
    if (document.hidden) return void (hidden.current = true);
    hidden.current = false;
    // The tries count for one failure.
    setState(({ beat, tries }) => ({ beat: beat + 1, at: Date.now(), tries: now.current.failed ? tries + 1 : 0 }));
  }, []);
  const report = useCallback((question, problem) => {
    setFailures((was) => {
      if (!problem?.passes && !was.has(question)) return was;
      const all = new Map(was);
      if (problem?.passes) all.set(question, { problem, beat: now.current.beat, at: Date.now() });
      else all.delete(question);
      return all;
    });
  }, []);
  useEffect(() => {
    const look = () => !document.hidden && hidden.current && again();
    document.addEventListener('visibilitychange', look);
    addEventListener('online', again);
    return () => {
      document.removeEventListener('visibilitychange', look);
      removeEventListener('online', again);
      clearTimeout(pending.current);
    };
  }, []);
  const next = nextTry(state, [...failures.values()], isTold);
  useEffect(() => {
    if (next === undefined) return undefined;
    const timer = setTimeout(again, Math.max(0, next - Date.now()));
    return () => clearTimeout(timer);
  }, [next]);
  // If visits are reported again, the network is back.
  useEffect(() => {
    if (isTold && failed) again();
  }, [isTold]);
  const soon = () => {
    if (pending.current !== undefined) return;
    const apart = Date.now() - told.current < ON_AND_ON_MS ? SELDOM_MS : SOONEST_MS;
    pending.current = setTimeout(() => {
      pending.current = undefined;
      told.current = Date.now();
      again();
    }, Math.max(0, state.at + apart - Date.now()));
  };
  return { beat: state.beat, problem: [...failures.values()][0]?.problem, next, again, soon, report };
}

/** The time of the next requests without a visit. After a failure, it counts from when the failure was known, because that may have taken longer than the wait. */
function nextTry({ beat, at, tries }, failures, isTold) {
  if (failures.length === 0) return isTold ? undefined : at + EVERY_MS;
  const known = failures.filter((failure) => failure.beat === beat).map((failure) => failure.at);
  return known.length === 0 ? undefined : Math.min(...known) + Math.min(LAST_TRY_MS, FIRST_TRY_MS * 2 ** tries);
}
