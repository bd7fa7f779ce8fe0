// Device, country and referrer of a view, with the names and limits of Footfall (src/counting/model/dimensions.rs).

/** The kinds in the order of an export, each with the most bytes of a value. */
export const KINDS = { device: 2, country: 2, referrer: 100, source: 64, medium: 64, campaign: 64 };

/** A value as Footfall keeps it: without control characters, and cut at a whole character. Empty if nothing is left. */
export function valueOf(kind, text) {
  let value = '';
  let bytes = 0;
  for (const character of text.toWellFormed().trim().replace(/\p{Cc}/gu, '')) {
    bytes += Buffer.byteLength(character);
    if (bytes > KINDS[kind]) break;
    value += character;
  }
  return value;
}

/** The class of a device by the width of its screen in CSS pixels; empty if the width is not known. */
export function deviceOf(width) {
  if (!(width > 0)) return '';
  if (width < 768) return 'm';
  return width <= 1024 ? 't' : 'd';
}

/** The country of an ISO 3166-2 code such as `US-TX`. */
export function countryOf(location) {
  return /^[a-z]{2}(?![a-z])/i.test(location) ? location.slice(0, 2).toUpperCase() : '';
}

/** GoatCounter's referrer of a visitor, as a kind and a value. Of its schemes, h is a URL and c a campaign. */
export function referrerOf(text, scheme) {
  if (scheme === 'c') return ['campaign', text];
  // An app that opens links: its name serves as the host.
  if (scheme === 'h' || /^android-app:\/\//i.test(text)) return ['referrer', hostOf(text)];
  return ['referrer', text.toLowerCase()];
}

function hostOf(url) {
  const [authority] = url.trim().replace(/^(?:[a-z][a-z0-9+.-]*:)?\/\//i, '').split(/[/?#\\]/, 1);
  const host = authority.slice(authority.lastIndexOf('@') + 1).replace(/:\d*$/, '');
  return host.toLowerCase().replace(/^www\./, '');
}
