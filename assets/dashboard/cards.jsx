// The sums of a period, and how they changed.

import { change, number, ratio, short } from './format.js';

/** From here on a number is told short, and in full by its title: a card has room for nine signs, a line of a list for seven. */
const LONG = 10_000_000;
const LONG_IN_A_LIST = 1_000_000;

const sum = (value, long = LONG) => (value < long ? number(value) : <span title={number(value)}>{short(value)}</span>);

export const count = (value) => sum(value, LONG_IN_A_LIST);

/**
 * `summary` is an answer of the API, `earlier` the `{ views, visitors }` of before; with a filter some numbers are not known, and their cards are not there. With
 * `compares` there is room for what `earlier` will say, so that nothing moves when it does. With `goesOn` the period is not over, and the one
 * before, which is, had more time.
 */
export function Cards({ summary, earlier, compares, goesOn, busy }) {
  const { views, visitors, total_views: total, excluded } = summary;
  const next = (now, then) => earlier && { by: change(now, then), than: number(then), goesOn };
  return (
    <dl class="cards" aria-busy={busy || undefined} data-compares={compares ? '' : undefined}>
      <Card name="Views" value={sum(views)} {...next(views, earlier?.views)} />
      {visitors !== undefined && <Card name="Visitors" value={sum(visitors)} {...next(visitors, earlier?.visitors)} />}
      {unknown(summary) !== undefined && <Card name="Views a visitor" value={aVisitor(summary)} />}
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

/** How many views have no visitor; of a page nobody knows. */
const unknown = (summary) => (summary.excluded === undefined ? undefined : Object.keys(WHY).reduce((views, name) => views + summary[name], 0));

/** Every visitor has a view. Where that is not so, the views without one are of other hours: they are kept by days of UTC. */
function aVisitor(summary) {
  const { views, visitors } = summary;
  const withVisitor = views - unknown(summary);
  return visitors > 0 && withVisitor >= visitors ? ratio(withVisitor / visitors) : '–';
}

/** Views that have no visitor, where there are any. */
export function Withheld({ summary }) {
  const parts = Object.entries(WHY).filter(([name]) => summary[name] > 0).map(([name, why]) => `${number(summary[name])} ${why}`);
  return parts.length > 0 && <p class="small">Views without a visitor: {parts.join(', ')}.</p>;
}
