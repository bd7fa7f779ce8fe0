// The sums of a period, and how they changed.

import { change, many, number, ratio, short } from './format.js';

/** From here on, a number is shortened, with the full number in its title: a card has room for nine characters, a line of a list for seven. */
const LONG = 10_000_000;
const LONG_IN_A_LIST = 1_000_000;

const sum = (value, long = LONG) => (value < long ? number(value) : <span title={number(value)}>{short(value)}</span>);

export const count = (value) => sum(value, LONG_IN_A_LIST);

/**
 * `summary` is an answer of the API, `earlier` the `{ views, visitors }` of the period before. With a filter, some numbers are not known, and their
 * cards are left out. `compares` reserves room for the comparison, so that nothing moves when `earlier` comes. `goesOn` means that the period is not
 * over, whereas the one before is complete.
 */
export function Cards({ summary, earlier, compares, goesOn, busy }) {
  const { views, visitors, total_views: total, excluded } = summary;
  const next = (now, then) => earlier && { by: change(now, then), than: number(then), goesOn };
  return (
    <dl class="cards" aria-busy={busy || undefined} data-compares={compares ? '' : undefined}>
      <Card name="Views" value={sum(views)} {...next(views, earlier?.views)} />
      {visitors !== undefined && <Card name="Visitors" value={sum(visitors)} {...next(visitors, earlier?.visitors)} />}
      {unknown(summary) !== undefined && <Card name="Views per visitor" value={aVisitor(summary)} />}
      {excluded !== undefined && <Card name="Not counted" value={sum(excluded)} />}
      {total !== undefined && <Card name="Views ever" value={sum(total)} />}
    </dl>
  );
}

const Card = ({ name, value, by, than, goesOn }) => (
  <div>
    <dt>{name}</dt>
    <dd>
      <strong>{value}</strong>
      {by && <small>{by}{goesOn && ' so far'} from {than}<span class="unseen"> in the period before</span></small>}
    </dd>
  </div>
);

const WHY = {
  views_opted_out: 'by people who opted out (GPC, DNT)',
  views_without_address: 'from no known address',
  views_without_salt: 'while the salt of the day was out of reach',
  views_beyond_visitors: 'beyond the visitors that a day can tell apart',
};

/** How many views have no visitor; for a page, that is not known. */
const unknown = (summary) => (summary.excluded === undefined ? undefined : Object.keys(WHY).reduce((views, name) => views + summary[name], 0));

/** Views per visitor. Each visitor has at least one view. If there are fewer, views without a visitor belong to other hours, because they are kept by days of UTC. */
function aVisitor(summary) {
  const { views, visitors } = summary;
  const withVisitor = views - unknown(summary);
  return visitors > 0 && withVisitor >= visitors ? ratio(withVisitor / visitors) : '–';
}

/** How many shards count the site, if there are several, or as many as its owner allows. */
export function Shards({ summary: { shards, max_shards: most } }) {
  if (shards === undefined || (shards < 2 && shards !== most)) return null;
  return (
    <p class="small note">
      Counted by {many(shards, 'shard')}{shards >= most && <>, the most that <code>MAX_SHARDS</code> allows: if visits are refused, raise it</>}.
    </p>
  );
}

/** Lists the views without a visitor, if there are any. */
export function Withheld({ summary }) {
  const parts = Object.entries(WHY).filter(([name]) => summary[name] > 0).map(([name, why]) => `${number(summary[name])} ${why}`);
  return parts.length > 0 && <p class="small">Views without a visitor: {parts.join(', ')}.</p>;
}
