// Everything that was counted, summed up while an input is read. Nothing here knows a format.

import { Trouble } from '../run.mjs';
import { valueOf } from './details.mjs';
import { pageOf } from './page.mjs';
import { Sessions } from './people.mjs';
import { HOURS } from './time.mjs';

/** The highest count that an import takes. */
const MAX_COUNT = 1_000_000_000_000;

/** A count as it is written, in digits or as a number; undefined if it is none. */
export function countOf(written) {
  const digits = typeof written === 'string' && /^\d{1,16}$/.test(written.trim());
  const count = digits ? Number(written) : written;
  return Number.isInteger(count) && count >= 0 && count <= MAX_COUNT ? count : undefined;
}

/** What {@link countOf} takes, for a person. */
export const A_COUNT = `a whole number from 0 to ${MAX_COUNT}`;

/** `1 view`, `2 views` */
export const many = (count, what) => `${count} ${what}${count === 1 ? '' : 's'}`;

function add(sums, key, count) {
  sums.set(key, bounded((sums.get(key) ?? 0) + count));
}

/** Each count is far below what a number holds exactly, so the first sum that is too high is seen. */
function bounded(sum) {
  if (sum > MAX_COUNT) throw new Trouble(`the counts add up to over ${MAX_COUNT}, the most that an import accepts`);
  return sum;
}

class Day {
  /** Views by page and hour, as one number. */
  views = new Map();
  /** Views by hour, of the whole site. */
  siteViews = new Map();
  /** Views by kind, by value. */
  details = new Map();
  /** Visits that were not counted, by why. */
  excluded = new Map();

  constructor(people) {
    this.people = people;
  }
}

export class Numbers {
  /** The names of the pages; a page is its index everywhere else. */
  pages = [];
  /** Views by page. */
  totals = new Map();
  days = new Map();
  views = 0;
  #indexes = new Map();
  #newPeople;

  /** `newPeople` makes what counts the visitors of a day. */
  constructor(newPeople = () => new Sessions()) {
    this.#newPeople = newPeople;
  }

  /** Views of a page, at a time that nobody knows. Gives the page's index. */
  addViews(name, views) {
    let page = this.#indexes.get(name);
    if (page === undefined) page = this.#named(name, pageOf(name));
    add(this.totals, page, views);
    this.views = bounded(this.views + views);
    return page;
  }

  /** Views of a page in an hour. `session` names their one visitor, if there are sessions. */
  addViewsAt(name, hour, views, session) {
    const page = this.addViews(name, views);
    const day = this.#day(Math.floor(hour / HOURS));
    add(day.views, page * HOURS + (hour % HOURS), views);
    add(day.siteViews, hour % HOURS, views);
    day.people.add(page, hour % HOURS, session);
  }

  addDetail(day, kind, text, views) {
    const value = valueOf(kind, text);
    if (value === '' || views === 0) return;
    const { details } = this.#day(day);
    if (!details.has(kind)) details.set(kind, new Map());
    add(details.get(kind), value, views);
  }

  addExcluded(day, reason) {
    add(this.#day(day).excluded, reason, 1);
  }

  /** The visits that are not views, of all days. */
  get excluded() {
    return [...this.days.values()].flatMap(({ excluded }) => [...excluded.values()]).reduce((sum, visits) => sum + visits, 0);
  }

  /** First and last day with a view; nothing if no time is known. */
  get period() {
    let [first, last] = [Infinity, -Infinity];
    for (const [day, { views }] of this.days) {
      if (views.size > 0) [first, last] = [Math.min(first, day), Math.max(last, day)];
    }
    return first <= last ? [first, last] : undefined;
  }

  #day(day) {
    let found = this.days.get(day);
    if (found === undefined) this.days.set(day, (found = new Day(this.#newPeople())));
    return found;
  }

  /** The index of a page, which several names may be. */
  #named(name, page) {
    let index = this.#indexes.get(page);
    if (index === undefined) index = this.pages.push(page) - 1;
    this.#indexes.set(page, index).set(name, index);
    return index;
  }
}
