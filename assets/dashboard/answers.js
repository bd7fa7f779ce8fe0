// Answers of the API as a page needs them: kept while the next one is on its way, and asked for again in time.

import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import { ask } from './api.js';

/** What all questions of a page share: `{ token, beat, report }`. With each new `beat` all are asked again. */
export const Asking = createContext();

/**
 * The answer to the question `path`: `{ data, about, problem, busy }`. While another answer is on its way `data` is the one before,
 * `about` what was handed in with its question, and `busy` is set; after a failure `data` is the last one that there was for the
 * same question. Without a path nothing is asked.
 */
export function useAnswer(path, about) {
  const { token, beat, report } = useContext(Asking);
  const [state, setState] = useState({});
  useEffect(() => {
    if (path === undefined) return setState({});
    const abort = new AbortController();
    setState((was) => ({ ...was, busy: was.of !== path }));
    ask(path, { token, signal: abort.signal }).then(
      (data) => {
        setState({ of: path, data, about });
        report(path, undefined);
      },
      (problem) => {
        if (abort.signal.aborted) return;
        setState((was) => (was.of === path ? { ...was, problem, busy: false } : { of: path, about, problem }));
        report(path, problem);
      },
    );
    return () => {
      abort.abort();
      report(path, undefined);
    };
  }, [path, token, beat]);
  return path === undefined ? {} : state;
}
