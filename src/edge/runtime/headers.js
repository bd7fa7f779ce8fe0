// The head of a request, as one text. See headers.rs.

/** Stands for a header that is absent. No header may have this value. */
const ABSENT = '\0';

/**
 * The headers of headers.rs, in their order, each with the number of characters that are read. More characters would be of no use. A
 * stranger may send 120 KB in each header, and every text that crosses into WebAssembly stays there as long as the request. If a shortened
 * value could be mistaken for a valid one (an origin, an id), the limit is a length that is already invalid.
 */
const NAMES = [
  ['sec-purpose', 64],
  ['origin', 512],
  ['cf-connecting-ip', 64],
  // The first 512 bytes tell visitors apart, and decide the class of the program.
  ['user-agent', 512],
  ['sec-gpc', 16],
  ['dnt', 16],
  ['referer', 8192],
  ['content-type', 256],
  ['content-length', 32],
  ['idempotency-key', 256],
];

/** The headers that browsers sent before there was `Sec-Purpose`. Their values differ by browser, so all of them go into one line. */
const PURPOSES = ['purpose', 'x-purpose', 'x-moz'];
const MAX_PURPOSE = 64;

/** The longest URL. Cloudflare passes at most 16 KB. A self-hosted workerd passes more. */
const MAX_URL = 32_768;

/** The longest of the headers that few requests need: a token, a list of tags. */
const MAX_ASKED = 8_192;

/** Method, URL and headers, one on each line. None of them can contain a line break. */
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

/** A header that few requests need. */
export function headerOf(request, name) {
  const value = request.headers.get(name);
  return value === null ? undefined : cut(value, MAX_ASKED);
}

const cut = (text, most) => (text.length > most ? text.slice(0, most) : text);
