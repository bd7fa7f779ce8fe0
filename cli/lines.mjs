// Checks that an export file is complete: its first line names it, and its last line says how many lines are between the two.

import { Trouble } from '../tools/run.mjs';
import { jsonIn } from './api.mjs';

const NEWLINE = 0x0a;

/** A line has at most 2,048 bytes (docs/owning.md). A file without line breaks is not an export, and must not fill the memory. */
const MAX_LINE_BYTES = 4_096;

export class Lines {
  /** How many complete lines there were so far. */
  count = 0;
  #line = Buffer.alloc(0);
  #first = '';
  #last = '';

  /** Takes the next piece of the file. */
  take(chunk) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      this.#extend(chunk.subarray(from, at));
      this.#endLine();
      from = at + 1;
    }
    this.#extend(chunk.subarray(from));
  }

  /** Empty lines do not count. */
  #endLine() {
    const line = this.#line.toString().trim();
    this.#line = Buffer.alloc(0);
    if (line === '') return;
    this.#last = line;
    this.#first ||= line;
    this.count += 1;
  }

  #extend(bytes) {
    if (this.#line.length + bytes.length > MAX_LINE_BYTES) throw new Trouble(`line ${this.count + 1} has over ${MAX_LINE_BYTES} bytes: this is not an export of Footfall`);
    this.#line = Buffer.concat([this.#line, bytes]);
  }

  /** `{ site, lines, changes }` of a complete file; throws a `Trouble` otherwise. `where` names the file in an error. */
  end(where) {
    // In an edited file, the last line may lack its line break.
    this.#endLine();
    const { footfall, site } = jsonIn(this.#first);
    if (footfall !== 1) throw new Trouble(`${where} is not an export of Footfall: its first line is not {"footfall":1,…}`);
    const { end, changes = 0 } = jsonIn(this.#last);
    if (!Number.isSafeInteger(end)) throw new Trouble(`${where} broke off: its last line is not {"end":…}`);
    if (end !== this.count - 2) throw new Trouble(`${where} has ${this.count - 2} lines, and its last line says ${end}`);
    return { site, lines: end, changes };
  }
}
