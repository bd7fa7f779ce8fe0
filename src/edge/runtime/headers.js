// What a request says of itself, as one text. See headers.rs.

/** What stands for a header that is not there: no header may have it. */
const ABSENT = '\0';

/**
 * The names of headers.rs, in their order, each with the characters that are read of it: what is longer is nothing that we know, or
 * has said by then what we ask it for. A stranger may send 120 KB in each, and what crosses into WebAssembly stays there for as long as
 * the request does. A value that must not be taken for a shorter one (an origin, an id) is cut where it is too long already.
 */
const NAMES = [
  ['sec-purpose', 64],
  ['origin', 512],
  ['cf-connecting-ip', 64],
  // The first 512 bytes tell visitors apart, and no more of it is read for its class.
  ['user-agent', 512],
  ['sec-gpc', 16],
  ['dnt', 16],
  ['referer', 8192],
  ['content-type', 256],
  ['content-length', 32],
  ['idempotency-key', 256],
];

/** What browsers said before there was `Sec-Purpose`. Others say other things under these names, so all of them are told, in one line. */
const PURPOSES = ['purpose', 'x-purpose', 'x-moz'];
const MAX_PURPOSE = 64;

/** No platform lets through a longer one than 16 KB; a workerd of one's own does. */
const MAX_URL = 32_768;

/** The longest of the headers that few requests are asked for: a token, a list of tags. */
const MAX_ASKED = 8_192;

/** Method, URL and headers in lines: none of them may have a line break. */
export function headOf(request) {
  const { headers } = request;
  let text = `${request.method.slice(0, 32)}\n${cut(request.url, MAX_URL)}`;
  for (const [name, most] of NAMES) text += `\n${cut(headers.get(name) ?? ABSENT, most)}`;
  let purposes = '';
  for (const name of PURPOSES) {
    const purpose = headers.get(name);
    if (purpose) purposes += `${purposes && ', '}${cut(purpose, MAX_PURPOSE)}`;
  }
  return `${text}\n${purposes || ABSENT}`;
}

/** A header that few requests are asked for. */
export function headerOf(request, name) {
  const value = request.headers.get(name);
  return value === null ? undefined : cut(value, MAX_ASKED);
}

const cut = (text, most) => (text.length > most ? text.slice(0, most) : text);
