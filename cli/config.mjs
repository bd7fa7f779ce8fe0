// `wrangler.toml` of an owner's folder, made of that of the repository: the same bindings, migrations and settings, with another place of
// the Worker and no build.

import { Trouble } from '../tools/run.mjs';

/** What is changed in each folder: what stands there, and what comes instead. All of it has to be there. */
const CHANGES = [
  [/^# How Footfall is built[^\n]*\n/, '# What `npx footfall dev` and `npx footfall deploy` read. What is named docs/ is in the package: node_modules/footfall/docs/\n'],
  [/^#[^\n]*\nmain = "build\/index\.js"$/m, '# The Worker, as `npx footfall init` or `npx footfall update` put it here.\nmain = "worker/index.js"'],
  [/^#[^\n]*\n\[build\]\n(?:[^\n]+\n)*\n/m, ''],
  [/^directory = "build\/assets"$/m, 'directory = "worker/assets"'],
  [/`npm start`/g, '`npx footfall dev`'],
  [/\(npx wrangler secret put \w+\)/g, '(in the file .dev.vars, which `npx footfall deploy` uploads)'],
];

/** The text for what was answered: `{ name, site, origins, domain, stats }`, as `answers.mjs` reads them. */
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

/** The tables of a kind that stand in double brackets, each with its comment, and with `key` for what it is known by. */
const TABLES = { '[[durable_objects.bindings]]': /^name = "(.*)"$/m, '[[migrations]]': /^tag = "(.*)"$/m };

/**
 * The text of a folder with what a newer template has and it lacks: bindings and migrations at its end, and the compatibility date. Gives
 * `{ text, added }`, where `added` says what was.
 */
export function upgraded(text, template) {
  const added = [];
  let end = '';
  for (const [header, key] of Object.entries(TABLES)) {
    const known = tablesOf(text, header).map((table) => key.exec(table)?.[1]);
    for (const table of tablesOf(template, header)) {
      const [, name] = key.exec(table);
      if (known.includes(name)) continue;
      end += `\n${table}\n`;
      added.push(`${header} ${name}`);
    }
  }
  const date = /^compatibility_date = ".*"$/m;
  const [wanted] = date.exec(template);
  const [has] = date.exec(text) ?? [];
  if (has !== undefined && has < wanted) added.push(wanted);
  const dated = has !== undefined && has < wanted ? text.replace(date, wanted) : text;
  return { text: `${dated.trimEnd()}\n${end}`, added };
}

function tablesOf(text, header) {
  return text.split(/\n\s*\n/).flatMap((block) => {
    const at = block.split('\n').findIndex((line) => line.trim() === header);
    return at < 0 ? [] : [block.trim()];
  });
}
