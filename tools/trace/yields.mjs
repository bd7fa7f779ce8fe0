// Finds in the source where the code of a visit yields: each `.await` on the way of `GET /`, with its file and line.
//
// A new `.await` in one of these functions needs an entry here that says what it waits for. After an `.await` has moved,
// `npm run trace -- --table` rewrites the table of docs/async.md.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../pins.mjs';
import { Trouble } from '../run.mjs';

/** Requests other than visits of `GET /` pass here. */
const OTHERS = 'others';

/**
 * The yield points by file and function: a piece of each line that awaits, and what it awaits. A text that begins with `*` marks a wait for the
 * platform itself.
 */
const PLACES = {
  'src/edge/handlers/entry.rs': {
    serve: { 'answer(request': 'the whole request; after it, its promise settles' },
    answer: {
      'turn.register_home()': 'a visit of `GET /`',
      'turn.register(&caller)': OTHERS, 'turn.register_pixel(': OTHERS, 'turn.show_badge(': OTHERS, 'turn.answer_compat(': OTHERS, 'turn.read_views(': OTHERS,
      'turn.read_visitors(': OTHERS, 'turn.health()': OTHERS, 'turn.metrics(': OTHERS, 'turn.read_stats(': OTHERS, 'turn.live(': OTHERS, 'turn.run_admin_command(': OTHERS,
      'turn.drop_file(': OTHERS,
    },
  },
  'src/edge/handlers/visits.rs': {
    register_home: { 'home(&HttpCounter': 'with `COUNTER_URL`: the visit, registered there', 'self.take(': 'without it: the visit, registered in the embedded counter' },
    take: { 'self.is_limited(': 'the rate limit of its address, if one is bound', 'register(visit)': 'the embedded counter' },
  },
  'src/counting/http/home.rs': { home: { 'endpoint.register(visit)': 'either counter, behind one interface' } },
  'src/edge/handlers/context.rs': { is_limited: { 'limits::exceeded(': 'the rate limit of its network' } },
  'src/edge/runtime/rate_limits.rs': { exceeded: { 'within(WAIT_MS': "the platform's rate limit, or a deadline" } },
  'src/edge/clients/http_counter.rs': { register: { 'within(self.timeout_ms': '* the answer of `COUNTER_URL`, or a deadline' } },
  'src/edge/clients/shards.rs': {
    register: { 'self.count(&visit)': 'the visit, counted' },
    today: { 'days::today(': "the day's record" },
    ask: { '.call(call,': 'the answer of one object' },
  },
  'src/edge/clients/counting.rs': {
    count: {
      'self.today(': "the day's record, which is in memory after the first visit of a day",
      'self.seen(': "whether yesterday's shard knows the visit's id, if it has one",
      'entry(here)).await': 'its shard',
      'guest).await': "the shard of its visitor, if that is another one",
    },
    seen: { 'self.ask(': 'that shard' },
    count_at: {
      'self.lead(': 'the POST that this visit leads',
      'parking::park(': 'while parked: an answer, the lead, or the deadline',
      'timer(LINGER_MS)': '1 ms, in which other visits may join the batch',
    },
    lead: { 'self.post(': 'the POST and its receipt' },
    post: { 'self.ask(': 'the receipt' },
  },
  'src/edge/clients/days.rs': { today: { 'waits::parked(': 'another visit that asks for the record, if it is not known yet', 'object.call(': "the answer of the day's object" } },
  'src/edge/clients/object_call.rs': {
    call: { 'within(ms, self.exchange': 'one exchange, or its deadline', 'timer(ms)': 'a pause before the next try' },
    exchange: { 'answered(|number': 'the answer of the object' },
  },
  'src/edge/clients/parking.rs': { park: { 'waits::parked(': 'a signal of another visit' } },
  'src/edge/runtime/deadline.rs': { within: { 'select(': 'the work or a timer, whichever is first' } },
  'src/edge/runtime/waits.rs': {
    ended_with: { 'poll_fn(': '* a number, from another visit or from a timer' },
    parked: { 'signal.ended_with()': 'the result of `ended_with`' },
    timer: { 'begun.0.ended_with()': 'the result of `ended_with`' },
    answered: { 'poll_fn(': '* a value, the answer of an object' },
    awaited: { 'poll_fn(': '* a promise of the platform, for its rate limit' },
  },
};

/** The waits of tools/trace/story.mjs, each with its function. */
const KINDS = {
  answer: ['src/edge/clients/object_call.rs', 'exchange'],
  object: ['src/edge/clients/object_call.rs', 'exchange'],
  park: ['src/edge/clients/parking.rs', 'park'],
  linger: ['src/edge/clients/counting.rs', 'count_at', 'timer(LINGER_MS)'],
  post: ['src/edge/clients/http_counter.rs', 'register'],
};

/** All yield points: `{ file, line, of, what, leaf }`. `source` reads a file. Throws if the list above does not match the source. */
export function yields(source = (file) => readFileSync(join(ROOT, file), 'utf8')) {
  return Object.entries(PLACES).flatMap(([file, functions]) => Object.entries(functions).flatMap(([of, places]) => inFunction(file, of, places, source(file))));
}

/** The place of each kind of wait, as `file:line`. */
export function placesOf(all = yields()) {
  const place = ([file, of, piece]) => all.find((one) => one.file === file && one.of === of && (!piece || one.piece === piece));
  return Object.fromEntries(Object.entries(KINDS).map(([kind, where]) => [kind, `${place(where).file}:${place(where).line}`]));
}

function inFunction(file, of, places, source) {
  const body = bodyOf(source, of);
  if (!body) throw new Trouble(`${file} has no function ${of}: tools/trace/yields.mjs`);
  const found = body.lines.flatMap((text, at) => (/\.await\b/.test(text.split('//')[0]) ? [{ line: body.first + at, text }] : []));
  const missing = Object.keys(places).filter((piece) => found.filter(({ text }) => text.includes(piece)).length !== 1);
  if (missing.length > 0) throw new Trouble(`${file}, ${of}: exactly one line must await each of ${missing.join(', ')}: tools/trace/yields.mjs`);
  return found.flatMap(({ line, text }) => {
    const piece = Object.keys(places).find((one) => text.includes(one));
    if (!piece) throw new Trouble(`${file}:${line} awaits something that tools/trace/yields.mjs does not list: ${text.trim()}`);
    const what = places[piece];
    return what === OTHERS ? [] : [{ file, line, of, piece, what: what.replace(/^\* /, ''), leaf: what.startsWith('* ') }];
  });
}

/** The lines of a function, from its name to its closing brace. */
function bodyOf(source, name) {
  const begin = new RegExp(`\\bfn ${name}\\b`).exec(source)?.index;
  if (begin === undefined) return undefined;
  let depth = 0;
  let end = source.indexOf('{', begin);
  do {
    if (source[end] === '{') depth += 1;
    if (source[end] === '}') depth -= 1;
    end += 1;
  } while (depth > 0 && end < source.length);
  return { first: source.slice(0, begin).split('\n').length, lines: source.slice(begin, end).split('\n') };
}

/** The table of docs/async.md. */
export function table(all = yields()) {
  const line = ({ file, line, of, what, leaf }) => `| \`${file}\`, line ${line} | \`${of}\` | ${leaf ? `**${what}**` : what} |`;
  return ['| where | in | what is awaited |', '| --- | --- | --- |', ...all.map(line)].join('\n');
}
