// When the numbers are asked for again: when a visit came, where nobody tells so now and then, and after a failure ever less often. A
// page that nobody looks at asks nothing.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

/** How often where nobody tells of visits, in milliseconds. */
const EVERY_MS = 60_000;

/**
 * How soon after the last time when a visit came, in milliseconds: answers are kept for 10 s. While visits come on and on, less often: each
 * time is ten questions.
 */
const SOONEST_MS = 10_500;
const SELDOM_MS = 30_000;
const ON_AND_ON_MS = 60_000;

/** The wait before a question that failed is asked again, in milliseconds: the first, and the longest. */
const FIRST_TRY_MS = 4_000;
const LAST_TRY_MS = 60_000;

/**
 * `{ beat, problem, next, again, soon, report }`: a number that changes when to ask; what is wrong, if that may pass, and when the next
 * try is; `again()` asks now, `soon()` when it is time, `report(question, problem)` says what became of one. `isTold` is whether
 * somebody says `soon()` when a visit comes.
 */
export function useBeat(isTold) {
  const [state, setState] = useState({ beat: 0, at: Date.now(), tries: 0 });
  const [problems, setProblems] = useState(new Map());
  const problem = [...problems.values()].find(({ passes }) => passes);
  const failed = problem !== undefined;
  const hidden = useRef(false);
  const pending = useRef();
  const told = useRef(-Infinity);
  const again = useCallback(() => {
    if (document.hidden) return void (hidden.current = true);
    hidden.current = false;
    setState(({ beat, tries }) => ({ beat: beat + 1, at: Date.now(), tries: tries + 1 }));
  }, []);
  const report = useCallback((question, problem) => {
    setProblems((was) => {
      if (was.get(question) === problem) return was;
      const now = new Map(was);
      if (problem) now.set(question, problem);
      else now.delete(question);
      return now;
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
  const wait = failed ? Math.min(LAST_TRY_MS, FIRST_TRY_MS * 2 ** state.tries) : EVERY_MS;
  useEffect(() => {
    if (isTold && !failed) return undefined;
    const timer = setTimeout(again, wait);
    return () => clearTimeout(timer);
  }, [state.beat, failed, isTold]);
  // The tries are those of one failure.
  useEffect(() => setState((was) => ({ ...was, tries: 0 })), [failed]);
  const soon = () => {
    if (pending.current !== undefined) return;
    const apart = Date.now() - told.current < ON_AND_ON_MS ? SELDOM_MS : SOONEST_MS;
    pending.current = setTimeout(() => {
      pending.current = undefined;
      told.current = Date.now();
      again();
    }, Math.max(0, state.at + apart - Date.now()));
  };
  return { beat: state.beat, problem, next: state.at + wait, again, soon, report };
}
