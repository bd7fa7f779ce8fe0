// Where the program of a visit yields: each `.await` that `GET /` may come by, with its file and line, found in the source.
//
// A new `.await` in one of these functions needs an entry here that says what it waits for. After one has moved, `npm run trace -- --table`
// rewrites the table of docs/async.md.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../pins.mjs';
import { Trouble } from '../run.mjs';

/** Other requests than visits of `GET /` come by here. */
const OTHERS = 'others';

/** By file and function: a piece of each line that awaits, and what for. What begins with `*` waits for the platform itself. */
const PLACES = {
  'src/edge/handlers/entry.rs': {
    serve: { 'answer(request': 'the whole of a request; then its promise is settled' },
    answer: {
      'turn.register_home()': 'a visit of `GET /`',
      'turn.register(&caller)': OTHERS, 'turn.register_pixel(': OTHERS, 'turn.show_badge(': OTHERS, 'turn.answer_compat(': OTHERS, 'turn.read_views(': OTHERS,
      'turn.read_visitors(': OTHERS, 'turn.health()': OTHERS, 'turn.metrics(': OTHERS, 'turn.read_stats(': OTHERS, 'turn.live(': OTHERS, 'turn.run_admin_command(': OTHERS,
      'turn.drop_file(': OTHERS,
    },
  },
  'src/edge/handlers/visits.rs': {
    register_home: { 'home(&HttpCounter': 'with `COUNTER_URL`: the visit, registered there', 'self.take(': 'without: the visit, registered in the embedded counter' },
    take: { 'self.is_limited(': 'whether its address has come too often, where a limit is bound', 'register(visit)': 'the embedded counter' },
  },
  'src/counting/http/home.rs': { home: { 'endpoint.register(visit)': 'a counter, whichever it is: the program that this began as' } },
  'src/edge/handlers/context.rs': { is_limited: { 'limits::exceeded(': 'the same, by its network' } },
  'src/edge/runtime/rate_limits.rs': { exceeded: { 'within(WAIT_MS': "the platform's rate limit, or its deadline" } },
  'src/edge/clients/http_counter.rs': { register: { 'within(self.timeout_ms': '* the answer of `COUNTER_URL`, or the deadline' } },
  'src/edge/clients/shards.rs': {
    register: { 'self.count(&visit)': 'the visit, counted' },
    today: { 'days::today(': "the day's record" },
    ask: { '.call(call,': 'the answer of one object' },
  },
  'src/edge/clients/counting.rs': {
    count: {
      'self.today(': "the day's record: in memory, but for the first visit of a day",
      'self.seen(': 'whether the shard of yesterday knows the id, where it has one',
      'entry(here)).await': 'its shard',
      'guest).await': "its visitor's shard, where that is another",
    },
    seen: { 'self.ask(': 'that shard' },
    count_at: {
      'self.lead(': 'the POST that this visit leads',
      'parking::park(': 'parked: an answer, the lead, or the deadline',
      'timer(LINGER_MS)': 'lingers 1 ms with the lead, for others to come along',
    },
    lead: { 'self.post(': 'the POST and its receipt' },
    post: { 'self.ask(': 'the receipt' },
  },
  'src/edge/clients/days.rs': { today: { 'waits::parked(': 'the visit that asks for the record, where nothing is known yet', 'object.call(': "the answer of the day's object" } },
  'src/edge/clients/object_call.rs': {
    call: { 'within(ms, self.exchange': 'one exchange, or its deadline', 'timer(ms)': 'a pause before it is tried again' },
    exchange: { 'answered(|number': 'the answer of the object, as one value' },
  },
  'src/edge/clients/parking.rs': { park: { 'waits::parked(': 'a signal of another visit, as one number' } },
  'src/edge/runtime/deadline.rs': { within: { 'select(': 'whichever is first: the work, or a timer' } },
  'src/edge/runtime/waits.rs': {
    ended_with: { 'poll_fn(': '* a number: from another visit, or from a timer' },
    parked: { 'signal.ended_with()': 'that number' },
    timer: { 'begun.0.ended_with()': 'that number' },
    answered: { 'poll_fn(': '* a value: the answer of an object' },
    awaited: { 'poll_fn(': "* a promise of the platform's: its rate limit" },
  },
};

/** Where a visit is, in the words of tools/trace/story.mjs. */
const KINDS = {
  answer: ['src/edge/clients/object_call.rs', 'exchange'],
  object: ['src/edge/clients/object_call.rs', 'exchange'],
  park: ['src/edge/clients/parking.rs', 'park'],
  linger: ['src/edge/clients/counting.rs', 'count_at', 'timer(LINGER_MS)'],
  post: ['src/edge/clients/http_counter.rs', 'register'],
};

/** All of them: `{ file, line, of, what, leaf }`. `source` reads a file; throws where the list above is not what is there. */
export function yields(source = (file) => readFileSync(join(ROOT, file), 'utf8')) {
  return Object.entries(PLACES).flatMap(([file, functions]) => Object.entries(functions).flatMap(([of, places]) => inFunction(file, of, places, source(file))));
}

/** Where a visit waits, as `file:line`, by kind of wait. */
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

/** The lines of a function, from its name to the brace that ends it. */
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
