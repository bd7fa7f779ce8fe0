// Cloudflare's prices and limits, for `npm run costs` and `npm run scale`. They change: when you read the pages again, update `read`.

const OBJECTS = { page: 'Durable Objects, Pricing', url: 'https://developers.cloudflare.com/durable-objects/platform/pricing/', read: '2026-11-23' };
const OBJECT_LIMITS = { page: 'Durable Objects, Limits', url: 'https://developers.cloudflare.com/durable-objects/platform/limits/', read: '2026-11-23' };
const FAQ = { page: 'Durable Objects, FAQ', url: 'https://developers.cloudflare.com/durable-objects/reference/faq/', read: '2026-11-23' };
const LIFE = { page: 'Durable Objects, Lifecycle', url: 'https://developers.cloudflare.com/durable-objects/concepts/durable-object-lifecycle/', read: '2026-11-23' };
const WORKERS = { page: 'Workers, Pricing', url: 'https://developers.cloudflare.com/workers/platform/pricing/', read: '2026-11-23' };
const WORKER_LIMITS = { page: 'Workers, Limits', url: 'https://developers.cloudflare.com/workers/platform/limits/', read: '2026-11-23' };

const MILLION = 1e6;

/** The base price of the paid plan, in dollars a month. */
export const PLAN = { dollars: 5, source: WORKERS };

/**
 * The billed uses. The paid plan includes `included` a month, and costs `dollars` for each further `per`. The limit of the free plan is `free`:
 * a day, or in all for what is stored.
 */
export const PRICES = {
  requests: { what: 'Worker requests', unit: '', included: 10 * MILLION, dollars: 0.3, per: MILLION, free: 100_000, source: WORKERS },
  cpuMs: { what: 'CPU of the Worker', unit: 'ms', included: 30 * MILLION, dollars: 0.02, per: MILLION, source: WORKERS },
  calls: { what: 'object calls', unit: '', included: MILLION, dollars: 0.15, per: MILLION, free: 100_000, source: OBJECTS },
  gbSeconds: { what: 'object time', unit: 'GB-s', included: 400_000, dollars: 12.5, per: MILLION, free: 13_000, source: OBJECTS },
  rowsWritten: { what: 'rows written', unit: '', included: 50 * MILLION, dollars: 1, per: MILLION, free: 100_000, source: OBJECTS },
  rowsRead: { what: 'rows read', unit: '', included: 25_000 * MILLION, dollars: 0.001, per: MILLION, free: 5 * MILLION, source: OBJECTS },
  storedGb: { what: 'stored', unit: 'GB', included: 5, dollars: 0.2, per: 1, free: 5, source: OBJECTS },
};

/** The GB that an awake object is billed for, whatever it uses: 128 MB. */
export const OBJECT_GB = { number: 0.128, source: OBJECTS };

/** Seconds that an object stays in memory after its last call. */
export const AWAKE_S = { number: 10, source: LIFE };

/** Calls a second that one object takes; a soft limit. */
export const CALLS_PER_S = { number: 1_000, source: FAQ };

/** CPU of one request on the free plan, in milliseconds. */
export const FREE_CPU_MS = { number: 10, source: WORKER_LIMITS };

/** The most that one object may store, in GB. */
export const OBJECT_STORES_GB = { number: 10, source: OBJECT_LIMITS };

/** The dollars for the part of a use that the plan does not include. */
export function dollars({ included, dollars: each, per }, used) {
  return (Math.max(0, used - included) / per) * each;
}
