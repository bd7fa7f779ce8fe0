// A list of what was viewed most, with its first lines, and as a whole in a dialog of its own.

import { useAnswer } from './answers.js';
import { path } from './api.js';
import { count } from './cards.jsx';
import { DIMENSIONS } from './dimensions.js';
import { country } from './format.js';
import { Failed } from './states.jsx';

/** Lines of a list on the page. */
const FIRST = 8;

/** How a value of a list is shown. */
export function shown(kind, value) {
  if (kind === 'country') return country(value);
  return DIMENSIONS.find(({ name }) => name === kind)?.values?.[value] ?? value;
}

/**
 * `what` is the list's name in the API, `kind` what its lines are. `go(change)` gives the address of the same page with `change`; links
 * that begin with it are followed within the page, and `opens` is what they call the whole list.
 */
export function List({ title, what, opens = what, kind, query, site, filter, go, children, none }) {
  const answer = useAnswer(path(site, what, { ...query, limit: FIRST }), { kind, what });
  // Another list may be on its way.
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
