// Checks that the Worker answers, can store, and knows the site.

import { lookup } from 'node:dns/promises';
import { jsonIn } from '../api.mjs';
import { look, unexpected } from './look.mjs';

/** Whether the Worker answers at all; without it, no other check makes sense. */
export async function examineWorker(report, base) {
  const host = base.hostname.replace(/^\[|\]$/g, '');
  try {
    const { address } = await lookup(host);
    report.ok('dns', `${host} is ${address}`);
  } catch (error) {
    report.wrong('dns', `${host} has no address (${error.code})`, 'check the spelling; or run npx footfall deploy, which makes the DNS record of a domain in routes of wrangler.toml');
    return false;
  }
  const answer = await look(new URL('healthz', base));
  if (answer.status === 200 && jsonIn(answer.text).status === 'ok') {
    report.ok('worker', `${base} can store a visit`);
    return true;
  }
  report.wrong('worker', ...unexpected(answer));
  // A Worker that cannot store still answers the other checks.
  return answer.status === 503;
}

/**
 * Asks for the sites by name. Returns the first that the Worker knows: the site that pages count for. Without a name, the Worker takes the site
 * of the page's host, or else its first site.
 */
export async function examineSite(report, base, names, origin) {
  let known;
  for (const name of names.length > 0 ? names : [undefined]) {
    const answer = await look(numbersUrl(base, name), { headers: origin === undefined ? {} : { origin } });
    const { site, views } = answer.status === 200 ? jsonIn(answer.text) : {};
    if (typeof site === 'string') {
      report.ok('site', `${site} has ${views} views`);
      known ??= site;
    } else {
      report.wrong('site', ...unexpected(answer));
    }
  }
  return known;
}

/** The address of a site's views; a request there never counts. */
export function numbersUrl(base, site) {
  const url = new URL('numbers', base);
  if (site !== undefined) url.searchParams.set('site', site);
  return url;
}
