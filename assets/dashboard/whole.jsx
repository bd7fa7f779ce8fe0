// A whole list in a dialog, however long it is. The dashboard reads 200 lines at a time, and the counter searches the list.

import { useContext, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Asking } from './answers.js';
import { ask, path } from './api.js';
import { LISTS } from './dimensions.js';
import { number } from './format.js';
import { Lines, shown, Skeleton } from './list.jsx';
import { Failed } from './states.jsx';

/** How many lines to read and draw at a time. */
const MORE = 200;

/** The most lines of one answer of the API. */
const MOST = 10_001;

/** How long to wait after a key before searching, in milliseconds, so that typing a word asks once. */
const KEY_MS = 150;

/** How long a browser has to read a CSV that it was given, in milliseconds. */
const CSV_MS = 60_000;

/** Whether the dashboard searches a list itself, because the counter does not know the names that it shows. */
const isSearchedHere = (what) => LISTS.some(({ list, searchShown }) => list === what && searchShown);

/** Appends lines. If the list moved meanwhile, a line that is there already is not added again. */
function after(lines, more, kind) {
  const known = new Set(lines.map((line) => line[kind]));
  return [...lines, ...more.filter((line) => !known.has(line[kind]))];
}

/** The lines of a list up to now: `{ lines, total, hasMore, problem, busy }`, and `more()` to read on. */
function useLines(site, what, kind, query, wanted) {
  const { token, beat } = useContext(Asking);
  const [state, setState] = useState({});
  const [at, setAt] = useState({});
  const [again, setAgain] = useState(beat);
  const question = path(site, what, { ...query, limit: isSearchedHere(what) ? MOST : MORE, q: wanted || undefined });
  const offset = at.question === question ? at.offset : 0;
  useEffect(() => {
    const abort = new AbortController();
    setState((was) => ({ ...was, busy: true }));
    ask(offset > 0 ? `${question}&offset=${offset}` : question, { token, signal: abort.signal }).then(
      (data) => setState((was) => ({ lines: offset > 0 ? after(was.lines, data[what], kind) : data[what], total: data.total, hasMore: data.more, until: data.offset + data[what].length })),
      (problem) => abort.signal.aborted || setState((was) => ({ ...was, busy: false, problem })),
    );
    return () => abort.abort();
  }, [question, offset, token, again]);
  // Ask again for what failed, together with everything else.
  useEffect(() => {
    if (state.problem) setAgain(beat);
  }, [beat]);
  return { ...state, more: () => setAt({ question, offset: state.until }) };
}

export function Whole({ title, what, kind, query, site, filter, go, close }) {
  const dialog = useRef();
  const { token } = useContext(Asking);
  const [part, setPart] = useState('');
  const [wanted, setWanted] = useState('');
  const [saving, setSaving] = useState();
  const here = isSearchedHere(what);
  const { lines, total, hasMore, busy, problem, more } = useLines(site, what, kind, query, here ? '' : wanted);
  const all = useRef();
  if (wanted === '' && total !== undefined && !busy) all.current = { total, most: lines[0]?.views };
  useEffect(() => dialog.current.showModal(), []);
  useEffect(() => {
    const timer = setTimeout(() => setWanted(part.trim()), KEY_MS);
    return () => clearTimeout(timer);
  }, [part]);
  const found = useMemo(() => (here ? lines?.filter((line) => shown(kind, line[kind]).toLowerCase().includes(wanted.toLowerCase())) : lines), [lines, wanted]);
  const length = here ? found?.length : total;
  const save = async () => {
    setSaving('busy');
    try {
      const parts = [];
      for (let offset = 0; offset === 0 || offset < (all.current?.total ?? 0); offset += MOST) {
        const csv = await ask(path(site, what, { ...query, limit: MOST, offset: offset || undefined, format: 'csv' }), { token }, (response) => response.text());
        // The names of the columns once.
        parts.push(offset === 0 ? csv : csv.slice(csv.indexOf('\n') + 1));
      }
      // A link could not send the token.
      const url = URL.createObjectURL(new Blob(parts, { type: 'text/csv;charset=utf-8' }));
      Object.assign(document.createElement('a'), { href: url, download: `${site}-${what}.csv` }).click();
      // Not at once: a browser may read it only after the click.
      setTimeout(() => URL.revokeObjectURL(url), CSV_MS);
      setSaving(undefined);
    } catch (failure) {
      setSaving(failure.message);
    }
  };
  return (
    <dialog ref={dialog} class="whole" aria-labelledby="title-whole" aria-busy={busy || undefined} onClose={close} onClick={(event) => event.target === dialog.current && dialog.current.close()}>
      <header>
        <h2 id="title-whole">All {title.toLowerCase()}</h2>
        <button type="button" class="plain" onClick={() => dialog.current.close()}>Close</button>
      </header>
      <p class="search">
        <label>Find <input type="search" value={part} onInput={(event) => setPart(event.currentTarget.value)} autofocus /></label>
        <button type="button" onClick={save} disabled={saving === 'busy'}>Save as CSV</button>
        <span role="status">{length !== undefined && (wanted === '' ? number(length) : `${number(length)} of ${number(all.current?.total ?? length)}`)}{saving && saving !== 'busy' && ` · ${saving}`}</span>
      </p>
      <div class="scrolls" tabIndex={0} role="region" aria-label={title}>
        {problem && <Failed problem={problem} />}
        {!lines && !problem && <Skeleton />}
        {found && <Lines {...{ lines: found, kind, filter, go, title, most: all.current?.most }} />}
        {found?.length === 0 && <p class="none">Nothing has “{part}” in its name.</p>}
        {hasMore && <p class="more"><button type="button" disabled={busy} onClick={more}>{number(Math.min(MORE, total - lines.length))} more</button> <span class="small">{number(lines.length)} of {number(total)} are shown</span></p>}
      </div>
    </dialog>
  );
}
