// The page of `npm run trace`: moves the time over a story and says what happens at that moment. The page defines `STORIES` before this script.

const at = (id) => document.getElementById(id);
const many = (number, what) => `${number.toLocaleString('en-US')} ${what}${number === 1 ? '' : 's'}`;
const SVG = 'http://www.w3.org/2000/svg';

let story;
let overlay;
let chosen = 1;
let playing;

/** The last index of a sorted list whose value is not above `value`. */
function lastOf(list, value, of = (one) => one) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (of(list[middle]) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function draw(name, attributes, into) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return into.appendChild(made);
}

/**
 * The slider has a step for each event and for each millisecond. Events of one millisecond come one after the other.
 */
function prepare(one) {
  if (one.places) return;
  const weight = Math.ceil(one.ms.length / Math.max(1, one.ms.at(-1)));
  one.places = one.ms.map((ms, place) => ms * weight + place);
  one.polls = one.visits.flatMap(({ polls }, place) => polls.map(([from, to, then]) => ({ from, to, then, visit: place + 1 }))).sort((a, b) => a.from - b.from);
  one.came = one.visits.map(({ came }) => came).sort((a, b) => a - b);
  one.done = one.visits.map(({ done }) => done).sort((a, b) => a - b);
}

function open(place) {
  story = STORIES[place];
  prepare(story);
  at('picture').innerHTML = story.svg;
  const svg = at('picture').querySelector('svg');
  overlay = draw('g', { id: 'overlay' }, svg);
  at('time').max = story.places.at(-1);
  at('visit').max = story.visits.length;
  at('measured').textContent = story.measured;
  chosen = 1;
  at('visit').value = 1;
  move(0);
}

function move(to) {
  at('time').value = to;
  show();
}

/** The last event that has happened, and the fraction of the way to the next. */
function moment() {
  const place = Number(at('time').value);
  const event = Math.max(0, lastOf(story.places, place));
  const next = Math.min(event + 1, story.places.length - 1);
  const part = next === event ? 0 : (place - story.places[event]) / (story.places[next] - story.places[event]);
  const between = (list) => list[event] + (list[next] - list[event]) * part;
  return { event, ms: Math.floor(between(story.ms)), x: between(story.xs) };
}

/** Describes what a visit does at an event. */
function stateOf(visit, event) {
  if (event < visit.came) return 'has not come yet';
  if (event >= visit.done) return 'is done: it was stored, and its visitor is welcomed';
  const poll = visit.polls[lastOf(visit.polls, event, ([from]) => from)];
  if (!poll) return 'has come and is about to be polled';
  if (event < poll[1]) return 'is polled';
  const { number, sent, leader } = story.posts[visit.post - 1];
  const goesAlong = poll[2] === 'park' && event >= sent;
  return `waits for ${goesAlong ? `its answer in POST ${number}, which ${nameOf(leader)} sent` : WAITS[poll[2]]} (${PLACES[poll[2]]})`;
}

function show() {
  const { event, ms, x } = moment();
  const poll = story.polls[lastOf(story.polls, event, ({ from }) => from)];
  const running = poll && event < poll.to ? poll : undefined;
  const [came, done] = [story.came, story.done].map((list) => lastOf(list, event) + 1);
  const unpolled = story.visits.filter((visit) => visit.came <= event && event < visit.polls[0][0]).length;
  const waits = came - done - (running ? 1 : 0) - unpolled;
  const away = story.posts.filter(({ sent, back }) => sent <= event && event < back);
  at('now').textContent = `${ms.toLocaleString('en-US')} ms, event ${(event + 1).toLocaleString('en-US')} of ${story.ms.length.toLocaleString('en-US')}`;
  at('time').setAttribute('aria-valuetext', `${ms} ms: ${many(waits, 'visit')} waiting`);
  at('thread').textContent = running ? `polls visit ${nameOf(running.visit)}` : `is free; ${many(waits, 'visit')} wait without it`;
  at('counts').textContent = `${came.toLocaleString('en-US')} came: ${waits.toLocaleString('en-US')} waiting, ${done.toLocaleString('en-US')} done`;
  at('posts').textContent = away.length === 0 ? 'none' : away.length > 3 ? many(away.length, 'POST') : away.map((post) => `POST ${post.number}, led by ${nameOf(post.leader)}, carries ${post.visits.length > 6 ? many(post.visits.length, 'visit') : post.visits.map(nameOf).join(', ')}`).join('; ');
  const visit = story.visits[chosen - 1];
  const post = story.posts[visit.post - 1];
  at('state').textContent = `Visit ${visit.name} ${stateOf(visit, event)}.`;
  at('batch').textContent = `POST ${post.number}: ${post.visits.length === 1 ? 'it goes alone' : `goes with ${post.visits.length > 9 ? `${post.visits.length - 1} others` : post.visits.filter((id) => id !== chosen).map(nameOf).join(', ')}`}${post.leader === chosen ? ', and it leads' : `; ${nameOf(post.leader)} leads`}`;
  mark(x, post);
}

const nameOf = (id) => story.visits[id - 1].name;

/** Fades everything that is later, and marks the chosen visit and those that go along with it. */
function mark(x, post) {
  const { lanes, cursor, width } = story;
  overlay.replaceChildren();
  const lane = (first, last, css, edge = 4) => draw('rect', { class: css, x: edge, width: width - 2 * edge, y: lanes.top + (first - 1) * lanes.height, height: Math.max((last - first + 1) * lanes.height, 2) }, overlay);
  const along = [...post.visits].sort((a, b) => a - b);
  for (let from = 0; from < along.length; ) {
    let to = from;
    while (along[to + 1] === along[to] + 1) to += 1;
    if (along.length > 1) lane(along[from], along[to], 'along', 6);
    from = to + 1;
  }
  draw('rect', { class: 'later', x, y: cursor.top, width: Math.max(0, width - 24 - x), height: cursor.bottom - cursor.top }, overlay);
  lane(chosen, chosen, 'chosen');
  draw('line', { class: 'cursor', x1: x, x2: x, y1: cursor.top - 6, y2: cursor.bottom + 6 }, overlay);
}

function choose(id) {
  chosen = Math.min(Math.max(1, Math.round(id) || 1), story.visits.length);
  show();
}

/** Moves to the beginning of the next or the previous poll. */
function step(by) {
  const { event } = moment();
  const place = lastOf(story.polls, event, ({ from }) => from);
  const next = story.polls[Math.min(Math.max(place + by, 0), story.polls.length - 1)];
  move(story.places[next.from]);
}

function play() {
  if (playing) return stop();
  const [from, begun] = [Number(at('time').value) >= Number(at('time').max) ? 0 : Number(at('time').value), performance.now()];
  const frame = (now) => {
    const to = from + ((now - begun) / 12_000) * at('time').max;
    move(Math.min(to, at('time').max));
    if (to < at('time').max) playing = requestAnimationFrame(frame);
    else stop();
  };
  playing = requestAnimationFrame(frame);
  at('play').textContent = 'Pause';
}

function stop() {
  cancelAnimationFrame(playing);
  playing = undefined;
  at('play').textContent = 'Play';
}

at('story').append(...STORIES.map(({ title }, place) => new Option(title, place)));
at('story').addEventListener('change', () => (stop(), open(at('story').value)));
at('time').addEventListener('input', () => (stop(), show()));
at('back').addEventListener('click', () => (stop(), step(-1)));
at('next').addEventListener('click', () => (stop(), step(1)));
at('play').addEventListener('click', play);
at('visit').addEventListener('input', () => choose(Number(at('visit').value)));
at('picture').addEventListener('click', ({ clientX, clientY }) => {
  const svg = at('picture').querySelector('svg');
  const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(svg.getScreenCTM().inverse());
  const { lanes, cursor } = story;
  const lane = Math.floor((y - lanes.top) / lanes.height) + 1;
  if (lane >= 1 && lane <= story.visits.length) at('visit').value = chosen = lane;
  if (x >= story.xs[0] && y >= cursor.top && y <= cursor.bottom) {
    stop();
    move(story.places[Math.max(0, lastOf(story.xs, x))]);
  } else show();
});
open(0);
