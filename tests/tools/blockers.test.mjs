// F1: no generic rule of a content blocker catches the requests of an owner's page, on any host.
//
// The patterns are the generic rules of public lists (EasyPrivacy, EasyList, August 2026) that are closest to a counter's paths. The lists
// themselves are not part of this project.

import { FiltersEngine, Request } from '@ghostery/adblocker';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../tools/pins.mjs';

const RULES = [
  '.com/counter?', '.com/count?', '.com/hit?', '/counter/stat.php', '/counter.js.php', '/js/counter.js?', '/log/counter?', '/events/counter?', '/count.gif?', '/count.php?', '/js/count.js.', '/hits.php?',
  '/stats/visitors', '/stats/pageview', '/stats/impression', '/stats-collect', '/b/stats?', '/stats?object', '/pageview?', '/page-view.', '/pixel.gif?', '/pixel.php?', '/tracker.js', '/tracking.js', '/analytics.js', '/beacon?', '/collect?',
  '/piwik.js', '/matomo.js', '/umami.js', '/plausible.js', '/visit.php?', '/visitor.js?', '$ping,third-party',
];
const engine = FiltersEngine.parse(RULES.join('\n'));

const HOSTS = ['https://count.example.com', 'https://count.example.org', 'https://footfall.account.workers.dev', 'https://blog.example/stats', 'https://blog.example/footfall'];

/** The requests of the script, of the snippets in README, and of the dashboard. */
const ASKED = [
  'script /footfall.js', 'xhr /visit', 'fetch /visit', 'xhr /numbers?site=blog&page=%2Fa', 'xhr /numbers?site=blog&show=views,site_views,visitors',
  'image /pixel/blog.gif?page=/a', 'image /badge/blog/a.svg?count=1', 'xhr /api/sites/blog/series?tz=Europe%2FBerlin', 'xhr /api/sites/blog/summary?only=referrer:news.example',
];

const caught = (asked) => {
  const [type, url] = asked.split(' ');
  return engine.match(Request.fromRawDetails({ type, url, sourceUrl: 'https://blog.example/a' })).match;
};

test('F1: no generic rule catches a request of a page', () => {
  const all = HOSTS.flatMap((host) => ASKED.map((asked) => asked.replace(' ', ` ${host}`)));
  assert.deepEqual(all.filter(caught), []);
  assert.ok(caught('xhr https://count.example.com/counter?site=blog') && caught('ping https://count.example.org/visit'), 'the rules catch what they are made for');
});

test('F1: the script requests those paths and no others', () => {
  const script = readFileSync(join(ROOT, 'assets', 'footfall.js'), 'utf8');
  assert.deepEqual([...script.matchAll(/base \+ '([^']+)'/g)].map(([, path]) => path), ['visit']);
  assert.ok(!/sendBeacon/.test(script), 'blockers catch a beacon on every host');
});
