// The address of the Worker: the one that was typed, or else the domain of the folder.

import { Trouble } from '../tools/run.mjs';
import { findFolder, settingsIn } from './folder.mjs';

/** The address, as a URL whose path ends in `/`, so that the Worker's paths are found below it. */
export function workerUrl(given) {
  const folder = findFolder();
  const text = given ?? (folder && settingsIn(folder).route);
  if (!text) {
    throw new Trouble('wrangler.toml names no domain: give the address of the Worker, such as https://count.example.com');
  }
  return urlOf(text);
}

/** The URL of a Worker that a person typed, with or without a scheme. The query, the hash and `footfall.js` are dropped. */
export function urlOf(text) {
  const bare = text.replace(/\*+$/, '');
  const local = /^(localhost|127\.|\[::1\])/.test(bare);
  let url;
  try {
    url = new URL(/^[a-z]+:\/\//i.test(bare) ? bare : `${local ? 'http' : 'https'}://${bare}`);
  } catch {
    throw new Trouble(`${text} is not an address; give one such as https://count.example.com`);
  }
  if (!/^https?:$/.test(url.protocol)) throw new Trouble(`${text} is not an http or https address`);
  url.search = url.hash = '';
  url.pathname = url.pathname.replace(/\/?(footfall\.js)?$/, '/');
  return url;
}
