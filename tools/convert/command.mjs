// The command `convert`: converts the numbers of another counter into a file that Footfall imports. It reports on stderr what it read and what it
// left out.

import { once } from 'node:events';
import { Trouble } from '../run.mjs';
import { readGoatCounter } from './goatcounter.mjs';
import { readGoatCounterJson } from './goatcounter_json.mjs';
import { idOf, linesOf } from './lines.mjs';
import { many } from './numbers.mjs';
import { dayText } from './time.mjs';
import { readValues } from './values.mjs';

const FORMATS = {
  values: { read: readValues, options: ['page'], what: 'start values as JSON or CSV: CountAPI, Abacus, busuanzi, any counter' },
  goatcounter: { read: readGoatCounter, options: ['hours-days'], what: "GoatCounter's CSV export, plain or gzip" },
  'goatcounter-json': { read: readGoatCounterJson, options: ['hours-days'], what: "GoatCounter's JSON export, a ZIP" },
};

/** The text of `--help`; `command` is how the user typed it. */
const helpText = (command) => `${command} FORMAT FILE [options] > site.ndjson

${Object.entries(FORMATS).map(([name, { what }]) => `  ${name.padEnd(16)} ${what}`).join('\n')}

  --site SITE      the site's name in the first line; the address that you send the file to decides which site gets it
  --page /a        the page, if a value names none (values)
  --hours-days N   keeps hours of the last N days, and days before them; default 90 (goatcounter)
`;

/** The default of `HOURS_KEPT_DAYS`. */
const HOURS_DAYS = 90;

/** Output is written in pieces of about this many characters. */
const PIECE = 65_536;

/** Writes a line for the user. It goes to stderr, because stdout is the file. */
const tell = (line) => process.stderr.write(`footfall: ${line}\n`);

const TEXT = { type: 'string' };

export const convert = {
  what: 'makes a file to import from the numbers of another counter',
  options: { site: TEXT, page: TEXT, 'hours-days': TEXT },
  // Extra arguments are refused below, where the message can name them.
  most: Infinity,
  help: helpText,
  async run(values, positionals) {
    const { format, file, options } = wanted(values, positionals);
    const read = await FORMATS[format].read(file, options);
    summarise(read);
    const { numbers, content, at = '' } = read;
    const id = idOf(content, { format, ...read.options });
    await write(linesOf(numbers, { site: options.site, id, at, hoursDays: options.hoursDays }));
  },
};

function wanted(values, [format, file, ...more]) {
  const formats = Object.keys(FORMATS).join(', ');
  if (format === undefined) throw new Trouble(`give a format, one of ${formats}, and a file; --help explains them`);
  if (!Object.hasOwn(FORMATS, format)) throw new Trouble(`there is no format ${format}; use one of ${formats}`);
  if (file === undefined) throw new Trouble(`give a file: ${format} FILE`);
  if (more.length > 0) throw new Trouble(`give one file at a time, without ${more.join(', ')}`);
  for (const name of ['page', 'hours-days']) {
    if (values[name] !== undefined && !FORMATS[format].options.includes(name)) throw new Trouble(`--${name} is not for ${format}`);
  }
  const days = values['hours-days'] ?? String(HOURS_DAYS);
  if (!/^\d{1,6}$/.test(days)) throw new Trouble('--hours-days takes a number of days from 0 to 999999');
  return { format, file, options: { site: values.site ?? 'default', page: values.page, hoursDays: Number(days) } };
}

function summarise({ numbers, notes }) {
  const { views, pages, period } = numbers;
  const days = period?.map(dayText);
  tell(`${many(views, 'view')} of ${many(pages.length, 'page')}, ${days ? `${days[0]} to ${days[1]} (UTC)` : 'without dates'}`);
  notes.forEach(tell);
}

async function write(lines) {
  let piece = '';
  const out = async () => process.stdout.write(piece) || once(process.stdout, 'drain');
  // The reader of the output may have closed it. Then there is nothing left to report to.
  process.stdout.once('error', () => process.exit(1));
  for (const line of lines) {
    piece += `${line}\n`;
    if (piece.length < PIECE) continue;
    await out();
    piece = '';
  }
  await out();
}
