// The visitors of one day, by page and hour: counted by their sessions, or as another counter counted them.
//
// Both kinds give tallies of the site and of each page: the `visitors` of each hour; the `newcomers` of each hour, who were not there
// earlier that day; and these in sum, the visitors of the `day`.

import { HOURS } from './time.mjs';

/** More sessions than a day can have in memory; page and session are then one exact number. */
const MAX_SESSIONS = 2 ** 26;

class Tally {
  visitors = new Array(HOURS).fill(0);
  newcomers = new Array(HOURS).fill(0);
  day = 0;

  /** Adds a visitor by the hours of the visits, one bit each. */
  addHours(hours) {
    this.newcomers[31 - Math.clz32(hours & -hours)] += 1;
    this.day += 1;
    for (let hour = 0; hour < HOURS; hour += 1) this.visitors[hour] += (hours >> hour) & 1;
  }
}

/** Visitors who are told apart by a session. The order of the views does not matter. */
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

  /** Made when they are asked for: those of all days would be more than all that was read. */
  pages() {
    const tallies = new Map();
    for (const [key, hours] of this.#ofPages) tallyOf(tallies, Math.floor(key / MAX_SESSIONS)).addHours(hours);
    return tallies;
  }
}

/** Visitors whom another counter has counted page by page, and whose views are not known: one view is one visitor. */
export class Counted {
  add() {}

  /** Who saw two pages was counted twice, so of the site nobody knows. */
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

/** Where nobody came. */
export const NOBODY = Object.freeze(new Tally());

function tallyOf(tallies, page) {
  let tally = tallies.get(page);
  if (tally === undefined) tallies.set(page, (tally = new Tally()));
  return tally;
}
