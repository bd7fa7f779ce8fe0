// F1: what a page of an owner asks is caught by no generic rule of a blocker, on any host.
//
// The patterns are facts about public lists (EasyPrivacy, EasyList, August 2026): those of their generic rules that are closest to a counter's
// paths. The lists themselves are not part of this project.

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

/** What the script, the snippets of README and the dashboard ask. */
const ASKED = [
  'script /footfall.js', 'xhr /visit', 'fetch /visit', 'xhr /numbers?site=blog&page=%2Fa', 'xhr /numbers?site=blog&show=views,site_views,visitors',
  'image /pixel/blog.gif?page=/a', 'image /badge/blog/a.svg?count=1', 'xhr /api/sites/blog/series?tz=Europe%2FBerlin', 'xhr /api/sites/blog/summary?only=referrer:news.example',
];

const caught = (asked) => {
  const [type, url] = asked.split(' ');
  return engine.match(Request.fromRawDetails({ type, url, sourceUrl: 'https://blog.example/a' })).match;
};

test('F1: nothing that a page asks is caught by a generic rule', () => {
  const all = HOSTS.flatMap((host) => ASKED.map((asked) => asked.replace(' ', ` ${host}`)));
  assert.deepEqual(all.filter(caught), []);
  assert.ok(caught('xhr https://count.example.com/counter?site=blog') && caught('ping https://count.example.org/visit'), 'the rules catch what they are there for');
});

test('F1: the script asks those names and no others', () => {
  const script = readFileSync(join(ROOT, 'assets', 'footfall.js'), 'utf8');
  assert.deepEqual([...script.matchAll(/base \+ '([^']+)'/g)].map(([, path]) => path), ['visit']);
  assert.ok(!/sendBeacon/.test(script), 'a beacon is caught on every host');
});
