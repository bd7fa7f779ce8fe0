// Checks that the content security policies of a page let it load the script and send a visit (Content Security Policy Level 3).

/** The policies of a page, of its header and its tags, each as a map of directives. */
export function policiesOf(header, tags) {
  const inTags = tags.filter(({ name, attributes }) => name === 'meta' && attributes['http-equiv']?.toLowerCase() === 'content-security-policy');
  const texts = [...(header ?? '').split(','), ...inTags.map(({ attributes }) => attributes.content ?? '')];
  return texts.filter((text) => text.trim() !== '').map(parsed);
}

function parsed(text) {
  const policy = new Map();
  for (const part of text.split(';')) {
    const [name, ...values] = part.trim().split(/\s+/);
    // The first directive of a name counts.
    if (name && !policy.has(name.toLowerCase())) policy.set(name.toLowerCase(), values);
  }
  return policy;
}

/** What stops a tag's script at `url`, or nothing: the first directive, as it is written. */
export function scriptStopper(policies, url, page, { nonce, integrity = '' }) {
  return stopper(policies, ['script-src-elem', 'script-src', 'default-src'], (sources) => {
    if (nonce && sources.includes(`'nonce-${nonce}'`)) return true;
    const hashes = integrity.split(/\s+/).filter(Boolean);
    if (hashes.length > 0 && hashes.every((hash) => sources.includes(`'${hash}'`))) return true;
    // With 'strict-dynamic', browsers ignore hosts.
    if (sources.some((source) => source.toLowerCase() === "'strict-dynamic'")) return false;
    return sources.some((source) => matches(source, url, page));
  });
}

/** What stops a request to `url`, or nothing. */
export const connectStopper = (policies, url, page) => stopper(policies, ['connect-src', 'default-src'], (sources) => sources.some((source) => matches(source, url, page)));

function stopper(policies, names, lets) {
  for (const policy of policies) {
    const name = names.find((one) => policy.has(one));
    if (name !== undefined && !lets(policy.get(name))) return [name, ...policy.get(name)].join(' ');
  }
  return undefined;
}

/** Whether a page has a sandbox in which no script runs, or runs with an origin that nobody can list. */
export const sandboxed = (policies) => policies.some((policy) => policy.has('sandbox') && !['allow-scripts', 'allow-same-origin'].every((word) => policy.get('sandbox').includes(word)));

function matches(source, url, page) {
  const text = source.toLowerCase();
  if (text === "'self'") return sameOrUpgraded(page, url) && page.hostname === url.hostname && (portOf(page) === portOf(url) || [page, url].every((one) => one.port === ''));
  if (text === '*') return /^(?:https?|wss?):$/.test(url.protocol) || url.protocol === page.protocol;
  const [, scheme] = /^([a-z][a-z0-9+.-]*):$/.exec(text) ?? [];
  if (scheme) return schemeMatches(scheme, url);
  const [, given, host, port, path = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?([^/:']+|\[[^\]]*\])(?::(\d+|\*))?(\/.*)?$/i.exec(source) ?? [];
  if (host === undefined) return false;
  const fits = given ? schemeMatches(given.toLowerCase(), url) : sameOrUpgraded(page, url);
  return fits && hostMatches(host.toLowerCase(), url.hostname) && portMatches(port, url) && pathMatches(path, url.pathname);
}

const schemeMatches = (scheme, url) => `${scheme}:` === url.protocol || (scheme === 'http' && url.protocol === 'https:');
const sameOrUpgraded = (page, url) => schemeMatches(page.protocol.slice(0, -1), url);
const hostMatches = (host, hostname) => (host.startsWith('*') ? hostname.endsWith(host.slice(1)) : host === hostname);
const portOf = (url) => url.port || (url.protocol === 'https:' ? '443' : '80');
const portMatches = (port, url) => port === '*' || (port === undefined ? ['80', '443'].includes(portOf(url)) : port === portOf(url) || (port === '80' && portOf(url) === '443'));
const pathMatches = (path, pathname) => path === '' || path === '/' || (path.endsWith('/') ? pathname.startsWith(path) : path === pathname);
