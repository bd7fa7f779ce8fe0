// Calls the Worker's admin routes with ADMIN_TOKEN.

import { Trouble } from '../tools/run.mjs';
import { siteOf } from './answers.mjs';
import { findFolder, SECRETS_FILE, settingsIn, tokenOf } from './folder.mjs';

/** The one site that a command works on: `--site`, or else the first site of the folder. */
export function siteMeant(said) {
  const folder = findFolder();
  const site = said === undefined ? ((folder && settingsIn(folder).sites[0]) ?? 'default') : siteOf(said);
  if (site.includes(',')) throw new Trouble(`--site is ${site}; give one site`);
  return site;
}

/** Calls a route of a site and returns the response with its body unread. Any status but 200 throws a `Trouble` with the Worker's message. */
export async function askOwner(base, site, route, options = {}) {
  const token = tokenOf('ADMIN_TOKEN');
  if (!token) throw new Trouble(`ADMIN_TOKEN is set neither in the environment nor in ${SECRETS_FILE}`);
  const url = new URL(`api/sites/${site}/${route}`, base);
  let answer;
  try {
    answer = await fetch(url, { redirect: 'manual', ...options, headers: { authorization: `Bearer ${token}`, ...options.headers } });
  } catch (error) {
    throw new Trouble(`${url.origin} does not answer: ${reasonOf(error)}`);
  }
  if (answer.status !== 200) throw new Trouble(`${url}: ${await complaint(answer)}`);
  return answer;
}

/** Why a request got no answer, on one line. */
export function reasonOf(error) {
  if (error.name === 'TimeoutError') return 'no answer in time';
  const cause = error.cause ?? error;
  return (cause.errors?.[0]?.message ?? cause.message ?? String(cause)).replace(/\s+/g, ' ');
}

/** Hints by status, for cases in which the Worker's own hint is for people who call it without this program. */
const TODO = {
  401: `ADMIN_TOKEN here differs from the Worker's: npx footfall deploy uploads the one in ${SECRETS_FILE}`,
  409: '--add adds to them',
};

async function complaint(answer) {
  const { status } = answer;
  const text = await answer.text().catch(() => '');
  if (status >= 300 && status < 400) return `${status}, it moved to ${answer.headers.get('location')}: give that address`;
  const { error, hint } = problemIn(text);
  if (error === undefined) return `${status}, and Footfall did not send it: is the address right?`;
  const todo = TODO[status] ?? hint;
  return `${status}, ${error}; ${todo}`;
}

/** The Worker's error and hint in a response body; empty if the body is not the Worker's. */
export function problemIn(text) {
  const { error, hint = '' } = jsonIn(text);
  return typeof error === 'string' ? { error, hint } : {};
}

/** The value of a JSON text; an empty object if the text is not JSON. */
export function jsonIn(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
