// The page of `npm run trace` in Chromium: it opens from a file, loads nothing, and its slider moves the time.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { trace } from '../../tools/trace.mjs';
import { startBrowser } from './support.mjs';

const RUNS = [{ visits: 2, counter: 'embedded' }, { visits: 2_000, counter: 'embedded' }];


test('the page says what happens at each moment, for 2 visits and for 2,000', async (t) => {
  const out = mkdtempSync(join(tmpdir(), 'footfall-traced-'));
  t.after(() => rmSync(out, { recursive: true, force: true }));
  const [two, crowd] = (await trace({ runs: RUNS, slowMs: 400, out })).map(({ story }) => story);
  const context = await startBrowser(t, { viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  const url = pathToFileURL(join(out, 'trace.html')).href;
  await page.goto(url);
  const says = (id) => page.locator(`#${id}`).textContent();
  /** Moves the time to an event, as dragging the slider does. */
  const moveTo = (event) => page.locator('#time').evaluate((slider, at) => {
    slider.value = story.places[at];
    slider.dispatchEvent(new Event('input'));
  }, event);

  const [a, b] = two.visits;
  assert.match(await says('state'), /Visit A has come and is about to be polled/);
  await moveTo(a.polls[0].at);
  assert.equal(await says('thread'), 'polls visit A');
  assert.match(await says('counts'), /^1 came: 0 waiting, 0 done$/);
  await moveTo(b.polls[0].end);
  assert.equal(await says('thread'), 'is free; 2 visits wait without it');
  assert.equal(await says('posts'), 'POST 1, led by A, carries A');
  await page.locator('#visit').fill('2');
  assert.match(await says('state'), /Visit B waits for a place in a POST of another visit \(src\/edge\/clients\/parking\.rs:\d+\)/);
  assert.match(await says('batch'), /^POST 2: it goes alone, and it leads$/);

  // The button goes to the next poll, the slider's keys one step or to the end. The visit that is polled next depends on how busy the machine was:
  // A when its answer comes, B when it has waited long enough to lead a POST.
  const next = two.visits.flatMap((visit, index) => visit.polls.map(({ at }) => ({ at, name: 'AB'[index] })))
    .filter(({ at }) => at > b.polls[0].end)
    .reduce((first, poll) => (poll.at < first.at ? poll : first));
  await page.locator('#next').press('Enter');
  assert.equal(await says('thread'), `polls visit ${next.name}`);
  const before = await says('now');
  // Each event and each millisecond is a step, so something has changed after two.
  for (const key of ['ArrowRight', 'ArrowRight']) await page.locator('#time').press(key);
  assert.notEqual(await says('now'), before);
  await page.locator('#time').press('End');
  assert.match(await says('counts'), /^2 came: 0 waiting, 2 done$/);
  assert.match(await says('state'), /Visit B is done/);

  await page.locator('#story').selectOption('1');
  const peak = crowd.visits.at(-1).polls[0].end;
  await moveTo(peak);
  assert.match(await says('counts'), /^2,000 came: (1,9\d\d|2,000) waiting, \d+ done$/);
  const { lanes } = await page.evaluate(() => ({ lanes: story.lanes }));
  const picture = await page.locator('#picture svg').boundingBox();
  const scale = picture.width / 1200;
  await page.mouse.click(picture.x + 600 * scale, picture.y + (lanes.top + 999.5 * lanes.height) * scale);
  const chosen = Number(await page.locator('#visit').inputValue());
  assert.ok(Math.abs(chosen - 1_000) <= 4, `visit ${chosen} was chosen`);
  const { post } = crowd.visits[chosen - 1];
  assert.match(await says('batch'), new RegExp(`^POST ${post}: goes with ${crowd.posts[post - 1].visits.length - 1} others`));
  assert.ok((await page.locator('#overlay .along').count()) >= 1);
  // The text says what the visit waits for, whether its POST is sent by then or not.
  const { sent, leader, visits: along } = crowd.posts[post - 1];
  const follower = along.find((id) => id !== leader);
  await page.locator('#visit').fill(String(follower));
  await moveTo(sent - 1);
  assert.match(await says('state'), new RegExp(`Visit ${follower} waits for a place in a POST`));
  await moveTo(sent);
  assert.match(await says('state'), new RegExp(`Visit ${follower} waits for its answer in POST ${post}, which ${leader} sent`));

  const ms = await page.evaluate(() => {
    const slider = document.getElementById('time');
    const begun = performance.now();
    for (let at = 0; at < 100; at += 1) {
      slider.value = (slider.max * at) / 100;
      slider.dispatchEvent(new Event('input'));
      document.getElementById('picture').getBoundingClientRect();
    }
    return (performance.now() - begun) / 100;
  });
  t.diagnostic(`a move of the time with 2,000 visits takes ${ms.toFixed(2)} ms`);

  const roots = await page.evaluate(() => STORIES.map(({ svg }) => new DOMParser().parseFromString(svg, 'image/svg+xml')).map((xml) => `${xml.documentElement.nodeName}, ${xml.querySelectorAll('parsererror').length} errors`));
  assert.deepEqual(roots, ['svg, 0 errors', 'svg, 0 errors'], 'both pictures are well-formed');
  assert.deepEqual(asked.filter((one) => one !== url && !one.startsWith('data:')), []);
});
