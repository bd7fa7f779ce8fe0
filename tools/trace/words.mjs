// The texts that the pictures, the page and the summary share.

import { most, polls, waiting } from './story.mjs';

const COUNTERS = {
  embedded: 'the embedded counter',
  external: 'a counter at COUNTER_URL',
};

export const many = (number, what) => `${number.toLocaleString('en-US')} ${what}${number === 1 ? '' : 's'}`;

/** `A, B and C`. */
export const listed = (names) => [names.slice(0, -1).join(', '), ...names.slice(-1)].filter(Boolean).join(' and ');

export const titleOf = ({ visits }) => `${visits.length === 2 ? 'Two visits' : many(visits.length, 'visit')} on one thread`;

export const counterOf = ({ counter, slowMs }) => `${COUNTERS[counter]}, made to take ${slowMs} ms`;

/** A sentence that says what one poll did. */
export function didOf(story, { visit, place, then, post }) {
  const of = (id) => story.visits[id - 1].name;
  const { name, polls } = story.visits[visit - 1];
  const before = polls[place - 1]?.then;
  const carried = post && story.posts[post - 1].visits.length > 1 ? ` for ${listed(story.posts[post - 1].visits.map(of))}` : '';
  const because = { undefined: 'comes', park: then === 'done' ? 'is woken with its answer' : 'is woken to lead', linger: 'is woken by its timer', object: 'is woken by an object' };
  const does = {
    answer: `sends POST ${post}${carried} and yields`,
    post: `sends POST ${post} and yields`,
    park: 'finds a POST on its way, parks and yields',
    linger: 'lets others come along, and yields',
    object: 'asks an object and yields',
    done: 'welcomes its visitor, done',
  }[then];
  return `${name} ${because[before] ?? 'is woken by the answer to its POST'}: ${does}`;
}

/** Texts for what a visit waits for, from long to short. */
export function waitsOf(story, visit, { then, post }) {
  if (then === 'answer' || then === 'post') return [`awaits the answer to POST ${post}`, `awaits POST ${post}`, `POST ${post}`];
  if (then === 'park') return ['parked while another visit posts', 'parked'];
  if (then === 'linger') return ['lingers', '1 ms'];
  return ['awaits an object', 'object'];
}

/** The numbers of a run. `cpuMs` is the CPU time of the whole workerd process, from the first visit sent to the last answered. */
export function numbersOf(story) {
  const peak = most(waiting(story));
  const carried = story.posts.map(({ visits }) => visits.length);
  return {
    most: peak.count.toLocaleString('en-US'),
    mostAt: `${story.ms[peak.at]} ms`,
    polls: polls(story).length.toLocaleString('en-US'),
    posts: carried.length > 12 ? `${carried.length.toLocaleString('en-US')}, of ${Math.max(...carried)} at most` : `${carried.length}, of ${listed(carried)}`,
    waited: `${(story.visits.reduce((sum, { came, done }) => sum + story.ms[done] - story.ms[came], 0) / 1_000).toLocaleString('en-US', { maximumFractionDigits: 1 })} s`,
    wall: `${Math.round(story.wallMs).toLocaleString('en-US')} ms`,
    cpu: `${(story.cpuS * 1_000).toLocaleString('en-US', { maximumSignificantDigits: 2 })} ms`,
  };
}

/** The times that were measured from outside the isolate. */
export function measuredOf(story) {
  const { wall, cpu } = numbersOf(story);
  return `${wall} from the first visit sent to the last answered, in which the whole workerd process used ${cpu} of CPU time`;
}

/** The summary of a run, as lines. */
export function summary(story) {
  const { most: peak, mostAt, polls: polled, posts, waited } = numbersOf(story);
  const { visits, posts: batches } = story.counted;
  return [
    `${titleOf(story)}, ${story.counter} counter: ${Object.entries(story.answers).map(([answer, count]) => `${count.toLocaleString('en-US')} answered "${answer}"`).join(', ')}; the counter counted ${visits.toLocaleString('en-US')} in ${many(batches, 'POST')}`,
    `most waiting at once: ${peak}, ${mostAt} after the first came; they waited ${waited} all together, and were polled ${polled} times`,
    `POSTs: ${posts} visits`,
    `measured from outside: ${measuredOf(story)}`,
  ];
}
