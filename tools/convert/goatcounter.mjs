// Reads GoatCounter's CSV export: a row for each view, plain or gzip.

import { Trouble } from '../run.mjs';
import { columnsOf, readCsv } from './csv.mjs';
import { countryOf, deviceOf, referrerOf } from './details.mjs';
import { shown, wrong } from './input.mjs';
import { many, Numbers } from './numbers.mjs';
import { HOURS, hourOf } from './time.mjs';

/** The versions that this reads. Version 1 has its columns in another order; they are found by name. */
const VERSIONS = ['1', '2'];

const COLUMNS = {
  path: 'Path',
  event: 'Event',
  session: 'Session',
  bot: 'Bot',
  referrer: 'Referrer',
  scheme: 'Referrer scheme',
  size: 'Screen size',
  location: 'Location',
  date: 'Date',
};

const FLAGS = { true: true, 1: true, false: false, 0: false, '': false };

export async function readGoatCounter(file, { hoursDays }) {
  const numbers = new Numbers();
  let columns;
  let [events, withoutSession] = [0, 0];
  const content = await readCsv(file, (fields, line) => {
    if (columns === undefined) {
      columns = columnsOf(file, withoutVersion(file, fields), COLUMNS);
      return;
    }
    const of = (name) => fields[columns[name]];
    const hour = hourOf(of('date'));
    if (hour === undefined) throw wrong(file, line, `${shown(of('date'))} is not a time; expected one like 2026-11-22T07:00:00Z`);
    const event = FLAGS[of('event').toLowerCase()];
    if (event === undefined) throw wrong(file, line, `the event is ${shown(of('event'))}; expected true or false`);
    if (event) {
      events += 1;
    } else if (of('bot') !== '0' && of('bot') !== '') {
      numbers.addExcluded(Math.floor(hour / HOURS), 'bot');
    } else {
      if (of('session') === '') withoutSession += 1;
      numbers.addViewsAt(of('path'), hour, 1, of('session'));
      addDetails(numbers, Math.floor(hour / HOURS), of);
    }
  });
  if (columns === undefined) throw new Trouble(`${file} is empty`);
  const notes = [
    ...(events > 0 ? [`left out: ${many(events, 'event')}; events are not views`] : []),
    ...(numbers.excluded > 0 ? [`left out: ${many(numbers.excluded, 'visit')} of bots; they count as excluded`] : []),
    ...(withoutSession > 0 ? [`${many(withoutSession, 'view')} without a session, and therefore without a visitor`] : []),
    'left out: titles, browsers, systems, regions, paths of referrers',
  ];
  return { numbers, notes, content, options: { hoursDays } };
}

/** The header without the version, which is written before its first name. */
function withoutVersion(file, [first, ...others]) {
  const [, version, name] = /^(\d*),?(.*)$/s.exec(first);
  if (version === '') throw wrong(file, 1, `GoatCounter's export begins with a version and "Path", such as "2Path"; this begins with ${shown(first)}`);
  if (!VERSIONS.includes(version)) throw wrong(file, 1, `version ${version} of GoatCounter's export; this reads versions ${VERSIONS.join(' and ')}`);
  return [name, ...others];
}

function addDetails(numbers, day, of) {
  const [width] = of('size').split(',', 1);
  const [kind, value] = referrerOf(of('referrer'), of('scheme'));
  numbers.addDetail(day, 'device', deviceOf(Number(width)), 1);
  numbers.addDetail(day, 'country', countryOf(of('location')), 1);
  numbers.addDetail(day, kind, value, 1);
}
