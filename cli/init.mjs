// `npx footfall init`: makes a folder with everything that a counter needs.

import { appendFileSync, chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { say, Trouble } from '../tools/run.mjs';
import { domainOf, nameOf, originsOf, siteOf, statsOf, tokenFrom } from './answers.mjs';
import { asking } from './ask.mjs';
import { configFor } from './config.mjs';
import { CONFIG, copyWorker, FOLDER, SECRETS_FILE, secretsIn, WORKER } from './folder.mjs';
import { template } from './package.mjs';

const TEXT = { type: 'string' };
const FLAG = { type: 'boolean' };

const IGNORE_FILE = '.gitignore';
const IGNORED = [SECRETS_FILE, '.wrangler/', 'node_modules/'];

/** The questions, in this order: the option, the question, the default for an empty answer, and the function that reads an answer. */
const QUESTIONS = [
  ['site', 'A name for the site to count, or several separated by commas', 'default', siteOf],
  ['origins', 'The origins of its pages, such as https://blog.example, separated by commas', '', originsOf],
  ['domain', "The counter's own domain, such as count.example.com, or a path of the site, or workers.dev", 'workers.dev', domainOf],
  ['stats', 'Who may read the numbers: public (everybody), token (the people you give it to) or closed (nobody)', 'token', statsOf],
];

/** The options that are required without a terminal, unless `--yes` is given. */
const NEEDED = ['site', 'origins'];

export const init = {
  what: 'asks a few questions, and makes a folder with everything that a counter needs',
  options: { site: TEXT, origins: TEXT, domain: TEXT, stats: TEXT, name: TEXT, yes: FLAG, force: FLAG },
  most: 1,
  help: (typed) => `${typed} [FOLDER] [options]

  FOLDER             the folder, ${FOLDER} if it is left out; . is this one

  --site SITE        the site that is counted, or several: blog,docs
  --origins ORIGINS  where its pages are: https://blog.example,https://www.blog.example
  --domain DOMAIN    count.example.com, a domain of its own; blog.example/stats, a path of the site; or workers.dev
  --stats WHO        who may read the numbers: public, token or closed; token
  --name NAME        the name of the Worker in the account; footfall
  --yes              asks nothing: options that are left out take the defaults of the questions
  --force            overwrites the files of an existing folder; its tokens stay

  Tokens are random, unless STATS_TOKEN or ADMIN_TOKEN is set in the environment or you type one.
`,
  async run(values, [given = FOLDER]) {
    const folder = resolve(given);
    refuseToOverwrite(folder, values.force);
    const name = nameOf(values.name ?? 'footfall');
    const { tokens: wanted, ...answers } = await answersTo(values);
    const kept = secretsIn(folder);
    const tokens = Object.fromEntries(Object.entries(wanted).filter(([name]) => !(name in kept)));
    mkdirSync(folder, { recursive: true });
    copyWorker(folder);
    writeFileSync(join(folder, CONFIG), configFor(template(), { name, ...answers }));
    // First, so that git never sees the tokens.
    ignore(join(folder, IGNORE_FILE));
    writeTokens(folder, tokens);
    tell(folder, { name, ...answers }, tokens);
  },
};

function refuseToOverwrite(folder, force) {
  if (!existsSync(folder)) return;
  if (!statSync(folder).isDirectory()) throw new Trouble(`${folder} is a file`);
  const there = readdirSync(folder).filter((name) => [CONFIG, SECRETS_FILE, WORKER].includes(name));
  if (there.length > 0 && !force) throw new Trouble(`${folder} has ${there.join(', ')} already: name another folder, or add --force to overwrite them`);
}

/** The answers: from options, from a person, or the defaults. */
function answersTo(values) {
  if (!values.yes && process.stdin.isTTY) return asking((ask) => answersBy(values, ask));
  const missing = NEEDED.filter((option) => values[option] === undefined);
  if (!values.yes && missing.length > 0) {
    throw new Trouble(`there is no terminal to ask on: add ${missing.map((option) => `--${option}`).join(' and ')}, or --yes for an empty start`);
  }
  return answersBy(values, (_, offered, read) => read(offered));
}

async function answersBy(values, ask) {
  const answers = { tokens: {} };
  // Options first: a mistake in one is reported before the first question.
  for (const [option, , , read] of QUESTIONS) if (values[option] !== undefined) answers[option] = read(values[option]);
  for (const [option, question, offered, read] of QUESTIONS) answers[option] ??= await ask(question, offered, read);
  for (const name of tokensOf(answers)) answers.tokens[name] = process.env[name] ? tokenFrom(process.env[name]) : await ask(`${name} (Enter makes a random one)`, '', tokenFrom);
  return answers;
}

/** The tokens to make: one for the owner, and one for readers where `STATS` is `token`. */
const tokensOf = ({ stats }) => (stats === 'token' ? ['STATS_TOKEN', 'ADMIN_TOKEN'] : ['ADMIN_TOKEN']);

function writeTokens(folder, tokens) {
  const file = join(folder, SECRETS_FILE);
  if (!existsSync(file)) writeFileSync(file, '', { mode: 0o600 });
  chmodSync(file, 0o600);
  appendFileSync(file, Object.entries(tokens).map(([name, token]) => `${name}="${token}"\n`).join(''));
}

/** Adds the names that git should ignore and that the file does not list yet. */
function ignore(file) {
  const has = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const lines = has.split(/\r?\n/);
  const missing = IGNORED.filter((line) => !lines.includes(line));
  const gap = has === '' || has.endsWith('\n') ? '' : '\n';
  if (missing.length > 0) appendFileSync(file, gap + missing.map((line) => `${line}\n`).join(''));
}

function tell(folder, { name, site, origins, domain }, tokens) {
  const [first] = site.split(', ');
  const here = relative('.', folder) || '.';
  const host = domain.pattern ? domain.pattern.replace(/\/\*$/, '') : `${name}.ACCOUNT.workers.dev`;
  say(`${here} has ${CONFIG}, ${SECRETS_FILE} with the tokens, and the Worker in ${WORKER}/`);
  for (const [name, token] of Object.entries(tokens)) say(`${name} = ${token}   shown once; it stays in ${join(here, SECRETS_FILE)}`);
  if (origins === '') say(`no origins: until ALLOWED_ORIGINS in ${CONFIG} lists some, only servers and the counter's own pages count`);
  const enter = here === '.' || here === FOLDER ? '' : `cd ${here} && `;
  say(`try it:     ${enter}npx footfall dev`);
  say(`publish it: ${enter}npx footfall deploy`);
  say(`the tag:    <script defer src="https://${host}/footfall.js" data-site="${first}"></script>`);
  say(`nothing is counted? ${enter}npx footfall doctor --page ${/^https?:/.test(origins) ? origins.split(', ')[0] : 'https://blog.example'}/`);
}
