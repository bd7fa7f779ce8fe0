// Writes pages as Footfall writes them (src/counting/model/page.rs), so that imported views and new views belong to the same page.

/** The longest page, in bytes. A longer one is cut. */
const MAX_PAGE_BYTES = 1024;

/** The mark at the end of a page that was cut. */
const MARK = '…';

/** The page for views whose own page is invalid, so that the site's sum stays right. */
export const OTHER = '(other)';

/** Escapes that must stay, because the decoded characters mean something else. */
const STAYS_ENCODED = /[/?#%\p{Cc}]/u;

/** The page for another counter's name of it. A name without `/` in front is a key. Of a whole URL, the path is the page. */
export function pageOf(text) {
  if (text === OTHER) return OTHER;
  const whole = text.toWellFormed().trimStart().replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  const [path] = (whole.startsWith('/') ? whole : `/${whole}`).split(/[?#]/, 1);
  const page = oneWay(path);
  // The cut may have removed the `%` that kept the rest from being decoded.
  return Buffer.byteLength(page) > MAX_PAGE_BYTES ? oneWay(cut(page)) : page;
}

function oneWay(path) {
  const page = decoded(path)
    .replace(/\p{Cc}/gu, (control) => encoded(Buffer.from(control)))
    .normalize();
  let end = page.length;
  while (end > 1 && page[end - 1] === '/') end -= 1;
  return page.slice(0, end);
}

/** The beginning of a page that is too long, with the mark. It is cut at a whole character and not in the middle of `%2F`. */
function cut(page) {
  const bytes = Buffer.from(page);
  let end = MAX_PAGE_BYTES - Buffer.byteLength(MARK);
  while ((bytes[end] & 0xc0) === 0x80) end -= 1;
  const kept = bytes.subarray(0, end);
  const escape = kept.lastIndexOf('%');
  return `${kept.subarray(0, escape >= 0 && end - escape < 3 ? escape : end)}${MARK}`;
}

/** A literal `%` means that the path is not encoded, so it has no other form. */
function decoded(path) {
  if (/%(?![0-9a-f]{2})/iu.test(path)) return path;
  return path.replace(/(?:%[0-9a-f]{2})+/giu, (run) => decodedRun(Buffer.from(run.replaceAll('%', ''), 'hex')));
}

function decodedRun(bytes) {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = lengthOf(bytes[at]);
    const character = utf8(bytes.subarray(at, at + length));
    const taken = character === undefined ? 1 : length;
    const keep = character === undefined || STAYS_ENCODED.test(character);
    text += keep ? encoded(bytes.subarray(at, at + taken)) : character;
    at += taken;
  }
  return text;
}

/** The number of bytes of a UTF-8 character that begins with this byte. */
function lengthOf(byte) {
  if (byte >= 0xf0) return 4;
  if (byte >= 0xe0) return 3;
  return byte >= 0xc0 ? 2 : 1;
}

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function utf8(bytes) {
  try {
    return DECODER.decode(bytes);
  } catch {
    return undefined;
  }
}

const encoded = (bytes) => [...bytes].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
