// Writes the parts of docs/async.md that come from a run or from the source.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { where } from '../where.mjs';
import { ROOT } from '../pins.mjs';
import { say } from '../run.mjs';
import { numbersOf } from './words.mjs';
import { table } from './yields.mjs';

const DOCS = join(ROOT, 'docs');
const PAGE = join(DOCS, 'async.md');
const PICTURES = { 2: 'async-2.svg', '2-external': 'async-2-external.svg', 2000: 'async-2000.svg' };

/** Writes the table of the places where the code yields. */
export function writeTable() {
  write('table', table());
  say('wrote the table of docs/async.md');
}

/** Writes the pictures of the page, the numbers of their runs, and the table. */
export async function writeDocs(drawn) {
  for (const { name, svg } of drawn) writeFileSync(join(DOCS, PICTURES[name]), svg);
  const { day, machine, workerd } = await where('src');
  write('numbers', `${numbers(drawn.map(({ story }) => story))}\n\nRecorded on ${day}, on ${machine}, with ${workerd}.`);
  writeTable();
}

function numbers(stories) {
  const line = (story) => {
    const { most, posts, polls, waited, wall, cpu } = numbersOf(story);
    return [`${story.visits.length.toLocaleString('en-US')}, ${story.counter} counter`, most, posts, polls, waited, wall, cpu];
  };
  const head = ['visits', 'most waiting at once', 'POSTs, of visits', 'polls', 'waited, all visits together', 'first sent to last answered', 'CPU time of workerd meanwhile'];
  return [head, head.map(() => '---'), ...stories.map(line)].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Replaces the part of the page that is marked with `name` by `content`. */
function write(name, content) {
  const text = readFileSync(PAGE, 'utf8');
  const place = new RegExp(`(<!-- ${name}, written by [^\n]* -->\n)[\\s\\S]*?(<!-- until here -->)`);
  if (!place.test(text)) throw new Error(`docs/async.md has no place for ${name}`);
  writeFileSync(PAGE, text.replace(place, (_, before, after) => `${before}\n${content}\n\n${after}`));
}
