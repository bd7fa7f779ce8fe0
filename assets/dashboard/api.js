// Asking the API of one's own origin, and what can go wrong with that.

/** After so long an answer is not waited for any more, in milliseconds. */
const PATIENCE_MS = 20_000;

/** Why there is no answer. `kind` is what the page makes of it. */
export class Problem extends Error {
  /**
   * - `network`: nobody answered; `failed`: the Worker did, but could not;
   * - `token`: a token is needed, or another; `closed`: nobody may read; `missing`: there is no such site;
   * - `refused`: the question is wrong, as an address written by hand may be.
   */
  constructor(kind, message, hint) {
    super(message);
    this.kind = kind;
    this.hint = hint;
  }

  /** Whether the same question may get an answer in a while. */
  get passes() {
    return ['network', 'failed'].includes(this.kind);
  }
}

const KINDS = { 401: 'token', 403: 'closed', 404: 'missing' };

/** The path of a question about a site; what is undefined is not asked. */
export function path(site, what, query = {}) {
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== undefined));
  return `/api/sites/${encodeURIComponent(site)}/${what}${asked.size ? `?${asked}` : ''}`;
}

/**
 * The answer, by itself as JSON, or as `read` reads it. Throws a {@link Problem}, or an `AbortError` where `signal` ended it: up to the
 * last byte, as an answer that has begun may break off, or be of a question that nobody asks any more.
 */
export async function ask(path, { token, signal } = {}, read = (response) => response.json()) {
  const patience = new AbortController();
  const end = () => patience.abort();
  signal?.addEventListener('abort', end);
  const timer = setTimeout(end, PATIENCE_MS);
  try {
    // What the browser kept is asked about: it may be of another token, or of a counter that is gone.
    const response = await fetch(path, { cache: 'no-cache', headers: token ? { authorization: `Bearer ${token}` } : {}, signal: patience.signal });
    if (!response.ok) throw await problemOf(response);
    return await read(response);
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (signal?.aborted) throw new DOMException('', 'AbortError');
    throw new Problem('network', 'The counter does not answer');
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}

/** Problems are told as `{ error, hint }`; what is in front of the Worker has its own ways. */
async function problemOf(response) {
  const { error, hint } = await response.json().catch(() => ({}));
  const kind = KINDS[response.status] ?? (response.status < 500 && response.status !== 429 ? 'refused' : 'failed');
  return new Problem(kind, error ?? `The counter answered ${response.status}`, hint);
}
