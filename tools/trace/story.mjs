// Turns the events of an isolate into the story of each visit: plain data for the pictures, the page and the JSON.
//
// An event is `[ms, what, visit, number, tickets?]` (tools/trace/recorder.js, src/edge/runtime/trace.rs). A story refers to an event by its index,
// because the clock alone does not say which of two came first.

/** The waits of a visit. Each is one yield point of tools/trace/yields.mjs. */
export const WAITS = {
  answer: 'the answer to its POST',
  park: 'a place in a POST of another visit',
  linger: '1 ms, for others to come along',
  post: 'the answer to its POST',
  object: 'the answer of an object',
};

/** A, B, C … as long as there are letters, then numbers. */
export const nameOf = (id, visits) => (visits <= 26 ? String.fromCharCode(64 + id) : String(id));

/** The story of one recorded run. Visits and POSTs are numbered from 1, in the order in which they came. */
export function storyOf({ events, visits: expected, ...run }) {
  const begin = events[0]?.[0] ?? 0;
  const ms = (at) => events[at][0] - begin;
  const visits = new Map();
  const posts = [];
  const waits = new Map();
  let polled;
  events.forEach(([, what, who, number, tickets], at) => {
    const visit = visits.get(who);
    if (what === 'came') {
      const id = visits.size + 1;
      visits.set(who, { id, name: nameOf(id, expected), came: at, polls: [] });
    } else if (what === 'polled') {
      polled = { at, begun: [] };
      visit.polls.push(polled);
    } else if (what === 'yields' || what === 'done') {
      polled.end = at;
      polled.then = what === 'done' ? 'done' : waitOf(polled.begun, visit.polls.at(-2)?.then);
      if (what === 'done') visit.done = at;
      if (what === 'done' && run.counter === 'external') visit.post.back = polled.at;
      polled = undefined;
    } else if (what === 'posts') {
      const post = { number: posts.length + 1, leader: visit.id, tickets, sent: at };
      posts.push(post);
      polled.begun.push('posts');
      polled.post = post.number;
    } else if (what === 'woken') {
      const { of, post } = waits.get(number) ?? {};
      if (of) of.woken = at;
      if (post) post.back = at;
    } else {
      polled.begun.push(what);
      if (what === 'post') {
        visit.post = { number: posts.length + 1, leader: visit.id, visits: [visit.id], sent: at };
        posts.push(visit.post);
        polled.post = visit.post.number;
      }
      if (what === 'park') visit.ticket = number;
      waits.set(number, { of: visit, post: what === 'answer' && polled.post ? posts[polled.post - 1] : undefined });
    }
  });
  const all = [...visits.values()];
  const byTicket = new Map(all.filter(({ ticket }) => ticket !== undefined).map((visit) => [visit.ticket, visit.id]));
  for (const post of posts.filter(({ tickets }) => tickets)) {
    // A leader that was never parked has no known ticket. Its ticket is the first of the batch.
    post.visits = post.tickets.map((ticket, place) => (place === 0 ? post.leader : byTicket.get(ticket)));
    delete post.tickets;
  }
  for (const { number, visits: members } of posts) for (const id of members) all[id - 1].post = number;
  return { ...run, visits: all.map(({ id, name, came, done, post, polls }) => ({ id, name, came, done, post, polls: polls.map(({ begun, ...poll }) => poll) })), posts, ms: events.map((_, at) => ms(at)) };
}

/** What a visit waits for after a poll: the wait that the poll began, or else the one before it. Every wait also has a deadline. */
function waitOf(begun, before) {
  if (begun.includes('answer')) return begun.includes('posts') ? 'answer' : 'object';
  const [first] = begun.filter((kind) => kind !== 'posts');
  return first === undefined ? before : first === 'timer' ? 'linger' : first;
}

/** How many visits have yielded and are not being polled, as `[event, waiting]` wherever the number changes. */
export function waiting({ visits }) {
  const changes = visits.flatMap(({ polls }) => polls.flatMap(({ at, end, then }, place) => [...(place > 0 ? [[at, -1]] : []), ...(then === 'done' ? [] : [[end, 1]])]));
  let now = 0;
  return changes.sort(([one], [other]) => one - other).map(([at, change]) => [at, (now += change)]);
}

/** The most visits that wait at once, and the event at which they do. */
export const most = (curve) => curve.reduce((best, [at, count]) => (count > best.count ? { at, count } : best), { at: 0, count: 0 });

/** All polls in order: everything the one thread did. */
export const polls = ({ visits }) => visits.flatMap(({ id, polls: own }) => own.map((poll, place) => ({ ...poll, visit: id, place }))).sort((one, other) => one.at - other.at);

/** Throws if the events contradict each other, so that no picture shows a run that was misread. */
export function check(story) {
  const wrong = [];
  for (const { name, done, post, polls: own } of story.visits) {
    if (done === undefined) wrong.push(`visit ${name} has no end`);
    if (post === undefined) wrong.push(`visit ${name} is in no POST`);
    if (own.some(({ end, then }) => end === undefined || then === undefined)) wrong.push(`a poll of visit ${name} has no end, or it waits for nothing`);
  }
  const carried = story.posts.flatMap(({ visits }) => visits);
  if (new Set(carried).size !== carried.length || carried.length !== story.visits.length) wrong.push(`${story.posts.length} POSTs carry ${carried.length} visits of ${story.visits.length}`);
  const { counted } = story;
  if (counted.visits !== story.visits.length || counted.posts !== story.posts.length) {
    wrong.push(`the counter counted ${counted.visits} visits of ${story.visits.length}, in ${counted.posts} POSTs of ${story.posts.length}`);
  }
  // With one thread, a poll ends before the next begins.
  polls(story).reduce((before, { at, end }) => (at > before ? end : (wrong.push(`two polls at once at event ${at}`), end)), -1);
  if (wrong.length > 0) throw new Error(`the events do not fit together: ${wrong.slice(0, 5).join('; ')}`);
}
