// Checks that a page has the tag, and that nothing in the page blocks it.

import { look, unexpected } from './look.mjs';
import { connectStopper, policiesOf, sandboxed, scriptStopper } from './csp.mjs';
import { tagsOf } from './html.mjs';
import { integrityTrouble } from './integrity.mjs';
import { isKnownScript } from './names.mjs';
import { urlOf } from '../address.mjs';
import { Trouble } from '../../tools/run.mjs';

const REDIRECTS = 5;

/** The types with which a browser runs a script. A consent manager sets another type on a script that it holds back. */
const RUNS = /^(?:|module|(?:text|application)\/(?:x-)?(?:java|ecma)script)$/i;

/** Examines a page. Returns the origin of its visits, whether it has a tag, and the site that the tag names, as far as they are known. */
export async function examinePage(report, { base, page, script, site }) {
  const { url, answer } = await pageAt(page, base);
  if (answer.status !== 200) {
    const [seen] = answer.failure === undefined ? [`${answer.status}`] : unexpected(answer);
    report.wrong('page', `${url}: ${seen}`, 'name a page that is there');
    return {};
  }
  const { origin } = url;
  const tags = tagsOf(answer.text);
  const found = tagIn(tags, url, base);
  if (found === undefined) {
    report.wrong('tag', `${url} has no tag with footfall.js`, `put it into the page: ${tagFor(base, site)}; a tag that a tag manager inserts is not visible here`);
    return { origin };
  }
  const { attributes, source } = found;
  report.ok('page', `${url} answers, and has a tag`);
  examineTag(report, { base, page: url, source, attributes, script, site });
  examinePolicies(report, { base, page: url, source, attributes, policies: policiesOf(answer.headers.get('content-security-policy'), tags) });
  return { origin, tagged: true, site: attributes['data-site'] || undefined };
}

/** The page, after redirects. The Worker's own pages, such as `GET /`, count every request, so the doctor does not request them. */
async function pageAt(text, base) {
  let url = pageUrl(text);
  for (let at = 0; ; at += 1) {
    if (`${url.href}/`.startsWith(base.href)) throw new Trouble(`${url} is a page of the Worker, which may count each request: name a page of the site`);
    const answer = await look(url, { headers: { accept: 'text/html' } });
    const to = answer.status >= 300 && answer.status < 400 ? answer.headers.get('location') : null;
    if (to === null || at === REDIRECTS) return { url, answer };
    url = new URL(to, url);
  }
}

function pageUrl(text) {
  const { origin } = urlOf(text);
  return new URL(/^[a-z]+:\/\//i.test(text) ? text : `${origin}${text.replace(/^[^/]*/, '')}`);
}

/** The tag of the script: one that loads from the counter, or else a script of that name from elsewhere. */
function tagIn(tags, page, base) {
  const [first] = tags.filter(({ name, attributes }) => name === 'base' && attributes.href);
  const from = first ? new URL(first.attributes.href, page) : page;
  const scripts = tags.filter(({ name, attributes }) => name === 'script' && attributes.src && URL.canParse(attributes.src, from));
  const all = scripts.map(({ attributes }) => ({ attributes, source: new URL(attributes.src, from) }));
  const named = all.filter(({ source }) => source.pathname.endsWith('/footfall.js'));
  return named.find(({ source }) => source.href.startsWith(base.href)) ?? named[0] ?? all.find(({ source }) => source.href.startsWith(base.href));
}

const tagFor = (base, site) => `<script defer src="${base}footfall.js" data-site="${site ?? 'SITE'}"></script>`;

function examineTag(report, { base, page, source, attributes, script, site }) {
  const wrong = [];
  if (!source.href.startsWith(base.href)) wrong.push([`its src is ${source}, and the counter is at ${base}`, `src="${base}footfall.js"`]);
  // A browser trusts http from its own machine as it trusts https.
  else if (page.protocol === 'https:' && source.protocol === 'http:' && !/^(?:localhost|127\.|\[::1\])/.test(source.hostname)) wrong.push([`the page is https and its src is ${source}`, 'https in the src']);
  if (isKnownScript(source)) wrong.push([`its src is ${source}, which lists of blockers know`, `src="${base}footfall.js"`]);
  const type = attributes.type?.trim() ?? '';
  if (!RUNS.test(type)) wrong.push([`its type is ${JSON.stringify(type)}, so no browser runs it`, 'remove the type; if a consent manager sets it, exempt the tag']);
  if (site !== undefined && attributes['data-site'] && attributes['data-site'] !== site) wrong.push([`it says data-site="${attributes['data-site']}"`, `data-site="${site}"`]);
  const [integrity] = script === undefined ? [] : [integrityTrouble(attributes, script, page.origin === source.origin)];
  if (integrity) wrong.push(integrity);
  for (const [seen, todo] of wrong) report.wrong('tag', seen, todo);
  if (wrong.length === 0) report.ok('tag', `${source}${attributes['data-site'] ? ` for ${attributes['data-site']}` : ''}`);
}

function examinePolicies(report, { base, page, source, attributes, policies }) {
  const [script, visit] = [scriptStopper(policies, source, page, attributes), connectStopper(policies, new URL('visit', base), page)];
  if (script) report.wrong('policy', `Content-Security-Policy: ${script} stops the script`, `add ${source.origin} to script-src`);
  if (visit) report.wrong('policy', `Content-Security-Policy: ${visit} stops visits`, `add ${base.origin} to connect-src`);
  if (sandboxed(policies)) report.wrong('policy', 'Content-Security-Policy: sandbox stops scripts or removes the origin', 'add allow-scripts and allow-same-origin to it');
  else if (!script && !visit) report.ok('policy', policies.length > 0 ? 'Content-Security-Policy allows the script and its visits' : 'there is no Content-Security-Policy');
}
