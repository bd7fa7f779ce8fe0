// Reads from a page's HTML the tags that the doctor needs: scripts and policies, with their attributes.

/** A comment, an element whose content is plain text, or the start of a tag. The content of a script is skipped. */
const PIECES = /<!--[\s\S]*?(?:-->|$)|<(script|style|textarea|title|noscript|template|xmp)\b((?:"[^"]*"|'[^']*'|[^"'>])*)>([\s\S]*?)(?:<\/\1\s*>|$)|<([a-z][a-z0-9-]*)\b((?:"[^"]*"|'[^']*'|[^"'>])*)>/gi;
const ATTRIBUTE = /([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?/g;
const ENTITIES = { amp: '&', quot: '"', apos: "'", lt: '<', gt: '>' };

/** The tags `script`, `meta` and `base` in document order, as `{ name, attributes }` with names in lower case. */
export function tagsOf(html) {
  return [...html.matchAll(PIECES)].flatMap(([, raw, rawAttributes, , plain, attributes]) => {
    const name = (raw ?? plain ?? '').toLowerCase();
    return ['script', 'meta', 'base'].includes(name) ? [{ name, attributes: attributesOf(rawAttributes ?? attributes) }] : [];
  });
}

function attributesOf(text) {
  const all = {};
  for (const [, name, double, single, bare] of text.matchAll(ATTRIBUTE)) all[name.toLowerCase()] ??= decoded(double ?? single ?? bare ?? '');
  return all;
}

function decoded(text) {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|([a-z]+));/gi, (whole, decimal, hex, name) => {
    if (name) return ENTITIES[name.toLowerCase()] ?? whole;
    const code = decimal ? Number(decimal) : parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
