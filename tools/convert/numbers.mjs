// Sums up everything that was counted while an input is read, whatever its format.

import { Trouble } from '../run.mjs';
import { valueOf } from './details.mjs';
import { pageOf } from './page.mjs';
import { Sessions } from './people.mjs';
import { HOURS } from './time.mjs';

/** The highest count that an import accepts. */
const MAX_COUNT = 1_000_000_000_000;

/** A count that is written in digits or as a number; undefined if it is not a count. */
export function countOf(written) {
  const digits = typeof written === 'string' && /^\d{1,16}$/.test(written.trim());
  const count = digits ? Number(written) : written;
  return Number.isInteger(count) && count >= 0 && count <= MAX_COUNT ? count : undefined;
}

/** Describes what {@link countOf} accepts, for an error. */
export const A_COUNT = `a whole number from 0 to ${MAX_COUNT}`;

/** `1 view`, `2 views` */
export const many = (count, what) => `${count} ${what}${count === 1 ? '' : 's'}`;

function add(sums, key, count) {
  sums.set(key, bounded((sums.get(key) ?? 0) + count));
}

/** Adds counts. Each is far below what a number holds exactly, so no sum that is too high goes unnoticed. */
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
  /** Visits that were not counted, by reason. */
  excluded = new Map();

  constructor(people) {
    this.people = people;
  }
}

export class Numbers {
  /** The names of the pages. Everywhere else, a page is its index. */
  pages = [];
  /** Views by page. */
  totals = new Map();
  days = new Map();
  views = 0;
  #indexes = new Map();
  #newPeople;

  /** `newPeople` makes the object that counts the visitors of a day. */
  constructor(newPeople = () => new Sessions()) {
    this.#newPeople = newPeople;
  }

  /** Adds views of a page at an unknown time. Returns the page's index. */
  addViews(name, views) {
    let page = this.#indexes.get(name);
    if (page === undefined) page = this.#named(name, pageOf(name));
    add(this.totals, page, views);
    this.views = bounded(this.views + views);
    return page;
  }

  /** Adds views of a page in an hour. `session` names their one visitor, if there are sessions. */
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

  /** The visits of all days that are not views. */
  get excluded() {
    return [...this.days.values()].flatMap(({ excluded }) => [...excluded.values()]).reduce((sum, visits) => sum + visits, 0);
  }

  /** The first and the last day with a view; undefined if no time is known. */
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

  /** The index of a page. Several names may mean the same page. */
  #named(name, page) {
    let index = this.#indexes.get(page);
    if (index === undefined) index = this.pages.push(page) - 1;
    this.#indexes.set(page, index).set(name, index);
    return index;
  }
}
