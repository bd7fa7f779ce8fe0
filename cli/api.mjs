// The owner's routes of the Worker, with ADMIN_TOKEN.

import { Trouble } from '../tools/run.mjs';
import { siteOf } from './answers.mjs';
import { findFolder, SECRETS_FILE, settingsIn, tokenOf } from './folder.mjs';

/** The one site that is meant: what was said, else the first of the folder. */
export function siteMeant(said) {
  const folder = findFolder();
  const site = said === undefined ? ((folder && settingsIn(folder).sites[0]) ?? 'default') : siteOf(said);
  if (site.includes(',')) throw new Trouble(`--site is ${site}; give one site`);
  return site;
}

/** Asks a route of a site and gives the answer, its body unread. What is no 200 is told in the Worker's words. */
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

/** Why a request got no answer, in few words. */
export function reasonOf(error) {
  if (error.name === 'TimeoutError') return 'no answer in time';
  const cause = error.cause ?? error;
  return (cause.errors?.[0]?.message ?? cause.message ?? String(cause)).replace(/\s+/g, ' ');
}

/** What helps here, where the Worker's own hint is for those who ask it without this program. */
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

/** What the Worker says is wrong, and what helps; nothing where it is not the Worker that says it. */
export function problemIn(text) {
  const { error, hint = '' } = jsonIn(text);
  return typeof error === 'string' ? { error, hint } : {};
}

/** What a text says as JSON; nothing of one that is none. */
export function jsonIn(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
