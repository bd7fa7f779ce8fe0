// The state that a tab keeps: the token, if one was entered, the address, and the focus.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { read } from './address.js';

const TOKEN = 'footfall-token';

/** The token of this tab, if one was entered, and a function to change it. If the browser stores nothing, the token lasts as long as the page. */
export function useToken() {
  const [token, setToken] = useState(() => {
    try {
      return sessionStorage.getItem(TOKEN) ?? undefined;
    } catch {
      return undefined;
    }
  });
  const keep = (next) => {
    try {
      if (next === undefined) sessionStorage.removeItem(TOKEN);
      else sessionStorage.setItem(TOKEN, next);
    } catch {
      // The token is then only in memory.
    }
    setToken(next);
  };
  return [token, keep];
}

/** Moves the focus when its element disappears, so that the keyboard continues from there: the link to all views disappears when all are shown. */
export const toMain = () => document.querySelector('main')?.focus({ preventScroll: true });

/** The current address, and a function to change it: links within the dashboard do not load a new page. */
export function useAddress() {
  const [shown, setShown] = useState(() => read(location));
  const visit = useCallback((href) => {
    history.pushState(null, '', href);
    setShown(read(location));
  }, []);
  useEffect(() => {
    const onPop = () => setShown(read(location));
    const onClick = (event) => {
      const link = event.target.closest?.('a[href^="/dashboard/"]');
      if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      visit(link.getAttribute('href'));
    };
    addEventListener('popstate', onPop);
    document.addEventListener('click', onClick);
    return () => {
      removeEventListener('popstate', onPop);
      document.removeEventListener('click', onClick);
    };
  }, []);
  const first = useRef(shown);
  useEffect(() => {
    if (shown !== first.current && document.activeElement === document.body) toMain();
  }, [shown]);
  return [shown, visit];
}
