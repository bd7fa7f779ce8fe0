// Draws many visits: a row for each, thinner than a line, in the order in which they came.
//
// Adjacent rows that went in the same POST are one shape, so that 2,000 visits are some hundred elements. The time axis is the isolate's clock,
// in milliseconds.

import { most, polls, waiting } from './story.mjs';
import { colour, fitting, path, picture, rect, round, text, ticks } from './svg.mjs';
import { counterOf, many, titleOf } from './words.mjs';

const WIDTH = 1200;
const LEFT = 132;
const RIGHT = 24;
const CURVE = { top: 84, height: 110 };
const POSTS = { top: 218, height: 34 };
const ROWS_HEIGHT = 480;
const THREAD_HEIGHT = 74;

/** Up to this many POSTs get a bar each; more appear only in the rows. */
const MOST_BARS = 40;

/** The width of one bar of the thread, in milliseconds. */
const BUCKET_MS = 4;

/** The picture; `xs` has the position of each event. */
export function crowd(story) {
  const { visits, posts, ms } = story;
  const end = ms.at(-1);
  const scale = (WIDTH - LEFT - RIGHT) / Math.max(1, end);
  const x = (at) => round(LEFT + ms[at] * scale);
  const barred = posts.length <= MOST_BARS;
  const rows = { top: barred ? POSTS.top + POSTS.height + 16 : POSTS.top, height: ROWS_HEIGHT };
  const y = (id) => round(rows.top + ((id - 1) * rows.height) / visits.length);
  const thread = { top: rows.top + rows.height + 18, height: THREAD_HEIGHT };
  const axis = thread.top + thread.height;
  const height = axis + 70;
  const curve = waiting(story);
  const peak = most(curve);

  const shapes = runsOf(visits).map((run) => {
    const one = barred ? colour(run[0].post) : 'c0';
    const sent = x(posts[run[0].post - 1].sent);
    // A parked visit is drawn lighter, because it has no POST on its way yet.
    const left = run.map(({ id, came }) => [barred ? Math.min(sent, x(came)) : x(came), id]);
    const right = run.map(({ id, done }) => [x(done), id]);
    const going = barred ? run.map(({ id, came }) => [Math.max(sent, x(came)), id]) : left;
    return [
      barred && run.length > 1 ? path(between(left, going, y), `${one} tint solid`) : '',
      path(between(going, right, y), `${one} full solid`),
      path(edge(left, y) + edge(right, y), 'ink'),
    ];
  });
  const bars = !barred ? [] : posts.map(({ number, leader, visits: members, sent, back }) => {
    const said = [`POST ${number}: ${many(members.length, 'visit')}, led by visit ${leader}`, `POST ${number}: ${many(members.length, 'visit')}`, `POST ${number}`];
    return [
      rect(x(sent), POSTS.top, x(back) - x(sent), POSTS.height, `${colour(number)} tint holds`, ' rx="4"'),
      fitting(x(sent), x(back), POSTS.top + 22, said, 'small'),
      rect(x(sent), y(leader) - 1.5, x(back) - x(sent), 3, 'bg'),
      path(`M${x(sent)} ${y(leader)}H${x(back)}`, `${colour(number)} holds`),
    ];
  });
  return {
    svg: picture(WIDTH, height, titleOf(story), `The counter is ${counterOf(story)}. ${many(peak.count, 'visit')} wait at once, ${ms[peak.at]} ms after the first came; ${many(posts.length, 'POST')} in ${end} ms.`, [
      text(16, 36, titleOf(story), 'title'),
      text(16, 58, `Each visit asks ${counterOf(story)}. ${many(posts.length, 'POST')}; ${many(peak.count, 'visit')} wait at once. Recorded in one isolate of workerd.`, 'muted'),
      [rect(LEFT, CURVE.top, WIDTH - LEFT - RIGHT, CURVE.height, 'lane'), barred ? rect(LEFT, POSTS.top - 6, WIDTH - LEFT - RIGHT, POSTS.height + 12, 'lane') : '', rect(LEFT, rows.top, WIDTH - LEFT - RIGHT, rows.height, 'lane'), rect(LEFT, thread.top, WIDTH - LEFT - RIGHT, thread.height, 'lane')],
      ticks(end, 10).map((at) => [path(`M${round(LEFT + at * scale)} ${CURVE.top}V${axis + 5}`, 'axis'), text(LEFT + at * scale, axis + 21, `${at} ms`, 'mid small muted')]),
      label(CURVE.top + 26, 'waiting', 'visits at once'),
      area(curve, x, (count) => CURVE.top + CURVE.height - (count / peak.count) * (CURVE.height - 20)),
      path(`M${LEFT} ${CURVE.top + 20}H${WIDTH - RIGHT}`, 'free'),
      text(x(peak.at) + (ms[peak.at] > end * 0.7 ? -8 : 8), CURVE.top + 15, `${many(peak.count, 'visit')} at ${ms[peak.at]} ms`, `strong ${ms[peak.at] > end * 0.7 ? 'end' : ''}`),
      barred ? label(POSTS.top + 15, 'counter', 'POSTs there') : '',
      label(rows.top + 26, 'visits', 'a row each,'),
      text(16, rows.top + 60, 'first at the top', 'muted small'),
      shapes, bars,
      label(thread.top + 26, 'the thread', `polls in ${BUCKET_MS} ms`),
      threadBars(story, thread, scale),
      legend(height - 26, barred),
    ]),
    xs: ms.map((_, at) => x(at)),
    width: WIDTH,
    height,
    lanes: { top: rows.top, height: rows.height / visits.length },
    cursor: { top: CURVE.top, bottom: axis },
  };
}

const label = (y, what, more) => [text(16, y, what, 'strong'), text(16, y + 17, more, 'muted small')];

/** Groups of adjacent visits that went in one POST; one group of all visits if each has a POST of its own. */
function runsOf(visits) {
  const alone = visits.every(({ post }, at) => at === 0 || post !== visits[at - 1].post);
  const runs = [];
  for (const visit of visits) {
    if (runs.length > 0 && (alone || runs.at(-1)[0].post === visit.post)) runs.at(-1).push(visit);
    else runs.push([visit]);
  }
  return runs;
}

/** A path of steps from row to row, downwards, through the given positions. */
const stairs = (places, y) => places.reduce((d, [x, id], at) => d + (at > 0 && places[at - 1][0] === x ? '' : `V${y(id)}H${x}`), '') + `V${y(places.at(-1)[1] + 1)}`;
const edge = (places, y) => `M${places[0][0]} ${y(places[0][1])}${stairs(places, y)}`;

/** The shape between two such paths. */
function between(left, right, y) {
  const back = right.toReversed();
  const up = back.reduce((d, [x, id], at) => d + (at > 0 && back[at - 1][0] === x ? '' : `V${y(id + 1)}H${x}`), '');
  return `${edge(left, y)}${up}V${y(right[0][1])}Z`;
}

function area(curve, x, y) {
  const places = new Map(curve.map(([at, count]) => [x(at), count]));
  const d = [...places].reduce((line, [at, count]) => `${line}H${at}V${round(y(count))}`, `M${LEFT} ${round(y(0))}`);
  return [path(`${d}V${round(y(0))}Z`, 'inked tint'), path(d, 'ink')];
}

/** The thread: how often it polled a visit in each bar, and where it was free for more than 20 ms. */
function threadBars(story, { top, height }, scale) {
  const all = polls(story);
  const counts = new Map();
  for (const { at } of all) {
    const bucket = Math.floor(story.ms[at] / BUCKET_MS);
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  const highest = Math.max(...counts.values());
  const bars = [...counts].map(([bucket, count]) => {
    const tall = Math.max(2, (count / highest) * (height - 24));
    return `M${round(LEFT + bucket * BUCKET_MS * scale)} ${round(top + height - tall)}h${round(BUCKET_MS * scale)}V${top + height}h${round(-BUCKET_MS * scale)}z`;
  });
  const free = all.slice(1).map(({ at }, before) => [story.ms[all[before].end], story.ms[at]]);
  return [
    path(bars.join(''), 'inked'),
    free.filter(([from, to]) => to - from > 20).map(([from, to]) => fitting(LEFT + from * scale, LEFT + to * scale, top + height / 2 + 5, [`free for ${to - from} ms`, 'free'], 'muted small')),
    text(16, top + 60, `up to ${highest}`, 'muted small'),
  ];
}

function legend(y, barred) {
  const of = (x, mark, content) => [mark(x), text(x + 42, y + 12, content, 'small')];
  return [
    of(16, (x) => path(`M${x} ${y + 7}h34`, 'ink'), 'the edges: polled when it comes and when it is answered'),
    of(420, (x) => rect(x, y, 34, 14, 'c0 full solid'), 'waits; its POST is on its way'),
    barred ? of(680, (x) => rect(x, y, 34, 14, 'c0 tint solid'), 'waits, parked for the next POST') : '',
    barred ? of(950, (x) => path(`M${x} ${y + 7}h34`, 'c0 holds'), 'leads: holds the POST') : '',
  ];
}
