// Checks that pages of an origin may count, with the requests that a browser sends for their script.

import { look, unexpected } from './look.mjs';
import { numbersUrl } from './worker.mjs';

/** An origin that nobody has: where all origins are allowed, any will do. */
const ANY = 'https://any.invalid';

/** Tries the origin `own`, or else the origins in the `settings` of the folder, if there is one. */
export async function examineOrigins(report, base, { own, settings, site }) {
  if (own !== undefined) return examineOrigin(report, base, own, site);
  if (settings?.origins.length === 0) return void report.wrong('origin', 'wrangler.toml lists no origins, so pages may not count', 'ALLOWED_ORIGINS = "https://blog.example" in wrangler.toml, then npx footfall deploy');
  for (const origin of settings?.origins ?? []) await examineOrigin(report, base, origin === '*' ? ANY : origin, site);
}

/**
 * Sends the header `Origin`, first with a request for the numbers: that leaves no trace, whereas a refused visit is tallied. If the origin may
 * read, a visit follows. It says that its reader opted out (`off`), so it is not counted.
 */
async function examineOrigin(report, base, origin, site) {
  const answer = await look(numbersUrl(base, site), { headers: { origin } });
  if (answer.status !== 200) return void report.wrong('origin', ...unexpected(answer));
  if (!mayRead(answer, origin)) {
    const allowed = answer.headers.get('access-control-allow-origin');
    return void report.wrong(
      'origin',
      `pages of ${origin} may not count${allowed === null ? '' : `: the answer is for ${allowed} only`}`,
      `add ${origin} to ALLOWED_ORIGINS in wrangler.toml, then npx footfall deploy`,
    );
  }
  report.ok('origin', `pages of ${origin} may count`);
  await examineVisit(report, base, origin, site);
}

const mayRead = ({ headers }, origin) => ['*', origin].includes(headers.get('access-control-allow-origin'));

async function examineVisit(report, base, origin, site) {
  const url = new URL('visit', base);
  const asked = await look(url, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' } });
  if (!(asked.status >= 200 && asked.status < 300) || !mayRead(asked, origin)) {
    const [seen, todo] = asked.status < 300 ? ['the answer to OPTIONS /visit allows nothing', 'let the proxy in front of the Worker pass OPTIONS on'] : unexpected(asked);
    return void report.wrong('cors', `OPTIONS /visit: ${seen}`, todo);
  }
  report.ok('cors', 'OPTIONS /visit lets pages call');
  const body = JSON.stringify({ site, page: '/', off: 'yes' });
  const sent = await look(url, { method: 'POST', body, headers: { origin, 'content-type': 'text/plain;charset=UTF-8' } });
  if (sent.status === 200 && mayRead(sent, origin) && sent.headers.get('footfall-visit') === 'excluded') report.ok('visit', 'POST /visit reaches the Worker; this one asked not to be counted');
  else if (sent.status === 200) report.wrong('visit', 'POST /visit is answered by something else, or without its headers', 'let the proxy in front of the Worker pass it on unchanged');
  else report.wrong('visit', ...unexpected(sent));
}
