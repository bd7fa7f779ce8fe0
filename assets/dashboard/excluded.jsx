// Visits that were not counted, and why.

import { useAnswer } from './answers.js';
import { path } from './api.js';
import { count } from './cards.jsx';
import { many } from './format.js';
import { Skeleton } from './list.jsx';
import REASONS from './reasons.json' with { type: 'json' };
import { Failed } from './states.jsx';

/** Visits that were not counted. `alone` means that nothing was counted; the card is then left out unless it has lines. */
export function Excluded({ site, query, alone }) {
  const { data, problem, busy } = useAnswer(path(site, 'excluded', query));
  const sums = new Map();
  for (const { reason, visits } of data?.excluded ?? []) sums.set(reason, (sums.get(reason) ?? 0) + visits);
  const lines = [...sums].sort(([, a], [, b]) => b - a);
  const refused = data?.refused ?? [];
  if (alone && lines.length === 0 && refused.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="title-excluded" aria-busy={busy || undefined}>
      <header><h2 id="title-excluded">Not counted</h2></header>
      {problem && !data && <Failed problem={problem} />}
      {!data && !problem && <Skeleton />}
      {data && lines.length === 0 && refused.length === 0 && <p class="none">Everything that came was counted.</p>}
      {lines.length > 0 && (
        <table class="lines">
          <caption class="unseen">Not counted, by reason</caption>
          <thead><tr><th scope="col"><span class="unseen">Reason</span></th><th scope="col">Visits</th></tr></thead>
          <tbody>
            {lines.map(([reason, visits]) => (
              <tr key={reason}>
                <th scope="row"><span class="bar" style={{ width: `${Math.max(1, (100 * visits) / lines[0][1])}%` }} /><span class="name">{REASONS[reason] ?? reason}</span></th>
                <td>{count(visits)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {refused.length > 0 && <Refused refused={refused} />}
    </section>
  );
}

/** Origins and sites whose visits were refused because no setting lists them, with the setting that would. */
function Refused({ refused }) {
  return (
    <>
      <h3>Refused for how this counter is set up</h3>
      <ul class="refused">
        {refused.map(({ unlisted, name, visits, set }) => (
          <li key={`${unlisted} ${name}`}>
            <p>{many(visits, 'visit')} or more {from(unlisted, name)}.{set ? ' To count them:' : ''}</p>
            {set && <pre tabIndex={0}><code>{set}</code></pre>}
          </li>
        ))}
      </ul>
    </>
  );
}

function from(unlisted, name) {
  if (unlisted === 'site') return <>for the site <b>{name}</b>, which is not listed</>;
  if (name === 'null') return <>from pages without an origin, as files and sandboxes are</>;
  return <>from pages of <b>{name}</b>, which is not listed</>;
}
