// Reads GoatCounter's JSON export: a ZIP with sums of visits by hour and by day. It has one visit for each session and page.

import { Trouble } from '../run.mjs';
import { countryOf, deviceOf, referrerOf } from './details.mjs';
import { feed, linesIn, shown, wrong } from './input.mjs';
import { A_COUNT, countOf, many, Numbers } from './numbers.mjs';
import { Counted } from './people.mjs';
import { dayOf, HOURS, hourOf } from './time.mjs';
import { openZip } from './zip.mjs';

/** The major version that this reads. Later minor versions only add to it. */
const MAJOR = '1';

export async function readGoatCounterJson(file, { hoursDays }) {
  const numbers = new Numbers(() => new Counted());
  const zip = await openZip(file);
  try {
    const info = await infoOf(zip);
    const pages = await byId(zip, 'paths.jsonl', 'path');
    const referrers = await byId(zip, 'refs.jsonl', 'ref');
    let events = 0;
    for await (const { row, where, count, page } of sums(zip, 'hit_stats.jsonl', pages)) {
      const hour = hourOf(row.hour);
      if (hour === undefined) throw wrong(...where, `${shown(row.hour)} is not an hour; expected one like 2026-11-22T07:00:00Z`);
      const referrer = referrers.get(row.ref_id);
      if (!referrer) throw wrong(...where, `no referrer has the id ${shown(row.ref_id)}`);
      if (page.event) {
        events += count;
      } else if (count > 0) {
        numbers.addViewsAt(page.path, hour, count);
        numbers.addDetail(Math.floor(hour / HOURS), ...referrerOf(referrer.ref, referrer.ref_scheme), count);
      }
    }
    await addByDay(numbers, zip, pages, 'location_stats.jsonl', ({ location }) => ['country', countryOf(String(location))]);
    await addByDay(numbers, zip, pages, 'size_stats.jsonl', ({ width }) => ['device', deviceOf(width)]);
    const notes = [
      'views are visits here, one for each session and page: the export has no others',
      'not known: visitors of the site, because a visitor of two pages is counted on both',
      ...(events > 0 ? [`left out: ${many(events, 'visit')} of events; events are not views`] : []),
      'left out: titles, browsers, systems, languages, regions, paths of referrers',
    ];
    const at = hourOf(info.created_at) === undefined ? '' : info.created_at;
    return { numbers, notes, content: await hashOf(file), options: { hoursDays }, at };
  } finally {
    zip.close();
  }
}

async function infoOf(zip) {
  let text = '';
  for await (const { line } of linesIn(zip.read('info.json'), zip.named('info.json'))) text += line;
  let info;
  try {
    info = JSON.parse(text);
  } catch {
    throw new Trouble(`${zip.named('info.json')} is not JSON`);
  }
  const version = String(info?.export_version);
  if (version.split('.')[0] !== MAJOR) throw new Trouble(`version ${shown(version)} of GoatCounter's export; this reads version ${MAJOR}`);
  return info;
}

/** The rows of a file, each with the place that an error names. */
async function* rows(zip, name) {
  for await (const { line, number } of linesIn(zip.read(name), zip.named(name))) {
    const where = [zip.named(name), number];
    let row;
    try {
      row = JSON.parse(line);
    } catch {
      throw wrong(...where, 'not JSON');
    }
    if (typeof row !== 'object' || row === null) throw wrong(...where, 'not an object');
    yield { row, where };
  }
}

async function byId(zip, name, text) {
  const found = new Map();
  for await (const { row, where } of rows(zip, name)) {
    if (typeof row[text] !== 'string') throw wrong(...where, `no text ${shown(text)}`);
    if (found.has(row.id)) throw wrong(...where, `the id ${shown(row.id)} occurs twice`);
    found.set(row.id, row);
  }
  return found;
}

/** The rows of a file of sums, each with its count and its page. */
async function* sums(zip, name, pages) {
  for await (const { row, where } of rows(zip, name)) {
    const count = countOf(row.count);
    if (count === undefined) throw wrong(...where, `the count is ${shown(row.count)}; expected ${A_COUNT}`);
    const page = pages.get(row.path_id);
    if (!page) throw wrong(...where, `no path has the id ${shown(row.path_id)}`);
    yield { row, where, count, page };
  }
}

async function addByDay(numbers, zip, pages, name, detailOf) {
  for await (const { row, where, count, page } of sums(zip, name, pages)) {
    const day = dayOf(row.day);
    if (day === undefined) throw wrong(...where, `${shown(row.day)} is not a day; expected one like 2026-11-22`);
    if (!page.event) numbers.addDetail(day, ...detailOf(row), count);
  }
}

/** The SHA-256 of the ZIP itself, because the files in it have no fixed order. */
async function hashOf(file) {
  return feed(file, async (chunks) => {
    for await (const _ of chunks);
  });
}
