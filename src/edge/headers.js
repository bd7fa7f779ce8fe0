// What a request says of itself, as one text. See headers.rs.

/** What stands for a header that is not there: no header may have it. */
const ABSENT = '\0';

/** The names of headers.rs, in their order. */
const NAMES = ['sec-purpose', 'origin', 'cf-connecting-ip', 'user-agent', 'sec-gpc', 'dnt', 'referer', 'content-type', 'content-length', 'idempotency-key'];

/** Method, URL and headers in lines: none of them may have a line break. */
export function told(request) {
  const { headers } = request;
  let text = `${request.method}\n${request.url}`;
  for (const name of NAMES) text += `\n${headers.get(name) ?? ABSENT}`;
  return text;
}

/** A header that few requests are asked for. */
export function asked(request, name) {
  return request.headers.get(name) ?? undefined;
}
