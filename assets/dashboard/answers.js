// Answers of the API for components: each is kept while the next one is on its way, and requested again in time.

import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import { ask } from './api.js';

/** Shared by all requests of a page: `{ token, beat, report }`. With each new `beat`, all are sent again. */
export const Asking = createContext();

/**
 * The answer to a request for `path`: `{ data, about, at, problem, busy }`. While a new answer is on its way, `data` is the previous one, `about` is
 * the value that was passed with its request, and `busy` is set. After a failure, `data` is the last answer to the same request. `at` is the time
 * at which `data` came. Without a path, no request is sent.
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
  // A problem stays until the next answer; a retry in flight does not clear it.
  useEffect(() => () => report(path, undefined), [path]);
  return path === undefined ? {} : { ...state, busy: state.of !== path };
}
