// Writes a story as JSON in Chrome's Trace Event Format, which Perfetto and chrome://tracing open.
//
// The format has microseconds, but the isolate's clock has milliseconds. The events of one millisecond are spread evenly over it, so their
// microseconds show the order and not a time.

import { polls, waiting, WAITS } from './story.mjs';
import { didOf, titleOf } from './words.mjs';

const PID = 1;
/** The lane of the thread. A visit's lane is its number. */
const THREAD = 0;

/** The whole file as a value. `places` has the place in the source of each kind of wait. */
export function chromeTrace(story, places) {
  const ts = microseconds(story.ms);
  const slice = (tid, name, from, to, args) => ({ name, cat: 'visit', ph: 'X', ts: ts[from], dur: ts[to] - ts[from], pid: PID, tid, args });
  const named = (tid, name) => [
    { name: 'thread_name', ph: 'M', ts: 0, pid: PID, tid, args: { name } },
    { name: 'thread_sort_index', ph: 'M', ts: 0, pid: PID, tid, args: { sort_index: tid } },
  ];
  const traceEvents = [
    { name: 'process_name', ph: 'M', ts: 0, pid: PID, tid: THREAD, args: { name: `Footfall: ${titleOf(story)}` } },
    named(THREAD, 'the thread'),
    story.visits.map(({ id, name }) => named(id, `visit ${name}`)),
    polls(story).map((poll) => {
      const { name } = story.visits[poll.visit - 1];
      return [slice(THREAD, `polls ${name}`, poll.at, poll.end, { visit: name, did: didOf(story, poll) }), slice(poll.visit, 'polled', poll.at, poll.end, { did: didOf(story, poll) })];
    }),
    story.visits.map(({ id, post, polls: own }) =>
      own.slice(0, -1).map(({ end, then }, place) => slice(id, `waits: ${then}`, end, own[place + 1].at, { for: WAITS[then], at: places[then], post })),
    ),
    story.posts.map((post) => postEvents(story, post, ts)),
    waiting(story).map(([at, count]) => ({ name: 'waiting', ph: 'C', ts: ts[at], pid: PID, tid: THREAD, args: { visits: count } })),
  ].flat(Infinity);
  return {
    displayTimeUnit: 'ms',
    otherData: { what: titleOf(story), counter: story.counter, slowMs: story.slowMs, clock: 'milliseconds of the isolate; within one, microseconds show the order and not a time' },
    traceEvents,
  };
}

/** A POST from its sending to its answer, and an arrow from there to each visit that went along, at the moment it is answered. */
function postEvents({ visits }, { number, leader, visits: members, sent, back }, ts) {
  const common = { name: `POST ${number}`, cat: 'post', id: number, pid: PID };
  const ends = members.map((id) => ({ id, at: visits[id - 1].polls.at(-1).at })).sort((one, other) => one.at - other.at);
  return [
    { ...common, ph: 'b', ts: ts[sent], tid: leader, args: { visits: members } },
    { ...common, ph: 'e', ts: ts[back], tid: leader, args: {} },
    { ...common, name: 'goes along', cat: 'batch', ph: 's', ts: ts[sent], tid: leader },
    ends.map(({ id, at }, place) => ({ ...common, name: 'goes along', cat: 'batch', ph: place === ends.length - 1 ? 'f' : 't', bp: 'e', ts: ts[at], tid: id })),
  ];
}

function microseconds(ms) {
  const of = new Map();
  for (const one of ms) of.set(one, (of.get(one) ?? 0) + 1);
  let place = 0;
  return ms.map((one, at) => {
    place = ms[at - 1] === one ? place + 1 : 0;
    return one * 1_000 + Math.floor((place * 1_000) / of.get(one));
  });
}
