// Names that lists of content blockers know, whatever stands behind them.

/** As a label of a host, or as a folder of a path. Each is in generic rules of EasyList or EasyPrivacy, alone or with what mostly follows. */
const KNOWN = new Set([
  'ad', 'ads', 'adserver', 'adtrack', 'analytic', 'analytics', 'beacon', 'beacons', 'collect', 'collector', 'goatcounter', 'matomo', 'metrics', 'pageview',
  'pageviews', 'piwik', 'pixel', 'pixels', 'plausible', 'telemetry', 'track', 'tracker', 'trackers', 'tracking', 'umami', 'webstats',
]);

/** The names of an address that blockers know. */
export const knownNames = ({ hostname, pathname }) => [...hostname.split('.').slice(0, -1), ...pathname.split('/').slice(0, -1)].filter((name) => KNOWN.has(name.toLowerCase()));

/** Whether it is the script of another counter at an address where lists know it. At `workers.dev` they know more than elsewhere (docs/moving.md). */
export const isKnownScript = ({ hostname, pathname }) => hostname.endsWith('.workers.dev') && /^\/js\/script[^/]*\.js$/.test(pathname);

export function askedNames(report, base) {
  const known = knownNames(base);
  if (known.length === 0) report.ok('names', 'blocker lists know no name in its address');
  else report.wrong('names', `${base.host}${base.pathname} has the name ${known.join(' and ')}, which blocker lists know`, 'use another domain or path, such as count.example.com or blog.example/stats');
}
