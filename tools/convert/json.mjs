// Parses JSON with the line of each value, and keeps names that occur twice: JSON.parse would drop one of the two, and its views.

/** The deepest nesting. It is deeper than any input needs, and keeps a text of a million brackets from overflowing the stack. */
const MAX_DEPTH = 8;

const BLANKS = /[ \t\r\n]*/y;
const TOKEN = /[{}[\]:,]|"[^"\\]*(?:\\.[^"\\]*)*"|[^ \t\r\n{}[\]:,"]+/sy;

/** Says why a text is not JSON, and in which line. */
export class JsonError extends Error {
  constructor(line, message) {
    super(message);
    this.line = line;
  }
}

/**
 * The value of a text: `{ line, value }` for a plain value, `{ line, items }` for a list, `{ line, entries }` for an object. Entries are pairs of a
 * name and a value.
 */
export function parseJson(text) {
  const tokens = new Tokens(text);
  const value = valueAt(tokens, tokens.next(), 0);
  if (tokens.next() !== undefined) throw tokens.error('there is more after the end');
  return value;
}

class Tokens {
  line = 1;
  #text;
  #at = 0;

  constructor(text) {
    this.#text = text;
  }

  /** The next token; undefined at the end. */
  next() {
    const blanks = this.#take(BLANKS);
    this.line += blanks.split('\n').length - 1;
    const token = this.#take(TOKEN);
    if (token === undefined && this.#at < this.#text.length) throw this.error('a text that does not end');
    return token;
  }

  #take(pattern) {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  error(what) {
    return new JsonError(this.line, what);
  }
}

function valueAt(tokens, token, depth) {
  const { line } = tokens;
  if (token === undefined) throw tokens.error('it breaks off');
  if (depth > MAX_DEPTH) throw tokens.error(`more than ${MAX_DEPTH} levels`);
  if (token === '[') return { line, items: series(tokens, ']', (first) => valueAt(tokens, first, depth + 1)) };
  if (token === '{') return { line, entries: series(tokens, '}', (first) => entryAt(tokens, first, depth)) };
  return { line, value: scalar(tokens, token) };
}

function entryAt(tokens, token, depth) {
  if (!token?.startsWith('"')) throw tokens.error('expected a name in quotes');
  const name = scalar(tokens, token);
  if (tokens.next() !== ':') throw tokens.error('expected ":"');
  return [name, valueAt(tokens, tokens.next(), depth + 1)];
}

/** The items between commas, up to `end`. */
function series(tokens, end, one) {
  const found = [];
  let token = tokens.next();
  while (token !== end || found.length > 0) {
    found.push(one(token));
    const after = tokens.next();
    if (after === end) break;
    if (after !== ',') throw tokens.error(`expected "," or "${end}"`);
    token = tokens.next();
  }
  return found;
}

function scalar(tokens, token) {
  try {
    return JSON.parse(token);
  } catch {
    throw tokens.error('neither a text, a number, true, false nor null');
  }
}
