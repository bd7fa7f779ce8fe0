// A list of what was viewed most: its first lines.

import { useAnswer } from './answers.js';
import { path } from './api.js';
import { count } from './cards.jsx';
import { DIMENSIONS } from './dimensions.js';
import { country } from './format.js';
import { Failed } from './states.jsx';

/** How many lines of a list the page shows. */
const FIRST = 8;

/** The text that stands for a value of a list. */
export function shown(kind, value) {
  if (kind === 'country') return country(value);
  return DIMENSIONS.find(({ name }) => name === kind)?.values?.[value] ?? value;
}

/**
 * `what` is the list's name in the API, and `kind` the dimension of its lines. `go(change)` is the address of the same page with a change; the page
 * follows links to it by itself. `opens` is the name of the whole list in such an address.
 */
export function List({ title, what, opens = what, kind, query, site, filter, go, children, none }) {
  const answer = useAnswer(path(site, what, { ...query, limit: FIRST }), { kind, what });
  // The answer to another list may still be shown.
  const lines = answer.data?.[answer.about.what];
  return (
    <section class="panel" aria-labelledby={`title-${opens}`} aria-busy={answer.busy || undefined}>
      <header>
        <h2 id={`title-${opens}`}>{title}</h2>
        {children}
      </header>
      {answer.problem && !lines && <Failed problem={answer.problem} />}
      {!lines && !answer.problem && <Skeleton />}
      {lines?.length === 0 && <p class="none">{none}</p>}
      {lines?.length > 0 && <Lines {...{ lines, filter, go, title }} kind={answer.about.kind} />}
      {answer.data?.more && <p class="more"><a href={go({ list: opens })}>All {title.toLowerCase()}</a></p>}
    </section>
  );
}

export function Lines({ lines, kind, filter, go, title, most = lines[0]?.views ?? 0 }) {
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
