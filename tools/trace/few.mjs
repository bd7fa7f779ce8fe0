// Draws a few visits: a lane for each, with every poll, every wait and every POST.
//
// Time is to scale only where the thread is free. Polls are shorter than the clock can measure, so each gets a column of its own, and the
// columns of one moment are side by side in order.

import { polls } from './story.mjs';
import { colour, fitting, path, picture, rect, round, text } from './svg.mjs';
import { counterOf, didOf, listed, titleOf, waitsOf } from './words.mjs';

const WIDTH = 1200;
const LEFT = 132;
const RIGHT = 24;
const COLUMN = 70;
const LEAST_GAP = 44;
/** The largest parts of the width for columns, and for the minimum widths of gaps. The rest is time, to scale. */
const COLUMNS_PART = 0.6;
const GAPS_PART = 0.25;
const TOP = 118;
const POST_LANE = 38;
const LANE = 66;
const BLOCK = 34;
const STEP_LINE = 22;

/** The picture; `xs` has the position of each event. */
export function few(story) {
  const all = polls(story);
  const { columns, moments, xs } = layout(story, all);
  const postRows = rowsOf(story.posts, xs);
  const counter = { top: TOP, height: POST_LANE * postRows.count + 8 };
  const laneOf = (id) => counter.top + counter.height + 14 + (id - 1) * LANE;
  const thread = laneOf(story.visits.length + 1) + 10;
  const steps = thread + LANE + 22;
  const lines = Math.ceil(all.length / 2);
  const height = steps + lines * STEP_LINE + 46;
  const block = (id) => laneOf(id) + (LANE - BLOCK) / 2;

  const background = [
    rect(LEFT, counter.top, WIDTH - LEFT - RIGHT, counter.height, 'lane'),
    story.visits.map(({ id }) => rect(LEFT, laneOf(id) + 4, WIDTH - LEFT - RIGHT, LANE - 8, 'lane')),
    rect(LEFT, thread + 4, WIDTH - LEFT - RIGHT, LANE - 8, 'lane'),
    moments.map(({ from, to, ms }) => [rect(from, TOP - 8, to - from, thread + LANE - TOP + 8, 'moment'), text((from + to) / 2, TOP - 16, columns.size > 12 ? ms : `${ms} ms`, 'mid strong')]),
    moments.slice(1).map(({ from, ms }, at) => fitting(moments[at].to, from, TOP - 16, [`${ms - moments[at].until} ms`], 'muted small')),
  ];
  const labels = [
    text(16, counter.top + counter.height / 2 + 5, 'counter', 'strong'),
    story.visits.map(({ id, name, polls: own }) => [
      text(16, laneOf(id) + LANE / 2, `visit ${name}`, 'strong'),
      text(16, laneOf(id) + LANE / 2 + 17, `polled ${own.length} times`, 'muted small'),
    ]),
    text(16, thread + LANE / 2, 'the thread', 'strong'),
    text(16, thread + LANE / 2 + 17, 'of the isolate', 'muted small'),
  ];
  const waits = story.visits.map((visit) =>
    visit.polls.slice(0, -1).map((poll, place) => {
      const [from, to] = [columnOf(columns, poll).to, columnOf(columns, visit.polls[place + 1]).from];
      const holds = poll.then === 'answer' || poll.then === 'post';
      return [
        rect(from, block(visit.id) + 2, to - from, BLOCK - 4, `${colour(visit.id)} tint ${holds ? 'holds' : 'parks'}`),
        fitting(from, to, block(visit.id) + BLOCK / 2 + 4.5, waitsOf(story, visit, poll), 'small'),
      ];
    }),
  );
  const marks = all.map((poll, at) => {
    const { from, to } = columnOf(columns, poll);
    const mark = (y, content) => [rect(from, y, to - from, BLOCK, `${colour(poll.visit)} solid`, ' rx="4"'), text((from + to) / 2, y + BLOCK / 2 + 5, content, 'mid on')];
    return [mark(block(poll.visit), at + 1), mark(thread + (LANE - BLOCK) / 2, story.visits[poll.visit - 1].name)];
  });
  const free = moments.slice(1).map(({ from, ms }, at) => [
    rect(moments[at].to + 5, thread + (LANE - BLOCK) / 2, from - moments[at].to - 10, BLOCK, 'free', ' rx="4"'),
    fitting(moments[at].to, from, thread + LANE / 2 + 5, [`free for other visits, ${ms - moments[at].until} ms`, `free, ${ms - moments[at].until} ms`, 'free'], 'muted small'),
  ]);
  const posts = story.posts.map(({ number, leader, visits, sent, back }) => {
    const y = counter.top + 6 + postRows.of.get(number) * POST_LANE;
    const names = listed(visits.map((id) => story.visits[id - 1].name));
    return [
      rect(xs[sent], y, xs[back] - xs[sent], POST_LANE - 6, `${colour(leader)} tint holds`, ' rx="4"'),
      fitting(xs[sent], xs[back], y + 21, [`POST ${number} carries ${visits.length === 1 ? `visit ${names}` : `visits ${names}`}; the counter takes its time`, `POST ${number}: ${names}`, number], 'small'),
      path(`M${round(xs[sent])} ${block(leader) - 1}V${y + POST_LANE - 5}`, 'arrow'),
      path(`M${round(xs[back])} ${y + POST_LANE - 6}V${block(leader) - 2}`, 'arrow'),
    ];
  });
  return {
    svg: picture(WIDTH, height, titleOf(story), `The counter is ${counterOf(story)}. ${all.map((poll, at) => `${at + 1}: ${didOf(story, poll)}`).join('. ')}.`, [
      text(16, 36, titleOf(story), 'title'),
      text(16, 58, `Each visit asks ${counterOf(story)}. Recorded in one isolate of workerd; numbers are the order in which the thread did it.`, 'muted'),
      background, labels, waits, free, posts, wakes(story, all, columns, block), marks,
      all.map((poll, at) => {
        const [x, y] = [16 + Math.floor(at / lines) * (WIDTH / 2), steps + (at % lines) * STEP_LINE + 8];
        return [rect(x, y - 13, 22, 17, `${colour(poll.visit)} solid`, ' rx="3"'), text(x + 11, y, at + 1, 'mid on'), text(x + 32, y, `${story.ms[poll.at]} ms`, 'muted'), text(x + 92, y, didOf(story, poll))];
      }),
      legend(height - 30),
    ]),
    xs,
    width: WIDTH,
    height,
    lanes: { top: laneOf(1), height: LANE },
    cursor: { top: TOP - 8, bottom: thread + LANE },
  };
}

const columnOf = (columns, poll) => columns.get(poll.at);

/** The horizontal layout. */
function layout({ ms }, all) {
  const moments = [];
  for (const poll of all) {
    const last = moments.at(-1);
    if (last && ms[poll.at] - last.until < 1) Object.assign(last, { until: ms[poll.end] }).polls.push(poll);
    else moments.push({ ms: ms[poll.at], until: ms[poll.end], polls: [poll] });
  }
  const gaps = moments.slice(1).map((moment, at) => moment.ms - moments[at].until);
  const whole = WIDTH - LEFT - RIGHT;
  const column = Math.min(COLUMN, (whole * COLUMNS_PART) / all.length);
  const leastGap = Math.min(LEAST_GAP, (whole * GAPS_PART) / gaps.length);
  const room = whole - all.length * column - gaps.length * leastGap;
  const scale = room / Math.max(1, gaps.reduce((sum, gap) => sum + gap, 0));
  const columns = new Map();
  const xs = new Array(ms.length);
  let x = LEFT;
  let next = 0;
  moments.forEach((moment, at) => {
    if (at > 0) x += leastGap + scale * gaps[at - 1];
    moment.from = x;
    for (const poll of moment.polls) {
      columns.set(poll.at, { from: x + 5, to: x + column - 5 });
      // The event that woke or brought the visit is at the left of its column; what the poll did is spread over the column.
      for (const first = next; next <= poll.end; next += 1) xs[next] = x + 10 + ((column - 20) * (next - first)) / Math.max(1, poll.end - first);
      x += column;
    }
    moment.to = x;
  });
  return { columns, moments, xs };
}

/** POSTs that are on their way at the same time are drawn below each other. */
function rowsOf(posts, xs) {
  const ends = [];
  const of = new Map();
  for (const { number, sent, back } of posts) {
    const free = ends.findIndex((end) => end < xs[sent]);
    const row = free < 0 ? ends.length : free;
    ends[row] = xs[back];
    of.set(number, row);
  }
  return { of, count: Math.max(1, ends.length) };
}

/** The visit that woke a parked one: the one polled just before. It hands on the lead or the answer. */
function wakes(story, all, columns, block) {
  return all.map((poll) => {
    const before = story.visits[poll.visit - 1].polls[poll.place - 1];
    if (before?.then !== 'park') return '';
    const waker = all.findLast(({ at, visit, then }) => at < poll.at && visit !== poll.visit && then === 'done' && story.posts.some(({ leader }) => leader === visit));
    if (!waker) return '';
    const [from, to] = [columns.get(waker.at), columns.get(poll.at)];
    const down = waker.visit < poll.visit;
    const [x, y] = [(from.from + from.to) / 2, block(waker.visit) + (down ? BLOCK : 0)];
    const [toX, toY] = [(to.from + to.to) / 2, block(poll.visit) + (down ? -2 : BLOCK + 2)];
    const middle = (y + toY) / 2;
    const said = poll.then === 'done' ? 'answer' : 'lead';
    // For a visit farther away, the words would be in other lanes. The arrow and the steps below the picture are enough.
    const beside = Math.abs(waker.visit - poll.visit) === 1 && to.to - to.from > 40;
    return [
      path(`M${round(x)} ${y}C${round(x)} ${middle} ${round(toX)} ${middle} ${round(toX)} ${toY}`, 'arrow'),
      beside && down ? text(toX + 6, middle + 4, said, 'small') : '',
      beside && !down ? text(from.from - 2, middle + 4, said, 'small end') : '',
    ];
  });
}

function legend(y) {
  const of = (x, mark, content) => [mark(x), text(x + 42, y + 12, content, 'small')];
  return [
    of(16, (x) => rect(x, y, 34, 15, 'c0 solid', ' rx="3"'), 'polled: it has the thread'),
    of(242, (x) => rect(x, y + 1, 34, 13, 'c0 tint holds'), 'waits, and a POST of its own is on its way'),
    of(562, (x) => rect(x, y + 1, 34, 13, 'c0 tint parks'), 'waits for another visit, or a timer'),
    of(836, (x) => rect(x, y, 34, 15, 'moment'), 'one moment: only the order is drawn, not the time'),
  ];
}
