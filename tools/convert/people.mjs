// The visitors of one day, by page and hour: counted by session, or as another counter counted them.
//
// Both kinds return numbers for the site and for each page: the `visitors` of each hour; the `newcomers` of each hour, who were not there earlier
// that day; and the sum of the newcomers, the visitors of the `day`.

import { HOURS } from './time.mjs';

/** More sessions than fit into memory for a day. With this factor, page and session are one exact number. */
const MAX_SESSIONS = 2 ** 26;

class Tally {
  visitors = new Array(HOURS).fill(0);
  newcomers = new Array(HOURS).fill(0);
  day = 0;

  /** Adds a visitor, given the hours of the visits as bits. */
  addHours(hours) {
    this.newcomers[31 - Math.clz32(hours & -hours)] += 1;
    this.day += 1;
    for (let hour = 0; hour < HOURS; hour += 1) this.visitors[hour] += (hours >> hour) & 1;
  }
}

/** Visitors by session. The order of the views does not matter. */
export class Sessions {
  #numbers = new Map();
  #ofSite = [];
  #ofPages = new Map();

  add(page, hour, session) {
    if (session === '') return;
    let number = this.#numbers.get(session);
    if (number === undefined) this.#numbers.set(session, (number = this.#numbers.size));
    this.#ofSite[number] |= 1 << hour;
    const key = page * MAX_SESSIONS + number;
    this.#ofPages.set(key, this.#ofPages.get(key) | (1 << hour));
  }

  site() {
    const tally = new Tally();
    for (const hours of this.#ofSite) tally.addHours(hours);
    return tally;
  }

  /** Computed on demand: for all days at once, the numbers would need more memory than the input. */
  pages() {
    const tallies = new Map();
    for (const [key, hours] of this.#ofPages) tallyOf(tallies, Math.floor(key / MAX_SESSIONS)).addHours(hours);
    return tallies;
  }
}

/** Visitors that another counter has counted page by page. Their views are not known, so each counts as one view. */
export class Counted {
  add() {}

  /** A visitor of two pages was counted twice, so the visitors of the site are not known. */
  site() {
    return NOBODY;
  }

  pages(views) {
    const tallies = new Map();
    for (const [key, visitors] of views) {
      const tally = tallyOf(tallies, Math.floor(key / HOURS));
      tally.visitors[key % HOURS] = visitors;
      tally.newcomers[key % HOURS] = visitors;
      tally.day += visitors;
    }
    return tallies;
  }
}

/** The numbers without a visitor. */
export const NOBODY = Object.freeze(new Tally());

function tallyOf(tallies, page) {
  let tally = tallies.get(page);
  if (tally === undefined) tallies.set(page, (tally = new Tally()));
  return tally;
}
