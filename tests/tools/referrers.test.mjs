// The committed tables of sources and of spam are what node tools/referrers.mjs makes.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { FINGERPRINT_BYTES, fingerprint, SOURCES, SPAM, SPAM_LIST, sources, spam, spamHosts } from '../../tools/referrers.mjs';
import { REAL } from '../../tools/referrers/real.mjs';

const list = readFileSync(SPAM_LIST, 'utf8');

test('sources.txt and spam.bin are what node tools/referrers.mjs makes', () => {
  assert.equal(readFileSync(SOURCES, 'utf8'), sources(), 'node tools/referrers.mjs updates it');
  assert.ok(readFileSync(SPAM).equals(spam(list)), 'node tools/referrers.mjs updates it');
});

test('the spam list says where it comes from', () => {
  assert.match(list, /^# .*public domain.*\n# Origin: \S+, spammers\.txt, commit [0-9a-f]{40} of \d+ \w+ \d{4}\./);
  assert.ok(spamHosts(list).length > 2_000);
});

test('different spellings of a host are one host', () => {
  const told = '# a list\nWWW.Spam.example\nspam.example # again\n\n  xn--bcher-kva.example\nbücher.example\r\nnothing\n';
  const [bytes, hosts] = [spam(told), ['spam.example', 'xn--bcher-kva.example']];
  assert.deepEqual([...new Set(spamHosts(told))], hosts);
  assert.equal(bytes.length, 256 + 2 * (FINGERPRINT_BYTES - 1));
  for (const host of hosts) {
    const [first, ...rest] = fingerprint(host);
    assert.ok(bytes[first] >= 1 && bytes.includes(Buffer.from(rest)), host);
  }
});

test('only domains that people read, or that host other sites, are left out', () => {
  const all = new Set(list.split('\n').map((line) => line.trim()));
  for (const host of REAL) assert.ok(all.has(host), `${host} is not in the list, so it need not be left out`);
  const kept = new Set(spamHosts(list));
  for (const host of REAL) assert.ok(!kept.has(host), host);
  assert.ok(kept.has('semalt.com'));
});
