// Sends one request of the doctor, and explains a response that is not Footfall's.

import { problemIn, reasonOf } from '../api.mjs';

const TIMEOUT_MS = 15_000;

/** The part of a page that is searched for the tag; pages may be long. */
const MAX_TEXT_BYTES = 8 * 1024 * 1024;

/** The response as `{ status, headers, text }`, without following redirects; or `{ failure }` with the reason why there is none. */
export async function look(url, options = {}) {
  try {
    const answer = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS), ...options });
    return { status: answer.status, headers: answer.headers, text: await textOf(answer) };
  } catch (error) {
    return { failure: reasonOf(error) };
  }
}

async function textOf(answer) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_TEXT_BYTES) break;
  }
  return Buffer.concat(chunks).toString();
}

/** Explains an unexpected response: `[seen, todo]`. */
export function unexpected({ status, headers, text, failure }) {
  if (failure !== undefined) return [failure, 'check the address, and any firewall or proxy on the way'];
  if (headers.has('cf-mitigated')) return [`Cloudflare answers ${status} with a challenge`, "exempt the counter's host in Security: bot fight mode, WAF rules"];
  const to = headers.get('location') ?? '';
  if (/cloudflareaccess\.com/.test(to)) return [`${status} to a login of Cloudflare Access`, "exempt the counter's host in Access"];
  if (status >= 300 && status < 400) return [`${status}, it moved to ${to}`, 'use that address, in the tag as well: browsers do not resend a visit there'];
  const { error, hint } = problemIn(text);
  if (error !== undefined) return [`${status}, ${error}`, hint || 'docs/runbook.md'];
  const [, code] = /error code: (\d+)/i.exec(text) ?? [];
  if (code === '1027') return ["the free plan's requests of the day are used up", 'wait until midnight (UTC), or use the paid plan'];
  return [`${status}${code ? `, Cloudflare's error ${code}` : ''}, which Footfall did not send`, 'run npx footfall deploy, or check that the domain leads to the Worker'];
}
