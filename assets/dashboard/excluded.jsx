// What was not counted, and why.

import { useAnswer } from './answers.js';
import { path } from './api.js';
import { count } from './cards.jsx';
import { Skeleton } from './list.jsx';
import { Failed } from './states.jsx';

const REASONS = {
  bot: 'Bots and programs',
  prefetch: 'Prefetched, not looked at',
  address: 'Excluded addresses',
  page: 'Excluded pages',
  limited: 'Too many from one address',
  origin: 'Pages of other origins',
  event: 'Events of other counters, which are no views',
};

export function Excluded({ site, query }) {
  const { data, problem, busy } = useAnswer(path(site, 'excluded', query));
  const sums = new Map();
  for (const { reason, visits } of data?.excluded ?? []) sums.set(reason, (sums.get(reason) ?? 0) + visits);
  const lines = [...sums].sort(([, a], [, b]) => b - a);
  return (
    <section class="panel" aria-labelledby="title-excluded" aria-busy={busy || undefined}>
      <header><h2 id="title-excluded">Not counted</h2></header>
      {problem && !data && <Failed problem={problem} />}
      {!data && !problem && <Skeleton />}
      {data && lines.length === 0 && <p class="none">Everything that came was counted.</p>}
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
    </section>
  );
}
