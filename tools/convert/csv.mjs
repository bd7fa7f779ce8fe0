// Reads the rows of a CSV file one at a time.

import { CsvError, parse } from 'csv-parse';
import { feed, MAX_LINE_BYTES, shown, wrong } from './input.mjs';

const OPTIONS = {
  bom: true,
  // Both line breaks are named, because the first one in a file may be in quotes, and a file may have both.
  record_delimiter: ['\r\n', '\n'],
  skip_empty_lines: true,
  max_record_size: MAX_LINE_BYTES,
};

/** Calls `onRow` with the fields of each row and the line that it ends in. Returns the SHA-256 of the content. */
export async function readCsv(file, onRow) {
  const parser = parse({
    ...OPTIONS,
    // Rows are handled here and not streamed on, which halves the time.
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

/** The parser's message without the place, which the error names already. */
function complaint(error) {
  return error.message.replace(/,? (?:at|on) line \d+/, '').replace(/, value is .*/s, '').replace(/\s+/g, ' ');
}

/** The positions of columns in a header, by name. Each of `names` must be there exactly once. */
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
