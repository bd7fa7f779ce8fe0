// Writes the `wrangler.toml` of an owner's folder from that of the repository: the same bindings, migrations and settings, with the Worker at
// another path and without a build. It edits the text, because the comments explain every setting to the owner and must stay.

import { Trouble } from '../tools/run.mjs';
import { parseToml } from '../tools/toml.mjs';
import { CONFIG } from './folder.mjs';

/** The edits that every folder gets, as `[pattern, replacement]`. Every pattern must be found. */
const CHANGES = [
  [/^# How Footfall is built[^\n]*\n/, '# `npx footfall dev` and `npx footfall deploy` read this file. docs/ is in the package: node_modules/footfall/docs/\n'],
  [/^#[^\n]*\nmain = "build\/index\.js"$/m, '# The Worker, as `npx footfall init` or `npx footfall update` put it here.\nmain = "worker/index.js"'],
  [/^#[^\n]*\n\[build\]\n(?:[^\n]+\n)*\n/m, ''],
  [/^directory = "build\/assets"$/m, 'directory = "worker/assets"'],
  [/`npm start`/g, '`npx footfall dev`'],
  [/\(npx wrangler secret put \w+\)/g, '(in the file .dev.vars, which `npx footfall deploy` uploads)'],
];

/** The text of the file for the answers `{ name, site, origins, domain, stats }`, which `answers.mjs` reads. */
export function configFor(template, { name, site, origins, domain, stats }) {
  const own = CHANGES.reduce((text, [from, to]) => changed(text, from, to), template);
  const variables = { SITES: site, ALLOWED_ORIGINS: origins, STATS: stats === 'token' ? '' : stats, BASE_PATH: domain.base };
  const named = changed(own, /^name = "[^"]*"$/m, `name = "${name}"`);
  const routed = changed(named, /^minify = true$/m, (line) => [line, ...routeLines(domain)].join('\n'));
  return Object.entries(variables).reduce(
    (text, [variable, value]) => (value ? changed(text, new RegExp(`^# ${variable} = ".*"$`, 'm'), `${variable} = "${value}"`) : text),
    routed,
  );
}

function routeLines({ pattern, base }) {
  if (!pattern) return [];
  // The dashboard is at the Worker's own host.
  if (base) return ['', '# Below a path of the site.', `routes = ["${pattern}"]`, 'workers_dev = true'];
  return ['', '# The domain; Cloudflare makes its DNS record and its certificate.', `routes = [{ pattern = "${pattern}", custom_domain = true }]`];
}

function changed(text, from, to) {
  if (text.search(from) < 0) throw new Trouble(`wrangler.toml of the package has nothing like ${from}`);
  return text.replace(from, to);
}

/** The tables that an update adds: the header, the key that identifies a table, and the list in the parsed file that holds them. */
const TABLES = [
  ['[[durable_objects.bindings]]', 'name', (config) => config.durable_objects?.bindings ?? []],
  ['[[migrations]]', 'tag', (config) => config.migrations ?? []],
];

const DATE = /^(\s*compatibility_date\s*=\s*)(["']).*?\2/m;

/**
 * The text of the owner's `wrangler.toml` with what the newer `template` has and it lacks: bindings and migrations at its end, and the
 * compatibility date. Gives `{ text, added }`, where `added` names each addition.
 *
 * smol-toml says what is missing. The additions are made in the text, because smol-toml would write the file without the owner's comments.
 * Throws a `Trouble` where the text is not valid TOML, or would not be after the additions.
 */
export function upgraded(text, template) {
  const [has, wanted] = [parseToml(text, CONFIG), parseToml(template, CONFIG)];
  const added = [];
  let end = '';
  for (const [header, key, listIn] of TABLES) {
    const known = listIn(has).map((table) => table[key]);
    const texts = tablesOf(template, header);
    listIn(wanted).forEach(({ [key]: name }, at) => {
      if (known.includes(name)) return;
      end += `\n${texts[at]}\n`;
      added.push(`${header} ${name}`);
    });
  }
  const { compatibility_date: date } = wanted;
  const older = has.compatibility_date < date;
  if (older) added.push(`compatibility_date = "${date}"`);
  const dated = older ? text.replace(DATE, `$1"${date}"`) : text;
  const result = `${dated.trimEnd()}\n${end}`;
  refuseMixedLists(result, added);
  return { text: result, added };
}

/** TOML takes no `[[x]]` where the owner wrote `x = [...]`. Then the owner has to add the entries. */
function refuseMixedLists(text, added) {
  try {
    parseToml(text, CONFIG);
  } catch {
    throw new Trouble(`${CONFIG} lists bindings or migrations in brackets after =, where npx footfall update cannot add to them; add these by hand: ${added.join(', ')}`);
  }
}

/** The text of each table with this header, in the order of the file, each with the comment above it. */
function tablesOf(template, header) {
  return template.split(/\n\s*\n/).filter((block) => block.split('\n').includes(header)).map((block) => block.trim());
}
