// Names that content blockers block, whatever is served there.

/** Labels of a host or folders of a path. Generic rules of EasyList or EasyPrivacy name each, alone or with its usual continuation. */
const KNOWN = new Set([
  'ad', 'ads', 'adserver', 'adtrack', 'analytic', 'analytics', 'beacon', 'beacons', 'collect', 'collector', 'goatcounter', 'matomo', 'metrics', 'pageview',
  'pageviews', 'piwik', 'pixel', 'pixels', 'plausible', 'telemetry', 'track', 'tracker', 'trackers', 'tracking', 'umami', 'webstats',
]);

/** The names of an address that blockers know. */
export const knownNames = ({ hostname, pathname }) => [...hostname.split('.').slice(0, -1), ...pathname.split('/').slice(0, -1)].filter((name) => KNOWN.has(name.toLowerCase()));

/** Whether a URL is another counter's script at an address that lists block. They block more at `workers.dev` than elsewhere (docs/moving.md). */
export const isKnownScript = ({ hostname, pathname }) => hostname.endsWith('.workers.dev') && /^\/js\/script[^/]*\.js$/.test(pathname);

export function askedNames(report, base) {
  const known = knownNames(base);
  if (known.length === 0) report.ok('names', 'blocker lists know no name in its address');
  else report.wrong('names', `${base.host}${base.pathname} has the name ${known.join(' and ')}, which blocker lists know`, 'use another domain or path, such as count.example.com or blog.example/stats');
}
