// The lists of values that views are counted by, as dimensions.json describes them:
//
// - `list` is the list's name in the API, `title` that of its card.
// - `of` are the dimensions in it. Where there are several, `choice` names each, and the address has the chosen one under the list's name.
//   `none` stands where no value is known, and `values` names those that are stored as words of the API.
// - `searchShown`: the list shows other names than the API knows, so the browser searches it. It is short.

import LISTS from './dimensions.json' with { type: 'json' };

export { LISTS };

/** All dimensions: `{ name, none, values }`. */
export const DIMENSIONS = LISTS.flatMap(({ of }) => of);

/** The lists that have a choice of dimensions. */
export const CHOICES = LISTS.filter(({ of }) => of.length > 1);

/** The dimension by which a list is shown: that of the address, or the first. */
export const chosen = ({ list, of }, shown) => of.find(({ name }) => name === shown[list]) ?? of[0];
