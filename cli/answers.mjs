// Reads the owner's answers liberally and writes them in the form that the Worker takes. Each function throws a `Trouble` that says what is
// allowed.

import { randomBytes } from 'node:crypto';
import { Trouble } from '../tools/run.mjs';
import { urlOf } from './address.mjs';

const SITE = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const parts = (text) => text.split(',').map((one) => one.trim()).filter(Boolean);

/** `SITES`: one name or several. */
export function siteOf(text) {
  const sites = parts(text.toLowerCase());
  const wrong = sites.find((site) => !SITE.test(site));
  if (wrong !== undefined || sites.length === 0) {
    throw new Trouble(`${JSON.stringify(wrong ?? '')} is not a site name; use 1 to 64 characters of a-z 0-9 . - _, beginning with a letter or a digit`);
  }
  return [...new Set(sites)].join(', ');
}

/** `ALLOWED_ORIGINS`: hosts or URLs of pages, as browsers write their origins. */
export function originsOf(text) {
  return [...new Set(parts(text).map(originOf))].join(', ');
}

function originOf(text) {
  if (text === '*') return text;
  const { origin } = urlOf(text);
  if (!/^https?:\/\/[a-z0-9.:[\]_-]+$/.test(origin)) throw new Trouble(`${JSON.stringify(text)} is not an origin; use one such as https://blog.example, or *`);
  return origin;
}

/** The domain, `{ pattern?, base? }`: of a host, or of a path of a site. An empty answer means workers.dev, which has neither. */
export function domainOf(text) {
  const given = text.trim().replace(/\*+$/, '');
  if (given === '' || /^(?:[\w.-]+\.)?workers\.dev\/?$/.test(given)) return {};
  const url = urlOf(given);
  // A Worker's domain has no port, and a name without a dot is not a domain.
  if (url.port || !/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/.test(url.hostname) || /^[\d.]+$/.test(url.hostname)) {
    throw new Trouble(`${JSON.stringify(text)} is not a domain; use one such as count.example.com, a path such as blog.example/stats, or workers.dev`);
  }
  if (url.pathname === '/') return { pattern: url.hostname };
  if (!/^(?:\/[A-Za-z0-9._~-]+)+\/$/.test(url.pathname)) throw new Trouble(`${JSON.stringify(text)} is not a domain; its path takes letters, digits and . _ ~ - between slashes`);
  return { pattern: `${url.hostname}${url.pathname}*`, base: url.pathname.slice(0, -1) };
}

/** `STATS`. */
export function statsOf(text) {
  if (!['public', 'token', 'closed'].includes(text)) throw new Trouble(`--stats is ${JSON.stringify(text)}; allowed: public, token, closed`);
  return text;
}

/** The Worker's name. */
export function nameOf(text) {
  if (!NAME.test(text)) throw new Trouble(`--name is ${JSON.stringify(text)}; use 1 to 63 characters of a-z 0-9 -, without - at either end`);
  return text;
}

/** A token that was given, or a random one. */
export function tokenFrom(text) {
  if (!text) return randomBytes(24).toString('hex');
  // `.dev.vars` cannot hold other characters.
  if (!/^[\x21-\x7e]{16,}$/.test(text) || /["'`#\\$]/.test(text)) throw new Trouble("a token has at least 16 visible ASCII characters, and none of \" ' ` # \\ $");
  return text;
}
