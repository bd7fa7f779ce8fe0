// Writes docs/bench.md, the tables in the terminal and the data of the picture from the results of a run. It contains no number that a run
// measures.

import { markdown, three, two, whole } from '../../tools/text.mjs';
import { generatorsPart } from './generators_page.mjs';
import { range } from './goals.mjs';
import { PEERS, PROGRAMS } from './programs.mjs';
import { ratio } from './rounds.mjs';

const mib = (bytes) => `${whole(bytes / 2 ** 20)} MiB`;
const times = (number) => number.toFixed(2);
const MET = { aim: 'yes, the aim', must: 'yes, the must', no: '**no**' };

export function goalsTable({ goals }) {
  const lines = goals.map(({ measure, met, shown }) => [measure, shown.must, shown.aim, shown.measured, MET[met]]);
  return markdown(['measure, 64 connections unless said', 'must', 'aim', 'measured: median (least to most)', 'met?'], lines, 0);
}

const HEAD = ['program', 'CPU a visit, us', 'that, of Footfall embedded', 'that, of Footfall with one POST', 'visits/s', 'wait p50 / p99, ms', 'memory after'];

/** `64 connections`. */
export const connectionsOf = (number) => `${whole(number)} connection${number === 1 ? '' : 's'}`;

export function levelTable({ programs }) {
  const lines = Object.entries(programs).map(([name, found]) => [
    PROGRAMS[name].title,
    range(found.cpuUs, three),
    ...['footfall', 'footfallPost'].map((one) => (programs[one] ? range(ratio(found.cpuUs, programs[one].cpuUs), times) : '')),
    range(found.visitsPerSecond, three),
    `${three(found.p50Ms.median)} / ${three(found.p99Ms.median)}`,
    mib(found.rssBytes.median),
  ]);
  return markdown(HEAD, lines, 0);
}

/** The table of both programs with objects, and the ratio of Footfall to the other. */
function inMemoryTable({ inMemory }) {
  const lines = inMemory.flatMap(({ connections, programs: { object, footfall } }) =>
    [
      ['CPU a visit, us', 'cpuUs'],
      ['wait p50, ms', 'p50Ms'],
    ].map(([what, figure]) => [
      `${connectionsOf(connections)}: ${what}`,
      ...[object, footfall].map((found) => range(found[figure], three)),
      range(ratio(footfall[figure], object[figure]), times),
    ]),
  );
  return markdown(['measure', PROGRAMS.object.title, PROGRAMS.footfall.title, 'Footfall to the other'], lines, 0);
}

function inFlightTable({ inFlight: { programs } }) {
  const lines = Object.entries(programs).map(([name, { rssBytes, idleBytes, addedBytesAVisit, wasmBytesAVisit }]) => [
    PROGRAMS[name].title,
    range(idleBytes, mib),
    range(rssBytes, mib),
    `${three(addedBytesAVisit.median / 1024)} KiB`,
    name === 'post' ? '' : `${three(wasmBytesAVisit.median / 1024)} KiB`,
  ]);
  return markdown(['program', 'idle', 'while all wait', 'added a visit', 'of that wasm linear memory'], lines, 0);
}

const STARTED = { nothing: 'workerd that serves a file and no Worker', constant: PROGRAMS.constant.title, object: PROGRAMS.object.title, footfall: PROGRAMS.footfall.title };

function startsTable({ starts }) {
  const net = (name) => starts[name].median - starts.nothing.median;
  const lines = Object.entries(STARTED).map(([name, title]) => [
    title,
    range(starts[name], three),
    ...(name === 'nothing' ? ['', ''] : [range(ratio(starts.footfall, starts[name]), times), three(net(name))]),
    ['nothing', 'footfall'].includes(name) ? '' : times(net('footfall') / net(name)),
  ]);
  return markdown(['process', 'CPU to the first answer, ms', 'Footfall is so many times that', 'net of workerd itself, ms', 'Footfall net is so many times that'], lines, 0);
}

/** The data that bench/side_by_side/main.rs draws. */
export function picture({ where, levels }) {
  const at = (connections) => levels.find((level) => level.connections === connections).programs;
  const names = PEERS;
  const panel = (title, unit, programs, figure) => ({
    title,
    unit,
    values: names.map((name) => (({ median, min, max }) => ({ median, min, max }))(programs[name][figure])),
  });
  return {
    title: 'A visit: Footfall and its peers on the same machine in the same run',
    subtitle: `median of the rounds, and from the least to the most; ${where.machine}, ${where.workerd}, commit ${where.commit}`,
    programs: names.map((name) => ({ title: PROGRAMS[name].title, ours: name.startsWith('footfall') })),
    panels: [
      panel('CPU of the serving process a visit', 'us, 64 connections; less is better', at(64), 'cpuUs'),
      panel('Visits a second', '64 connections; more is better', at(64), 'visitsPerSecond'),
      panel('Wait (p50)', 'ms, 1 connection; less is better', at(1), 'p50Ms'),
    ],
  };
}

/** The table of README: a line for each program, at 64 connections and at one. */
export function short({ where, levels, inMemory }) {
  const inMemoryAt = (connections) => inMemory.find((level) => level.connections === connections).programs;
  const at = (connections) => levels.find((level) => level.connections === connections).programs;
  const lines = Object.entries(at(64)).map(([name, found]) => [
    PROGRAMS[name].title,
    three(found.cpuUs.median),
    times(ratio(found.cpuUs, at(64).footfall.cpuUs).median),
    three(found.visitsPerSecond.median),
    three(at(1)[name].cpuUs.median),
    `${three(at(1)[name].p50Ms.median)} ms`,
  ]);
  return `
Measured side by side in one run (${where.machine}, commit ${where.commit}); [docs/bench.md](docs/bench.md) has everything, and the method.
With files in memory instead of on disk, Footfall at 64 connections costs ${times(ratio(inMemoryAt(64).footfall.cpuUs, inMemoryAt(64).object.cpuUs).median)} times the plain JS Worker with an object.

${markdown(['program', '64 connections: CPU a visit, us', 'to Footfall embedded', 'visits/s', '1 connection: CPU a visit, us', 'wait'], lines, 0)}

`;
}

export function page(run) {
  const { where, levels, generators, inMemory, inFlight, starts, shard, deployable, rounds } = run;
  const everywhere = [...levels, ...generators.disk, ...generators.memory, ...inMemory].flatMap((level) => Object.values(level.programs));
  const visits = everywhere.reduce((sum, one) => sum + one.visits, 0);
  const busiest = (what) => Math.max(...everywhere.map((one) => one[what]));
  return `# Footfall next to its peers

\`npm run bench\` measures this and writes the page; do not edit it. This run: ${where.day}, commit ${where.commit},
${where.machine}, ${where.workerd}.

Every program gets the same visits from the same generator (oha, where nothing else is said) over loopback, without a development
proxy in front of workerd (\`workerd serve\`). They take turns, ${rounds} rounds at each number of connections, after one that does not count. A ratio is taken
within a round. The tables have the median, and in brackets the lowest and the highest round. CPU is the user and system time of all threads of
the serving process; the external counter and the generator are other processes, and not included. The constant answer and axum with one
client get four times the visits, as a round of theirs would be too short to measure.
Each of the ${whole(visits)} visits in these rounds was answered with 200 and the welcome. After each load, the program's counter, if it
has one, had grown by exactly that number; anything else ends the run. (wrk does not wait for its last answers: at most one a connection.)

## Goals

${goalsTable(run)}

The first three include the kernel's work for a file on this machine's disk. A batch saves most of that work; "Two generators, three objects"
below has the first one without it, and says which of its lines is judged here: the highest with files on disk. "Committed" is what the CPU time of one core suffices for, with files in memory.

![CPU a visit, visits a second and wait of each program](bench.svg)

${levels.map((level) => `## ${connectionsOf(level.connections)}, ${whole(level.visits)} visits a round\n\n${levelTable(level)}`).join('\n\n')}

With many connections, workerd answers some of them again and again while others wait for their first answer. Other clients than oha see
the same. It explains a p99 of hundreds of times p50: p50 is the wait of the lucky connections.

${generatorsPart(run)}

## The programs

| program | source | what it does with a visit |
| --- | --- | --- |
| ${PROGRAMS.constant.title} | \`bench/peers/workers/constant.js\` | nothing: the floor of the runtime |
| ${PROGRAMS.object.title} | \`bench/peers/workers/object.js\` | one RPC call to an object, which writes one row; awaited, answered once it is durable |
| ${PROGRAMS.objectUpdate.title} | \`bench/peers/workers/object_update.js\` | one RPC call to an object, which adds one to its only row; awaited, answered once it is durable |
| ${PROGRAMS.objectFetch.title} | \`bench/peers/workers/object_fetch.js\` | the same by \`fetch\`; reads the status and the whole answer |
| ${PROGRAMS.footfall.title} | \`build/\`, as it is deployed | hashes the visitor, counts page, day and visitor exactly once; answered once it is durable. Visits that arrive meanwhile share a call |
| ${PROGRAMS.post.title} | \`bench/peers/workers/post.js\` | one POST to the external counter, awaited; reads its status and its whole answer |
| ${PROGRAMS.footfallPost.title} | \`build/\` with \`COUNTER_URL\` | the same, with an id, a deadline and a bound on the answer |
| ${PROGRAMS.axumNew.title} | \`bench/peers/native/src/bin/client_each_visit.rs\` | the same POST from a new client, and so a new connection; awaited |
| ${PROGRAMS.axumShared.title} | \`bench/peers/native/src/bin/shared_client.rs\` | the same POST over kept connections; reads its status and its whole answer |

The external counter is a number in the memory of a small program (\`bench/peers/native/src/bin/counter.rs\`), the same for all.

## Files in memory

Above, objects keep their counts on this machine's disk, as under \`wrangler dev\`, and their CPU includes the kernel's work for files.
A batch saves much of that work. Here the files are in memory (/dev/shm), where hardly any of it remains:

${inMemoryTable(run)}

## Memory of ${whole(inFlight.visits)} visits in flight

The external counter holds its answers back until all visits wait for it. Each round starts new processes. "Idle" is after
some visits and a garbage collection.

${inFlightTable(run)}

## The first answer

CPU of the whole process from spawn to first answer, ${starts.footfall.rounds.length} starts each, in turn; the storage exists already. The goal is
the ratio to the plain JS Worker + Durable Object, which opens a database as well. Part of it is workerd itself; the last two columns subtract that.

${startsTable(run)}

The deployable: ${whole(deployable.bytes)} bytes, ${whole(deployable.gzipBytes)} with gzip (${deployable.files.map(({ name, gzipBytes }) => `\`${name}\` ${whole(gzipBytes)}`).join(', ')}).

## One shard

Batches of ${shard.visits} visits posted to one shard inside the same workerd, with files in memory and a new visitor each time: ${three(shard.batchUs)} us of CPU a
batch, including the caller's part, ${two(shard.visitUs)} us a visit. [scale.md](scale.md) has more.

## What this does not show

- This is one machine and loopback: no network between a visitor and a Worker, or a Worker and its counter. On Cloudflare, an object may be far
  from the isolate that calls it, and its storage sends every write to other machines.
- Generator, program and counter share the ${where.machine.match(/^\d+ cores?/)[0]}. the generator used at most ${two(busiest('generatorBusy') * 100)} % of one and the counter ${two(busiest('counterBusy') * 100)} %, so neither was the limit, but
  they take caches and time from the program that they measure. Compare CPU a visit; visits a second depend more on the rest.
- This is one isolate, one shard, one page and one visitor. [scale.md](scale.md) is about more of them.
- The programs on tokio use both cores; workerd serves a Worker on one thread.
- The peers do less: no visitor, no id, no deadline. None of them counts a retried visit once.

## Again

    npm run bench                 # sets up what is missing, builds all, measures, and writes this page
    npm run bench -- --quick      # fewer rounds and visits, for a first look; writes no page

After a run, \`target/bench.json\` has every round.
`;
}
