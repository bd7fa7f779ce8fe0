// A list of what was viewed most, with its first lines, and as a whole in a dialog of its own.

import { useContext, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Asking, useAnswer } from './answers.js';
import { ask, path } from './api.js';
import { count } from './cards.jsx';
import { country, number } from './format.js';
import { Failed } from './states.jsx';

/** Lines of a list on the page, and of the whole list at a time. */
const FIRST = 8;
const MORE = 200;

/** The most lines that the API tells. */
const MOST = 10_001;

/** How long a browser has to read a CSV that it was handed. */
const CSV_MS = 60_000;

const DEVICES = { desktop: 'Desktop', mobile: 'Phone', tablet: 'Tablet' };
const NAMES = { country, device: (device) => DEVICES[device] ?? device };

/** How a value of a list is shown. */
export const shown = (kind, value) => NAMES[kind]?.(value) ?? value;

/**
 * `what` is the list's name in the API, `kind` what its lines are. `go(change)` gives the address of the same page with `change`; links
 * that begin with it are followed within the page.
 */
export function List({ title, what, kind, query, site, filter, go, children, none }) {
  const answer = useAnswer(path(site, what, { ...query, limit: FIRST }), kind);
  const lines = answer.data?.[what];
  return (
    <section class="panel" aria-labelledby={`title-${what}`} aria-busy={answer.busy || undefined}>
      <header>
        <h2 id={`title-${what}`}>{title}</h2>
        {children}
      </header>
      {answer.problem && !lines && <Failed problem={answer.problem} />}
      {!lines && !answer.problem && <Skeleton />}
      {lines?.length === 0 && <p class="none">{none}</p>}
      {lines?.length > 0 && <Lines {...{ lines, filter, go, title }} kind={answer.about} />}
      {lines?.length === FIRST && <p class="more"><a href={go({ list: what })}>All {title.toLowerCase()}</a></p>}
    </section>
  );
}

function Lines({ lines, kind, filter, go, title, most = lines[0]?.views ?? 0 }) {
  const hasVisitors = lines[0]?.visitors !== undefined;
  return (
    <table class="lines">
      <caption class="unseen">{title}</caption>
      <thead><tr><th scope="col"><span class="unseen">{title}</span></th><th scope="col">Views</th>{hasVisitors && <th scope="col">Visitors</th>}</tr></thead>
      <tbody>
        {lines.map((line) => {
          const value = line[kind];
          const isOn = filter?.kind === kind && filter.value === value;
          const name = shown(kind, value);
          return (
            <tr key={value} class={isOn ? 'on' : undefined}>
              <th scope="row">
                <span class="bar" style={{ width: `${most === 0 ? 0 : Math.max(1, (100 * line.views) / most)}%` }} />
                <a href={go({ filter: isOn ? undefined : { kind, value }, list: undefined })} aria-current={isOn || undefined} title={name}>{name}</a>
              </th>
              <td>{count(line.views)}</td>
              {hasVisitors && <td>{count(line.visitors)}</td>}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

export const Skeleton = () => <div class="skeleton" role="status"><span class="unseen">Loading</span>{Array.from({ length: FIRST }, (_, line) => <i key={line} />)}</div>;

/** The whole list: found by a part of its name, 200 lines at a time. */
export function Whole({ title, what, kind, query, site, filter, go, close }) {
  const dialog = useRef();
  const { token } = useContext(Asking);
  const answer = useAnswer(path(site, what, { ...query, limit: MOST }), kind);
  const [part, setPart] = useState('');
  const [room, setRoom] = useState(MORE);
  const [saving, setSaving] = useState();
  useEffect(() => dialog.current.showModal(), []);
  const lines = answer.data?.[what];
  const found = useMemo(() => {
    const wanted = part.trim().toLowerCase();
    return lines?.filter((line) => wanted === '' || shown(answer.about, line[answer.about]).toLowerCase().includes(wanted));
  }, [lines, part]);
  const save = async () => {
    setSaving('busy');
    try {
      // Not by a link: a link has no token.
      const url = URL.createObjectURL(await ask(path(site, what, { ...query, limit: MOST, format: 'csv' }), { token }, (response) => response.blob()));
      Object.assign(document.createElement('a'), { href: url, download: `${site}-${what}.csv` }).click();
      // Not at once: a browser may read it only after the click.
      setTimeout(() => URL.revokeObjectURL(url), CSV_MS);
      setSaving(undefined);
    } catch (problem) {
      setSaving(problem.message);
    }
  };
  return (
    <dialog ref={dialog} class="whole" aria-labelledby="title-whole" onClose={close} onClick={(event) => event.target === dialog.current && dialog.current.close()}>
      <header>
        <h2 id="title-whole">All {title.toLowerCase()}</h2>
        <button type="button" class="plain" onClick={() => dialog.current.close()}>Close</button>
      </header>
      <p class="search">
        <label>Find <input type="search" value={part} onInput={(event) => { setPart(event.currentTarget.value); setRoom(MORE); }} autofocus /></label>
        <button type="button" onClick={save} disabled={saving === 'busy'}>Save as CSV</button>
        <span role="status">{found && (found.length === lines.length ? number(found.length) : `${number(found.length)} of ${number(lines.length)}`)}{saving && saving !== 'busy' && ` · ${saving}`}</span>
      </p>
      <div class="scrolls" tabIndex={0} role="region" aria-label={title}>
        {answer.problem && !lines && <Failed problem={answer.problem} />}
        {!lines && !answer.problem && <Skeleton />}
        {found && <Lines {...{ lines: found.slice(0, room), kind: answer.about, filter, go, title, most: lines[0]?.views }} />}
        {found?.length === 0 && <p class="none">Nothing has “{part}” in its name.</p>}
        {found?.length > room && <p class="more"><button type="button" onClick={() => setRoom(room + MORE)}>{number(Math.min(MORE, found.length - room))} more</button></p>}
      </div>
    </dialog>
  );
}
