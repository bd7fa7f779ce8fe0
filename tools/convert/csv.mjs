// Rows of a CSV, one at a time.

import { CsvError, parse } from 'csv-parse';
import { feed, MAX_LINE_BYTES, shown, wrong } from './input.mjs';

const OPTIONS = {
  bom: true,
  // Named and not found out: the first line break may be one in quotes, and a file may have both.
  record_delimiter: ['\r\n', '\n'],
  skip_empty_lines: true,
  max_record_size: MAX_LINE_BYTES,
};

/** Calls `onRow` with the fields of each row and the line that it ends in. Gives the SHA-256 of the content. */
export async function readCsv(file, onRow) {
  const parser = parse({
    ...OPTIONS,
    // Rows go no further than here, which is half the time of a stream of them.
    on_record(fields, { lines }) {
      onRow(fields, lines);
      return null;
    },
  });
  try {
    return await feed(file, parser, drain);
  } catch (error) {
    const { cause } = error;
    throw cause instanceof CsvError ? wrong(file, cause.lines ?? parser.info.lines, complaint(cause)) : error;
  }
}

async function drain(rows) {
  for await (const _ of rows);
}

/** The parser's words without the place, which is told once. */
function complaint(error) {
  return error.message.replace(/,? (?:at|on) line \d+/, '').replace(/, value is .*/s, '').replace(/\s+/g, ' ');
}

/** The places of columns in a header, by name; `names` are those that have to be there, once each. */
export function columnsOf(file, header, names) {
  return Object.fromEntries(
    Object.entries(names).map(([key, name]) => {
      const at = header.indexOf(name);
      if (at < 0) throw wrong(file, 1, `the header has no column ${shown(name)}`);
      if (header.includes(name, at + 1)) throw wrong(file, 1, `the header has the column ${shown(name)} twice`);
      return [key, at];
    }),
  );
}
