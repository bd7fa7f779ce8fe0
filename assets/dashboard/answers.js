// Answers of the API as a page needs them: kept while the next one is on its way, and asked for again in time.

import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import { ask } from './api.js';

/** What all questions of a page share: `{ token, beat, report }`. With each new `beat` all are asked again. */
export const Asking = createContext();

/**
 * The answer to the question `path`: `{ data, about, at, problem, busy }`. While another answer is on its way `data` is the one before,
 * `about` what was handed in with its question, and `busy` is set; after a failure `data` is the last one that there was for the
 * same question. `at` is when `data` came. Without a path nothing is asked.
 */
export function useAnswer(path, about) {
  const { token, beat, report } = useContext(Asking);
  const [state, setState] = useState({});
  useEffect(() => {
    if (path === undefined) return setState({});
    const abort = new AbortController();
    ask(path, { token, signal: abort.signal }).then(
      (data) => {
        if (abort.signal.aborted) return;
        setState({ of: path, data, about, at: Date.now() });
        report(path, undefined);
      },
      (problem) => {
        if (abort.signal.aborted) return;
        setState((was) => (was.of === path ? { ...was, problem } : { of: path, about, problem }));
        report(path, problem);
      },
    );
    return () => abort.abort();
  }, [path, token, beat]);
  // What is wrong stays so until the next answer: a question that is only asked again is not answered yet.
  useEffect(() => () => report(path, undefined), [path]);
  return path === undefined ? {} : { ...state, busy: state.of !== path };
}
