// The address of what the dashboard shows. The same address shows the same, and "back" goes back. The address leaves out defaults, and the
// dashboard ignores parts of an address that it does not understand.

import { CHOICES, DIMENSIONS, LISTS as LISTS_OF_VALUES } from './dimensions.js';
import { isDay, MOST_DAYS, daysOf, PERIODS, STEPS } from './period.js';

/** The dimensions that a click on a line of a list can filter by. */
export const FILTERS = ['page', ...DIMENSIONS.map(({ name }) => name)];

/**
 * Filters that are named like parameters which track people. Browsers and their add-ons remove such parameters from any address; the dashboard
 * would then show all views instead of those of one source.
 */
const CLEANED = ['referrer', 'campaign', 'source', 'medium'];

/** The parameter that asks for the views of a filter, in an address and in the API: `[name, value]`. */
export const asked = ({ kind, value }) => (CLEANED.includes(kind) ? ['only', `${kind}:${value}`] : [kind, value]);

/** Whether a filter is for a value, whose views are kept by day and without visitors. */
export const isValue = (filter) => filter !== undefined && filter.kind !== 'page';

/** Whether pages are listed by their views in the period, or by all views ever, which include those without a date. */
export const WHENS = ['period', 'ever'];

/** The lists that can be opened as a whole. */
export const LISTS = ['pages', ...LISTS_OF_VALUES.map(({ list }) => list)];

const DEFAULT_PERIOD = '30d';

/** Reads an address: `{ site, period | from and to, by, tz, compare, filter, referrers, campaigns, pages, list }`. */
export function read({ pathname, search }) {
  const query = new URLSearchParams(search);
  const one = (name, known) => (known.includes(query.get(name)) ? query.get(name) : undefined);
  return {
    site: siteOf(pathname),
    ...periodOf(query),
    by: one('by', Object.keys(STEPS)),
    tz: zone(query.get('tz')),
    compare: query.get('compare') !== 'no',
    filter: filterOf(query),
    ...Object.fromEntries(CHOICES.map(({ list, of }) => [list, one(list, of.map(({ name }) => name)) ?? of[0].name])),
    pages: one('pages', WHENS) ?? 'period',
    list: one('list', LISTS),
  };
}

/** Writes it. */
export function write({ site, period, from, to, by, tz, compare, filter, pages, list, ...choices }) {
  const query = new URLSearchParams();
  const set = (name, value, byItself) => value !== undefined && value !== byItself && query.set(name, value);
  set('period', period, DEFAULT_PERIOD);
  set('from', period ? undefined : from);
  set('to', period ? undefined : to);
  set('by', by);
  set('tz', tz);
  set('compare', compare ? undefined : 'no');
  if (filter) set(...asked(filter));
  for (const choice of CHOICES) set(choice.list, choices[choice.list], choice.of[0].name);
  set('pages', pages, 'period');
  set('list', list);
  const text = query.toString();
  return `/dashboard/${encodeURIComponent(site)}${text && `?${text}`}`;
}

/** The filter of an address: `only=KIND:VALUE`, or a parameter that is named like the kind. */
function filterOf(query) {
  const [, only, text] = /^(\w+):([^]+)$/.exec(query.get('only') ?? '') ?? [];
  if (FILTERS.includes(only)) return { kind: only, value: text };
  const kind = FILTERS.find((name) => query.get(name));
  return kind && { kind, value: query.get(kind) };
}

function siteOf(pathname) {
  try {
    return decodeURIComponent(/^\/dashboard\/([^/]*)/.exec(pathname)?.[1] ?? '');
  } catch {
    return '';
  }
}

function periodOf(query) {
  const [from, to, period] = ['from', 'to', 'period'].map((name) => query.get(name));
  if (from && to && isDay(from) && isDay(to) && from <= to && daysOf({ from, to }) <= MOST_DAYS) return { from, to };
  return { period: Object.hasOwn(PERIODS, period) ? period : DEFAULT_PERIOD };
}

/** A time zone, if this browser knows it. */
export function zone(tz) {
  try {
    return tz ? new Intl.DateTimeFormat('en', { timeZone: tz }).resolvedOptions().timeZone && tz : undefined;
  } catch {
    return undefined;
  }
}
