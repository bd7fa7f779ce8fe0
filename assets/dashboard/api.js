// Requests to the API of the page's own origin, and their failures.

/** The longest wait for an answer, in milliseconds. */
const PATIENCE_MS = 20_000;

/** Why there is no answer. `kind` decides what the page shows. */
export class Problem extends Error {
  /**
   * - `network`: no answer came; `failed`: the Worker answered with an error;
   * - `token`: a token is missing or wrong; `closed`: nobody may read; `missing`: there is no such site;
   * - `refused`: the request is wrong, as a hand-written address may be.
   */
  constructor(kind, message, hint) {
    super(message);
    this.kind = kind;
    this.hint = hint;
  }

  /** Whether the same request may succeed later. */
  get passes() {
    return ['network', 'failed'].includes(this.kind);
  }
}

const KINDS = { 401: 'token', 403: 'closed', 404: 'missing' };

/** The path of a request about a site; undefined parameters are left out. */
export function path(site, what, query = {}) {
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== undefined));
  return `/api/sites/${encodeURIComponent(site)}/${what}${asked.size ? `?${asked}` : ''}`;
}

/**
 * The answer, read as JSON or with `read`. Throws a {@link Problem}, or an `AbortError` if `signal` ended it, even while the body arrives: an answer
 * that has begun may break off, or its request may be cancelled.
 */
export async function ask(path, { token, signal } = {}, read = (response) => response.json()) {
  const patience = new AbortController();
  const end = () => patience.abort();
  signal?.addEventListener('abort', end);
  const timer = setTimeout(end, PATIENCE_MS);
  try {
    // The browser revalidates its cached answer, which may belong to another token or to a counter that is gone.
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

/** The problem in a response. The Worker answers `{ error, hint }`; servers in front of it answer otherwise. */
async function problemOf(response) {
  const { error, hint } = await response.json().catch(() => ({}));
  const kind = KINDS[response.status] ?? (response.status < 500 && response.status !== 429 ? 'refused' : 'failed');
  return new Problem(kind, error ?? `The counter answered ${response.status}`, hint);
}
