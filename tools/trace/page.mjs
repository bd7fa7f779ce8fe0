// Writes the interactive page: one file that contains everything and loads nothing from the network.

import { readFileSync } from 'node:fs';
import { WAITS } from './story.mjs';
import { counterOf, measuredOf, titleOf } from './words.mjs';

const read = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');

/** The page. `drawn` are stories with their pictures, `places` has the place in the source of each kind of wait. */
export function page(drawn, places) {
  const data = { STORIES: drawn.map(dataOf), WAITS, PLACES: places };
  // Text in the data must not end the script element.
  const script = Object.entries(data).map(([name, value]) => `const ${name} = ${JSON.stringify(value).replaceAll('<', '\\u003c')};`).join('\n');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>Footfall: what await does</title>
<link rel="icon" href="data:,">
<style>
${read('page.css')}</style>
<h1>What <code>await</code> does: many visits, one thread</h1>
<div class="bar">
<label>Story <select id="story"></select></label>
<button id="play" type="button">Play</button>
<button id="back" type="button">Previous poll</button>
<button id="next" type="button">Next poll</button>
</div>
<div class="bar">
<label for="time">Time</label><input id="time" type="range" min="0" step="1" value="0">
<output id="now" for="time"></output>
</div>
<div class="facts">
<div><h2>The thread</h2><p id="thread"></p></div>
<div><h2>Visits</h2><p id="counts"></p></div>
<div><h2>POSTs on their way</h2><p id="posts"></p></div>
<div><h2><label>Visit number <input id="visit" type="number" min="1" value="1"></label></h2><p id="state"></p><p id="batch" class="soft"></p></div>
</div>
<div id="picture"></div>
<p id="measured" class="soft"></p>
<p class="soft">In the slider, <kbd>←</kbd> and <kbd>→</kbd> move by one event or millisecond, <kbd>Page Up</kbd> and <kbd>Page Down</kbd> by many. A click in the picture goes to that time, and selects the visit
of that row. The isolate's clock has whole milliseconds; within one, events keep their order.</p>
<script>
${script}
${read('page.js')}</script>
</html>
`;
}

function dataOf({ story, svg, xs, width, lanes, cursor }) {
  return {
    title: `${titleOf(story)}: ${counterOf(story)}`,
    measured: `Measured from outside: ${measuredOf(story)}.`,
    svg,
    width,
    lanes,
    cursor,
    ms: story.ms,
    xs: xs.map((x) => Math.round(x * 10) / 10),
    posts: story.posts,
    visits: story.visits.map(({ name, came, done, post, polls }) => ({ name, came, done, post, polls: polls.map(({ at, end, then }) => [at, end, then]) })),
  };
}
