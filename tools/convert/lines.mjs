// Writes the lines of an import (src/counting/ledger/export_file/lines.rs), in the order of an export.

import { createHash } from 'node:crypto';
import { KINDS } from './details.mjs';
import { OTHER } from './page.mjs';
import { NOBODY } from './people.mjs';
import { dayText, HOURS, hourText } from './time.mjs';

/** The most different values of one kind on one day, as in a shard. */
const MAX_VALUES = 1_000;

/**
 * The name of an import. Footfall adds an import of the same name only once. The name does not contain the site, because the same numbers
 * under another site's name could then be added twice to one site.
 */
export function idOf(content, options) {
  return createHash('sha256').update(content).update(JSON.stringify(options)).digest('hex').slice(0, 32);
}

/** All lines. Days within `hoursDays` of the last one are written by the hour. */
export function* linesOf(numbers, { site, id, at, hoursDays }) {
  yield JSON.stringify({ footfall: 1, site, id, at });
  let count = 0;
  for (const line of rowsOf(numbers, hoursDays)) {
    count += 1;
    yield JSON.stringify(line);
  }
  yield JSON.stringify({ end: count, changes: 0 });
}

function* rowsOf(numbers, hoursDays) {
  const days = [...numbers.days].sort(([a], [b]) => a - b).map(([day, of]) => ({ day, ...of, site: of.people.site() }));
  const [, last] = numbers.period ?? [];
  const recent = days.filter(({ day }) => day > last - hoursDays);
  const older = days.filter(({ day }) => day <= last - hoursDays);
  for (const [page, views] of numbers.totals) yield { page: numbers.pages[page], views };
  for (const day of recent) yield* hoursOfPages(day, numbers.pages);
  for (const day of older) yield* daysOfPages(day, numbers.pages);
  for (const { day, siteViews, site } of recent) {
    for (const [hour, views] of sorted(siteViews)) yield hourRow({}, day * HOURS + hour, views, site);
  }
  for (const { day, siteViews, site } of older) {
    if (siteViews.size > 0) yield { day: dayText(day), views: sum(siteViews.values()), visitors: site.day };
  }
  for (const { day, site } of days) {
    if (site.day > 0) yield { day: dayText(day), visitors: site.day };
  }
  for (const { day, details } of days) yield* detailsOf(day, details);
  for (const { day, excluded } of days) {
    for (const [reason, visits] of excluded) yield { day: dayText(day), excluded: reason, visits };
  }
}

function hourRow(key, hour, views, { visitors, newcomers }) {
  const at = hour % HOURS;
  return { ...key, hour: hourText(hour), views, visitors: visitors[at], newcomers: newcomers[at] };
}

function* hoursOfPages({ day, views, people }, names) {
  const tallies = people.pages(views);
  for (const [key, some] of sorted(views)) {
    const page = Math.floor(key / HOURS);
    yield hourRow({ page: names[page] }, day * HOURS + (key % HOURS), some, tallies.get(page) ?? NOBODY);
  }
}

function* daysOfPages({ day, views, people }, names) {
  const tallies = people.pages(views);
  const ofDay = new Map();
  for (const [key, some] of sorted(views)) {
    const page = Math.floor(key / HOURS);
    ofDay.set(page, (ofDay.get(page) ?? 0) + some);
  }
  for (const [page, some] of ofDay) {
    yield { page: names[page], day: dayText(day), views: some, visitors: (tallies.get(page) ?? NOBODY).day };
  }
}

/** Of too many values, those with the most views are kept. */
function* detailsOf(day, details) {
  for (const kind of Object.keys(KINDS)) {
    const all = [...(details.get(kind) ?? [])];
    const values = all.filter(([value]) => value !== OTHER).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    const kept = values.splice(0, MAX_VALUES);
    const rest = sum([...values, ...all.filter(([value]) => value === OTHER)].map(([, views]) => views));
    if (rest > 0) kept.push([OTHER, rest]);
    for (const [value, views] of kept) yield { day: dayText(day), kind, value, views };
  }
}

const sorted = (map) => [...map].sort(([a], [b]) => a - b);

const sum = (numbers) => [...numbers].reduce((all, some) => all + some, 0);
