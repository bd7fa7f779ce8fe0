// What a tab keeps: the token, if somebody gave one, the address, and the focus.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { read } from './address.js';

const TOKEN = 'footfall-token';

/** The token of this tab, if somebody gave one, and a way to change it. A browser may keep nothing; then it lasts as long as the page. */
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
      // Then it is in memory only.
    }
    setToken(next);
  };
  return [token, keep];
}

/** Moves the focus when its element is gone, so that the keyboard goes on from there: the link to all views goes when all are shown. */
export const toMain = () => document.querySelector('main')?.focus({ preventScroll: true });

/** The address as it is, and a way to change it: links within the dashboard go there without a new page. */
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
