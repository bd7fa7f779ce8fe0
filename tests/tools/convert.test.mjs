// `npm run convert`: for any input, the file that Footfall imports neither loses nor invents counts.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { call, views } from '../support/client.mjs';
import { startWorkerd } from '../support/workerd.mjs';
import { countryOf, deviceOf, referrerOf, valueOf } from '../../tools/convert/details.mjs';
import { readGoatCounter } from '../../tools/convert/goatcounter.mjs';
import { parseJson } from '../../tools/convert/json.mjs';
import { linesOf } from '../../tools/convert/lines.mjs';
import { pageOf } from '../../tools/convert/page.mjs';
import { hourOf, hourText } from '../../tools/convert/time.mjs';
import { readValues } from '../../tools/convert/values.mjs';

const TOOL = fileURLToPath(new URL('../../tools/convert.mjs', import.meta.url));
const TOKEN = 'owner-of-a-test-0123';

const dir = mkdtempSync(join(tmpdir(), 'footfall-convert-'));
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));

let files = 0;
function fileOf(content) {
  const file = join(dir, `${(files += 1)}.txt`);
  writeFileSync(file, content);
  return file;
}

function tool(args, env = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [TOOL, ...args], { encoding: 'utf8', env: { ...process.env, ...env } });
  return { status, stdout, stderr };
}

/** Converts valid content. Returns the lines, the first and last line, and the messages on stderr. */
function convert(format, content, ...options) {
  const { status, stdout, stderr } = tool([format, fileOf(content), ...options]);
  assert.equal(status, 0, stderr);
  return { ...read(stdout), stdout, stderr };
}

function read(text) {
  assert.ok(text.endsWith('\n'));
  const [first, ...lines] = text.trimEnd().split('\n').map((line) => JSON.parse(line));
  const last = lines.pop();
  assert.deepEqual(Object.keys(first), ['footfall', 'site', 'id', 'at']);
  assert.deepEqual(last, { end: lines.length, changes: 0 });
  assert.match(first.id, /^[0-9a-f]{32}$/);
  return { first, lines };
}

/** Converts invalid content. Returns the error, which must be one line with nothing on stdout. */
function complaint(format, content, ...options) {
  const { status, stdout, stderr } = tool([format, fileOf(content), ...options]);
  assert.deepEqual([status, stdout], [1, ''], stderr);
  assert.match(stderr, /^footfall: [^\n]+\n$/);
  return stderr;
}

const pagesOf = (lines) => Object.fromEntries(lines.filter((line) => 'page' in line && Object.keys(line).length === 2).map(({ page, views }) => [page, views]));

const sum = (lines, name) => lines.reduce((all, line) => all + line[name], 0);

// Start values.

test('start values are read in every format', () => {
  for (const [content, pages, ...options] of [
    ['{"/a": 12, "/b": 3}', { '/a': 12, '/b': 3 }],
    ['[{"page":"/a","views":12},{"key":"visits","value":"3"},{"path":"c","count":0,"more":[1,{"x":2}]}]', { '/a': 12, '/visits': 3, '/c': 0 }],
    ['{"value": 12}', { '/a': 12 }, '--page', '/a'],
    ['{"namespace":"n","key":"visits","ttl":9,"value":10}', { '/visits': 10 }],
    ['{"value": 12, "b": 1}', { '/value': 12, '/b': 1 }],
    ['cb_1({"value": 12});', { '/a': 12 }, '--page', '/a'],
    ['BusuanziCallback_123({"site_pv":9,"page_pv":4,"site_uv":2,"version":2.4});', { '/a': 4, '(other)': 5 }, '--page', '/a'],
    ['try{B_1({"site_pv":9,\n"page_pv":4});}catch(e){}', { '/a': 4, '(other)': 5 }, '--page', '/a'],
    ['{"site_pv":9}', { '(other)': 9 }],
    ['\ufeffPath,Title,Views\n/a,"x, y",12\nb,z,3\n', { '/a': 12, '/b': 3 }],
    ['key,value\r\n"a ""b"", c",1\r\n\r\n/d,2', { '/a "b", c': 1, '/d': 2 }],
    ['/a,12\nb, 3 \n', { '/a': 12, '/b': 3 }],
    [gzipSync('/a,12\nb,3'), { '/a': 12, '/b': 3 }],
    ['{"__proto__": 1, "constructor": 2}', Object.fromEntries([['/__proto__', 1], ['/constructor', 2]])],
  ]) {
    const { lines } = convert('values', content, ...options);
    assert.deepEqual(pagesOf(lines), pages, String(content));
    assert.equal(lines.length, Object.keys(pages).length, 'and nothing else');
  }
});

test('a note says what a format does not contain', () => {
  const { stderr } = convert('values', '{"site_pv":9,"page_pv":4,"site_uv":2}', '--page', '/a');
  assert.match(stderr, /9 views of 2 pages/);
  assert.match(stderr, /site_uv/);
});

test('different spellings of one page become one line', () => {
  const { lines } = convert('values', '/caf%C3%A9/,1\n/café,2\ncafé?x=1,4\n/%63af%c3%a9#top,8\n/Café,16\n');
  assert.deepEqual(pagesOf(lines), { '/café': 15, '/Café': 16 });
  assert.deepEqual(pagesOf(convert('values', '{"/a": 1, "/b": 2, "/a": 4}').lines), { '/a': 5, '/b': 2 });
});

test('views of pages with odd or long names are not lost', () => {
  const { lines } = convert('values', JSON.stringify({ '/a': 1, [`/${'é'.repeat(256)}`]: 2, '/\u0007': 4, '/\u0085': 8, [`/${'x'.repeat(4_000)}`]: 16, '/\ud800': 32 }));
  assert.deepEqual(pagesOf(lines), { '/a': 1, [`/${'é'.repeat(256)}`]: 2, '/%07': 4, '/%C2%85': 8, [`/${'x'.repeat(1_020)}…`]: 16, '/\ufffd': 32 });
});

test('invalid start values are refused, with their line', () => {
  for (const [content, what, ...options] of [
    ['', /is empty/],
    ['/a,1\n/b,-2\n', /line 2: the views of "\/b" are "-2"/],
    ['/a,1\n/b,1.5\n', /line 2/],
    ['/a,1\n/b,1000000000001\n', /line 2: .*whole number from 0 to 1000000000000/],
    ['/a,1\n/b,\n', /line 2/],
    ['/a,1\n,2\n', /line 2: a page without a name/],
    ['/a,1\n/b,2,3\n', /line 2: Invalid Record Length/],
    ['"a\nb",1\n/b,x\n', /line 3/],
    ['/a,1\n"/b,2\n/c,3\n', /line \d: Quote Not Closed/],
    ['name,hits,more\n/a,1,2', /line 1: the header needs a column/],
    ['/a,1000000000000\n/a/,1\n', /add up to over 1000000000000/],
    ['/a,1000000000000\n/b,1\n', /add up to over 1000000000000/],
    ['{"/a": 1,\n"/b": -2}', /line 2: the views of "\/b"/],
    ['{"/a": 1,\n"/b": 1e300}', /line 2/],
    ['{"/a": 1,\n"/b": true}', /line 2/],
    ['{"/a": 1,\n"/b": {"value": 1}}', /line 2/],
    ['{"/a": 1,\n"/b": 2', /line 2: not JSON: /],
    ['{"/a": 1\n"/b": 2}', /line 2: not JSON: expected "," or "}"/],
    ['{"/a": 1\n,}', /line 2: not JSON: expected a name in quotes/],
    ['{"/a": 1}\n}', /line 2: not JSON: there is more/],
    ['{"/a": 01}', /line 1: not JSON/],
    [`${'['.repeat(100_000)}`, /line 1: not JSON: more than 8 levels/],
    ['[{"page":"/a","views":1},\n{"page":"/a"}]', /line 2/],
    ['[{"page":7,"views":1}]', /line 1: a page without a name/],
    ['{"value": 12}', /line 1: .*add --page/],
    ['{"page_pv": 12}', /line 1: .*add --page/],
    ['{"page_pv": 12, "site_pv": 11}', /less than/, '--page', '/a'],
    ['{"/a": 12}', /line 1: --page needs one of/, '--page', '/a'],
    ['/a,12', /--page is only for/, '--page', '/a'],
    ['\u001b[31m,\u202e', /"\ufffd\[31m"/],
  ]) assert.match(complaint('values', content, ...options), what, content.slice(0, 60));
});

test('JSON is read as JSON.parse reads it', () => {
  const plain = ({ value, items, entries }) => items?.map(plain) ?? (entries ? Object.fromEntries(entries.map(([name, of]) => [name, plain(of)])) : value);
  const parsed = (parse, text) => {
    try {
      return { value: parse(text) };
    } catch {
      return 'refused';
    }
  };
  const ours = (text) => plain(parseJson(text));
  fc.assert(fc.property(fc.json({ maxDepth: 5 }), fc.nat(3), (text, indent) => {
    const spaced = JSON.stringify(JSON.parse(text), undefined, indent);
    assert.deepEqual(ours(spaced), JSON.parse(spaced));
  }));
  const pieces = fc.constantFrom('{', '}', '[', ']', ',', ':', '"a"', '"', '\\', '1', '-', '.5', 'e', 'true', 'null', ' ', '\n', '\u00a0', '\v', 'x');
  fc.assert(fc.property(fc.string({ unit: pieces, maxLength: 12 }), (text) => assert.deepEqual(parsed(ours, text), parsed(JSON.parse, text))), { numRuns: 5_000 });
});

// Pages, times and details.

test('pages are written as in src/counting/model/page.rs', () => {
  for (const [text, page] of [
    ['/', '/'], ['//', '/'], ['/a//', '/a'], ['/caf%C3%A9', '/café'], ['/caf%c3%a9/%E2%82%AC', '/café/€'], ['/%61%2D%7e', '/a-~'],
    ['/a%2fb%3f%23%25', '/a%2Fb%3F%23%25'], ['/a%0a%00%c2%85', '/a%0A%00%C2%85'], ['/%ff%FE%41', '/%FF%FEA'], ['/%C3', '/%C3'],
    ['/100%', '/100%'], ['/%4', '/%4'], ['/%zz%+1', '/%zz%+1'], ['/%é', '/%é'], ['/%a%30', '/%a%30'], ['/A/../b', '/A/../b'],
    ['/%ED%A0%80%F0%9F%98%80%E2%82', '/%ED%A0%80😀%E2%82'], ['/%EF%BB%BFa', '/\ufeffa'], ['/a/?x#y', '/a'], ['a', '/a'], ['', '/'], ['(other)', '(other)'],
    [' a/b?x', '/a/b'], ['https://blog.example/a/?x#y', '/a'], ['https://blog.example', '/'], ['/to/https://blog.example/a', '/to/https://blog.example/a'],
    ['/cafe%CC%81', '/café'], ['/a\nb\u0085', '/a%0Ab%C2%85'], ['/100%\u0007', '/100%%07'], [`/${'é'.repeat(600)}`, `/${'é'.repeat(510)}…`],
    [`/${'ab%2F'.repeat(300)}`, `/${'ab%2F'.repeat(204)}…`], [`/%41${'c'.repeat(2_000)}%`, `/A${'c'.repeat(1_017)}…`],
  ]) assert.equal(pageOf(text), page, text);
  const unit = fc.oneof(fc.constantFrom('/', '%', '%2f', '%C3%A9', '%c3', '?', 'a', 'é', '\u2028', '\n', '\ud800'), fc.string({ unit: 'binary', maxLength: 1 }));
  fc.assert(fc.property(fc.string({ unit, maxLength: 40 }), (text) => {
    const page = pageOf(text);
    assert.ok(page.startsWith('/') && !/[?#\p{Cc}]/u.test(page) && Buffer.byteLength(page) <= 1024 && page.isWellFormed());
    assert.equal(pageOf(page), page, 'what is normal stays so');
  }), { numRuns: 2_000 });
  // If a page of n characters took n * n steps, this would not end.
  assert.equal(pageOf(`${'/'.repeat(1_000_000)}a`), `${'/'.repeat(1_021)}…`);
});

test('times are in UTC, and times that do not exist are refused', () => {
  for (const [text, hour] of [
    ['2026-11-22T07:59:59Z', '2026-11-22T07Z'], ['2026-11-22T00:30:00+01:00', '2026-11-21T23Z'], ['2026-11-22T07:45:00-05:30', '2026-11-22T13Z'],
    ['2026-12-31t23:59:60.5z', '2026-12-31T23Z'], ['2024-02-29 10:00:00Z', '2024-02-29T10Z'], ['1970-01-01T00:00:00Z', '1970-01-01T00Z'],
  ]) assert.equal(hourText(hourOf(text)), hour, text);
  for (const text of ['', '2026-11-22', '2026-02-29T00:00:00Z', '2026-13-01T00:00:00Z', '2026-11-22T24:00:00Z', '2026-11-22T07:60:00Z', '2026-11-22T07:00:00', '1969-12-31T23:00:00Z', '0099-01-01T00:00:00Z', '1970-01-01T00:00:00+01:00', '9999-12-31T23:00:00-01:00']) {
    assert.equal(hourOf(text), undefined, text);
  }
});

test('details are written as in src/counting/model/dimensions.rs', () => {
  for (const [text, scheme, found] of [
    ['www.News.example/a?b', 'h', ['referrer', 'news.example']], ['https://me:pw@news.example:8080/a', 'h', ['referrer', 'news.example']],
    ['letter 7', 'c', ['campaign', 'letter 7']], ['Google', 'g', ['referrer', 'google']], ['android-app://com.Reader/', 'o', ['referrer', 'com.reader']], ['', 'o', ['referrer', '']],
  ]) assert.deepEqual(referrerOf(text, scheme), found);
  assert.deepEqual(['0', '', '-1', 'x', 1, 767, 768, 1024, 1025].map(deviceOf), ['', '', '', '', 'm', 'm', 't', 't', 'd']);
  assert.deepEqual(['', 'DE', 'us-TX', 'D', '12', 'DEU'].map(countryOf), ['', 'DE', 'US', '', '', '']);
  assert.equal(valueOf('referrer', ` a\u0007b${'é'.repeat(60)}`), `ab${'é'.repeat(49)}`);
  assert.equal(valueOf('campaign', 'x'.repeat(65)).length, 64);
});

// GoatCounter's CSV.

const HEADER = '2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,Screen size,Location,FirstVisit,Date';

const quoted = (field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);

function row({ path = '/a', title = 'T', event = 'false', session = 's1', bot = '0', referrer = '', scheme = 'o', size = '', location = '', date = '2026-11-22T07:00:00Z' } = {}) {
  return [path, title, event, '', 'Firefox 140', 'Linux', session, bot, referrer, scheme, size, location, '1', date].map(quoted).join(',');
}

const csv = (...rows) => [HEADER, ...rows.map(row)].join('\n');

/** Some rows of every kind, on days that are kept by the hour and on older ones. */
const SOME = csv(
  { title: 'a "b",\n=cmd()', referrer: 'www.News.example/x', scheme: 'h', size: '1920,1080,1', location: 'DE-BE' },
  { session: 's2', date: '2026-11-22T08:10:00+01:00', size: '400,800,2', location: 'US' },
  { date: '2026-11-22T09:00:00Z' },
  { path: '/b/', date: '2026-11-22T06:00:00Z' },
  { path: 'click', event: 'true' },
  { bot: '150' },
  { session: '', referrer: 'letter', scheme: 'c' },
  { date: '2026-08-01T01:00:00Z', referrer: 'Google', scheme: 'g' },
  { date: '2026-08-01T02:00:00Z' },
  { session: 's3', date: '2026-08-01T02:00:00Z', path: '/=cmd()' },
);

test('an export of GoatCounter, line by line', () => {
  const { lines, stderr, first } = convert('goatcounter', SOME, '--site', 'blog');
  assert.equal(first.site, 'blog');
  assert.deepEqual(lines, [
    { page: '/a', views: 6 },
    { page: '/b', views: 1 },
    { page: '/=cmd()', views: 1 },
    { page: '/a', hour: '2026-11-22T07Z', views: 3, visitors: 2, newcomers: 2 },
    { page: '/a', hour: '2026-11-22T09Z', views: 1, visitors: 1, newcomers: 0 },
    { page: '/b', hour: '2026-11-22T06Z', views: 1, visitors: 1, newcomers: 1 },
    { page: '/a', day: '2026-08-01', views: 2, visitors: 1 },
    { page: '/=cmd()', day: '2026-08-01', views: 1, visitors: 1 },
    { hour: '2026-11-22T06Z', views: 1, visitors: 1, newcomers: 1 },
    { hour: '2026-11-22T07Z', views: 3, visitors: 2, newcomers: 1 },
    { hour: '2026-11-22T09Z', views: 1, visitors: 1, newcomers: 0 },
    { day: '2026-08-01', views: 3, visitors: 2 },
    { day: '2026-08-01', visitors: 2 },
    { day: '2026-11-22', visitors: 2 },
    { day: '2026-08-01', kind: 'referrer', value: 'google', views: 1 },
    { day: '2026-11-22', kind: 'device', value: 'd', views: 1 },
    { day: '2026-11-22', kind: 'device', value: 'm', views: 1 },
    { day: '2026-11-22', kind: 'country', value: 'DE', views: 1 },
    { day: '2026-11-22', kind: 'country', value: 'US', views: 1 },
    { day: '2026-11-22', kind: 'referrer', value: 'news.example', views: 1 },
    { day: '2026-11-22', kind: 'campaign', value: 'letter', views: 1 },
    { day: '2026-11-22', excluded: 'bot', visits: 1 },
  ]);
  for (const told of [/8 views of 3 pages, 2026-08-01 to 2026-11-22/, /1 event;/, /1 visit of bots/, /1 view without a session/]) assert.match(stderr, told);
});

test('gzip, CRLF, a byte order mark and the order of columns do not change the result', () => {
  const { lines, first } = convert('goatcounter', SOME);
  const packed = convert('goatcounter', gzipSync(SOME));
  assert.deepEqual([packed.lines, packed.first.id], [lines, first.id], 'a file that the browser unpacked gives the same import');
  for (const content of [`\ufeff${SOME}`, SOME.replaceAll('\n', '\r\n'), SOME.replaceAll(/\n(?=\/)/g, '\n\n')]) {
    assert.deepEqual(convert('goatcounter', content).lines, lines);
  }
  const first1 = '1Path,Title,Event,Bot,Session,FirstVisit,Referrer,Referrer scheme,Browser,Screen size,Location,Date';
  const old = convert('goatcounter', `${first1}\n/a,T,false,0,7,1,Google,g,UA,"400,800,2",DE,2026-11-22T07:00:00Z\n`);
  assert.deepEqual(pagesOf(old.lines), { '/a': 1 });
  assert.ok(old.lines.some(({ kind, value }) => kind === 'device' && value === 'm'));
});

test('--hours-days decides how many days have hours', () => {
  for (const [days, hours, older] of [['0', 0, 2], ['1', 1, 1], ['113', 1, 1], ['114', 2, 0]]) {
    const { lines } = convert('goatcounter', csv({}, { date: '2026-08-01T01:00:00Z' }), '--hours-days', days);
    assert.equal(lines.filter((line) => line.hour && !line.page).length, hours, days);
    assert.equal(lines.filter((line) => line.day && !line.page && 'views' in line && !line.kind).length, older, days);
  }
});

test('of too many values, the most viewed are kept, and the rest become one', () => {
  const rows = Array.from({ length: 1_004 }, (_, at) => ({ referrer: `${at}.example`, scheme: 'h' }));
  const { lines } = convert('goatcounter', csv(...rows, { referrer: '1003.example', scheme: 'h' }, { referrer: '(other)', scheme: 'o' }));
  const values = lines.filter(({ kind }) => kind === 'referrer');
  assert.equal(values.length, 1_001);
  assert.deepEqual([values[0].value, values[0].views], ['1003.example', 2]);
  assert.equal(sum(values, 'views'), 1_006);
  assert.equal(values.find(({ value }) => value === '(other)').views, 5);
});

test('an invalid GoatCounter export is refused, with its line', () => {
  for (const [content, what] of [
    ['', /is empty/],
    ['Path,Title\n', /line 1: .*begins with a version/],
    [HEADER.replace('2Path', '3Path'), /line 1: version 3 of GoatCounter's export; this reads versions 1 and 2/],
    [HEADER.replace(',Bot', ',Robot'), /line 1: the header has no column "Bot"/],
    [HEADER.replace('Title', 'Bot'), /line 1: the header has the column "Bot" twice/],
    [csv({ title: 'a\nb' }, { date: 'yesterday' }), /line 4: "yesterday" is not a time/],
    [csv({}, { date: '2026-02-30T00:00:00Z' }), /line 3/],
    [csv({}, { event: 'maybe' }), /line 3: the event is "maybe"/],
    [`${csv({})}\n/a,b`, /line 3: Invalid Record Length/],
    [`${csv({})}\n/a"b,${'x,'.repeat(12)}x`, /line 3: Invalid Opening Quote/],
    [`${csv({})}\n"${'x\n'.repeat(700_000)}`, /line \d+: Max Record Size/],
    [gzipSync(SOME).subarray(0, 200), /cannot be read: unexpected end of file/],
  ]) assert.match(complaint('goatcounter', content), what);
  assert.deepEqual(convert('goatcounter', HEADER).lines, [], 'an export without rows is valid');
});

/** Arbitrary rows, with few different values so that they coincide. */
const rows = fc.array(fc.record({
  path: fc.oneof(fc.constantFrom('/a', '/a/', '/%61', '/b', 'c', '/(other)', '(other)', `/${'x'.repeat(1_200)}`, '/\u0007', '__proto__'), fc.string({ unit: 'binary', maxLength: 5 })),
  title: fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', '=cmd()', 'é'), maxLength: 6 }),
  event: fc.constantFrom('false', 'false', 'false', 'true', '0', '1'),
  session: fc.constantFrom('', 's1', 's2', 's3', '__proto__'),
  bot: fc.constantFrom('0', '0', '0', '', '3'),
  referrer: fc.oneof(fc.constantFrom('', 'news.example/a', 'Google', '"'), fc.string({ maxLength: 120 })),
  scheme: fc.constantFrom('h', 'g', 'c', 'o', ''),
  size: fc.constantFrom('', '0,0,1', '400,800,2', '1e3', '1920,1080,1'),
  location: fc.constantFrom('', 'DE', 'US-TX', '-'),
  date: fc.tuple(fc.integer({ min: 0, max: 4 }), fc.nat(23)).map(([day, hour]) => `2026-11-${20 + day}T${String(hour).padStart(2, '0')}:30:00Z`),
}), { maxLength: 40 });

test('for any rows, no count is lost, and visitors match sessions', async () => {
  await fc.assert(fc.asyncProperty(rows, fc.integer({ min: 0, max: 5 }), async (list, hoursDays) => {
    const file = fileOf(csv(...list));
    const { numbers } = await readGoatCounter(file, { hoursDays });
    rmSync(file);
    const { lines } = read(`${[...linesOf(numbers, { site: '', id: '0'.repeat(32), at: '', hoursDays })].join('\n')}\n`);
    const visits = list.filter(({ event }) => event === 'false' || event === '0');
    const seen = visits.filter(({ bot }) => bot === '0' || bot === '');
    const views = (is) => sum(lines.filter((line) => 'views' in line && is(line)), 'views');
    assert.equal(views(({ page, hour, day }) => page && !hour && !day), seen.length);
    assert.equal(views(({ page, hour, day }) => page && (hour || day)), seen.length);
    assert.equal(views(({ page, kind }) => !page && !kind), seen.length);
    assert.equal(views(({ kind }) => kind === 'country'), seen.filter(({ location }) => /^[A-Z]/.test(location)).length);
    assert.equal(views(({ kind }) => kind === 'device'), seen.filter(({ size }) => /^[1-9]/.test(size)).length);
    assert.equal(views(({ kind }) => kind === 'referrer' || kind === 'campaign'), seen.filter(({ referrer, scheme }) => valueOf(...referrerOf(referrer, scheme)) !== '').length);
    assert.equal(sum(lines.filter((line) => 'excluded' in line), 'visits'), visits.length - seen.length);
    for (const [days, page] of [[byDay(seen), undefined], ...['/a', '/b', '(other)'].map((page) => [byDay(seen.filter(({ path }) => pageOf(path) === page)), page])]) {
      for (const [day, visitsOfDay] of days) assertVisitors(lines, page, day, visitsOfDay);
    }
    for (const line of lines) assert.ok(Buffer.byteLength(JSON.stringify(line)) <= 2_048);
    assert.equal(new Set(lines.map(({ views, visitors, newcomers, visits: _, ...key }) => JSON.stringify([key, views === undefined]))).size, lines.length, 'no key twice');
  }), { numRuns: 200 });
});

function byDay(visits) {
  return Map.groupBy(visits, ({ date }) => date.slice(0, 10));
}

/** Visitors computed in the simplest way: hour after hour, looking up who was there before. */
function assertVisitors(lines, page, day, visits) {
  const people = new Set(visits.map(({ session }) => session).filter(Boolean));
  const mine = lines.filter((line) => line.page === page && 'visitors' in line && (line.day ?? line.hour).startsWith(day));
  const hours = mine.filter((line) => 'hour' in line);
  const before = new Set();
  for (const { hour, visitors, newcomers } of hours) {
    const here = new Set(visits.filter(({ date }) => hour.startsWith(date.slice(0, 13))).map(({ session }) => session).filter(Boolean));
    assert.equal(visitors, here.size);
    assert.equal(newcomers, [...here].filter((one) => !before.has(one)).length);
    here.forEach((one) => before.add(one));
  }
  if (hours.length > 0) assert.equal(sum(hours, 'newcomers'), people.size);
  for (const line of mine.filter((line) => 'day' in line)) assert.equal(line.visitors, people.size);
}

test('for any values, the pages have all views', async () => {
  const count = fc.oneof(fc.nat(1_000), fc.constantFrom(0, 999_999_999));
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }), count), { minLength: 1 }), async (list) => {
    for (const content of [JSON.stringify(list.map(([page, views]) => ({ page, views }))), `page,views\n${list.map(([page, views]) => `${`"${page.replaceAll('"', '""')}"`},${views}`).join('\n')}`]) {
      const file = fileOf(content);
      const { numbers } = await readValues(file, {});
      rmSync(file);
      const lines = [...linesOf(numbers, { site: '', id: '', at: '', hoursDays: 90 })].slice(1, -1).map((line) => JSON.parse(line));
      assert.equal(sum(lines, 'views'), list.reduce((all, [, views]) => all + views, 0));
      assert.equal(new Set(lines.map(({ page }) => page)).size, lines.length);
    }
  }));
});

// GoatCounter's JSON.

/** A ZIP of texts by name. Every second one is compressed. */
function zip(texts, damage = (data) => data) {
  const [parts, directory] = [[], []];
  let at = 0;
  for (const [index, [name, text]] of Object.entries(texts).entries()) {
    const data = Buffer.from(text);
    const packed = index % 2 ? deflateRawSync(data) : data;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(index % 2 ? 8 : 0, 4);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(at, 10);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), damage(packed, name)]);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), common, place, Buffer.from(name)]));
    parts.push(local);
    at += local.length;
  }
  const end = Buffer.alloc(18);
  const size = directory.reduce((all, { length }) => all + length, 0);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(size, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...parts, ...directory, Buffer.from('PK\x05\x06'), end]);
}

const jsonl = (...list) => list.map((one) => `${JSON.stringify(one)}\n`).join('');

const EXPORT = {
  'info.json': JSON.stringify({ export_version: '1.3', created_at: '2026-11-22T08:00:00Z' }, undefined, 2),
  'paths.jsonl': jsonl({ id: 1, path: '/', title: 'x' }, { id: 2, path: '/a/' }, { id: 3, path: '/a' }, { id: 4, path: 'click', event: true }),
  'refs.jsonl': jsonl({ id: 1, ref: '', ref_scheme: 'o' }, { id: 2, ref: 'www.news.example/x', ref_scheme: 'h' }, { id: 3, ref: 'letter', ref_scheme: 'c' }),
  'hit_stats.jsonl': jsonl(
    { hour: '2026-07-01T05:00:00Z', path_id: 1, ref_id: 1, count: 7 },
    { hour: '2026-07-01T06:00:00Z', path_id: 1, ref_id: 2, count: 2 },
    { hour: '2026-11-22T07:00:00Z', path_id: 2, ref_id: 2, count: 3 },
    { hour: '2026-11-22T07:00:00Z', path_id: 3, ref_id: 3, count: 4 },
    { hour: '2026-11-22T07:00:00Z', path_id: 4, ref_id: 1, count: 5 },
    { hour: '2026-11-22T07:00:00Z', path_id: 1, ref_id: 1, count: 0 },
  ),
  'location_stats.jsonl': jsonl({ day: '2026-11-22', path_id: 2, location: 'IT-82', count: 3 }, { day: '2026-11-22', path_id: 3, location: '', count: 4 }, { day: '2026-11-22', path_id: 4, location: 'FR', count: 5 }),
  'size_stats.jsonl': jsonl({ day: '2026-11-22', path_id: 2, width: 400, count: 3 }, { day: '2026-11-22', path_id: 3, width: 0, count: 4 }),
  'browsers.jsonl': 'never read',
};

test("GoatCounter's JSON, line by line", () => {
  const { lines, first, stderr } = convert('goatcounter-json', zip(EXPORT));
  assert.equal(first.at, '2026-11-22T08:00:00Z');
  assert.deepEqual(lines, [
    { page: '/', views: 9 },
    { page: '/a', views: 7 },
    { page: '/a', hour: '2026-11-22T07Z', views: 7, visitors: 7, newcomers: 7 },
    { page: '/', day: '2026-07-01', views: 9, visitors: 9 },
    { hour: '2026-11-22T07Z', views: 7, visitors: 0, newcomers: 0 },
    { day: '2026-07-01', views: 9, visitors: 0 },
    { day: '2026-07-01', kind: 'referrer', value: 'news.example', views: 2 },
    { day: '2026-11-22', kind: 'device', value: 'm', views: 3 },
    { day: '2026-11-22', kind: 'country', value: 'IT', views: 3 },
    { day: '2026-11-22', kind: 'referrer', value: 'news.example', views: 3 },
    { day: '2026-11-22', kind: 'campaign', value: 'letter', views: 4 },
  ]);
  for (const told of [/not known: visitors of the site/, /5 visits of events/, /16 views of 2 pages/]) assert.match(stderr, told);
});

test('a ZIP that is damaged or not from GoatCounter is refused', () => {
  const changed = (name, text) => zip({ ...EXPORT, [name]: text });
  const without = ({ [`refs.jsonl`]: _, ...rest }) => zip(rest);
  for (const [content, what] of [
    ['', /is not a readable ZIP/],
    ['/a,1', /is not a readable ZIP/],
    [zip(EXPORT).subarray(0, 900), /is not a readable ZIP/],
    [without(EXPORT), /refs\.jsonl in .* is missing/],
    [zip({ ...EXPORT, 'x/refs.jsonl': '' }), /has the file refs\.jsonl twice/],
    [zip(EXPORT, (data, name) => (name === 'refs.jsonl' ? Buffer.from(data.toString('latin1').replace('news', 'news'.toUpperCase()), 'latin1') : data)), /refs\.jsonl in .* is damaged/],
    [zip(EXPORT, (data, name) => (name === 'hit_stats.jsonl' ? Buffer.alloc(data.length, 0xff) : data)), /is not a readable ZIP/],
    [changed('info.json', '{"export_version":"2.0"}'), /version "2\.0" of GoatCounter's export; this reads version 1/],
    [changed('info.json', 'null'), /version/],
    [changed('info.json', '{'), /info\.json in .* is not JSON/],
    [changed('hit_stats.jsonl', `${EXPORT['hit_stats.jsonl']}{`), /hit_stats\.jsonl in .*, line 7: not JSON/],
    [changed('hit_stats.jsonl', '7'), /line 1: not an object/],
    [changed('hit_stats.jsonl', jsonl({ hour: '2026-07-01T05:00:00Z', path_id: 9, ref_id: 1, count: 7 })), /line 1: no path has the id "9"/],
    [changed('hit_stats.jsonl', jsonl({ hour: '2026-07-01T05:00:00Z', path_id: 1, ref_id: 9, count: 7 })), /line 1: no referrer has the id "9"/],
    [changed('hit_stats.jsonl', jsonl({ hour: '2026-07-01T05:00:00Z', path_id: 1, ref_id: 1, count: -7 })), /line 1: the count is "-7"/],
    [changed('hit_stats.jsonl', jsonl({ hour: 'noon', path_id: 1, ref_id: 1, count: 7 })), /line 1: "noon" is not an hour/],
    [changed('size_stats.jsonl', jsonl({ day: '2026-02-30', path_id: 1, width: 7, count: 7 })), /line 1: "2026-02-30" is not a day/],
    [changed('paths.jsonl', jsonl({ id: 1, path: 7 })), /paths\.jsonl in .*, line 1: no text "path"/],
    [changed('refs.jsonl', EXPORT['refs.jsonl'].repeat(2)), /line 4: the id "1" occurs twice/],
  ]) assert.match(complaint('goatcounter-json', content), what);
});

// The command.

test('wrong arguments get an error of one line', () => {
  const file = fileOf('/a,1');
  for (const [args, what] of [
    [[], /give a format/],
    [['plausible', file], /there is no format plausible; use one of values, goatcounter, goatcounter-json/],
    [['constructor', file], /there is no format/],
    [['values'], /give a file/],
    [['values', file, file], /give one file at a time/],
    [['values', join(dir, 'nothing.csv')], /there is no .*nothing\.csv/],
    [['goatcounter-json', join(dir, 'nothing.zip')], /there is no .*nothing\.zip/],
    [['values', dir], /is not a file/],
    [['values', file, '--hours-days', '9'], /--hours-days is not for values/],
    [['goatcounter', file, '--page', '/a'], /--page is not for goatcounter/],
    [['goatcounter', file, '--hours-days', '-1'], /hours-days/],
    [['values', file, '--fast'], /--fast/],
  ]) {
    const { status, stdout, stderr } = tool(args);
    assert.deepEqual([status, stdout], [1, ''], stderr);
    assert.match(stderr, /^footfall: [^\n]+\n$/);
    assert.match(stderr, what);
  }
  assert.match(tool(['--help']).stdout, /goatcounter-json/);
  // The tests may run with --silent.
  const script = { npm_lifecycle_event: 'convert', npm_config_loglevel: 'notice' };
  assert.match(tool(['values', file], script).stderr, /npm run --silent convert/);
  assert.equal(tool(['values', file], { ...script, npm_config_loglevel: 'silent' }).status, 0);
});

test('the same file is the same import for any site, and a different file is a different import', () => {
  const id = (...args) => convert(...args).first.id;
  const two = csv({}, { date: '2026-08-01T01:00:00Z' });
  assert.equal(id('goatcounter', two), id('goatcounter', two, '--site', 'blog'));
  assert.equal(id('goatcounter', two), id('goatcounter', two, '--hours-days', '90'));
  const ids = [id('goatcounter', two), id('goatcounter', two, '--hours-days', '200'), id('goatcounter', `${two}\n`), id('values', '{"value":1}', '--page', '/a'), id('values', '{"value":1}', '--page', '/b'), id('values', '/a,1')];
  assert.equal(new Set(ids).size, ids.length);
});

test('Footfall imports the files and returns their numbers', async (t) => {
  const footfall = await startWorkerd(t, { vars: { SITES: 'blog', ADMIN_TOKEN: TOKEN, STATS: 'public' } });
  const api = async (path, options = {}) => {
    const { status, json, text } = await call(`${footfall.url}/api/sites/blog/${path}`, { headers: { authorization: `Bearer ${TOKEN}` }, ...options });
    assert.equal(status, 200, text);
    return json;
  };
  const send = (body, query = '') => api(`import${query}`, { method: 'POST', body });
  const day = async (date) => (await call(`${footfall.url}/visitors?site=blog&day=${date}`)).json.visitors;
  const goat = convert('goatcounter', SOME);
  for (let times = 0; times < 2; times += 1) {
    assert.deepEqual(await send(goat.stdout), { site: 'blog', lines: goat.lines.length }, 'added once');
    assert.equal(await views(footfall, { site: 'blog' }), 8);
  }
  const period = 'from=2026-07-30&to=2026-11-22';
  assert.deepEqual((await api(`pages?${period}`)).pages.map(({ page, views, visitors }) => [page, views, visitors]).sort(), [['/=cmd()', 1, 1], ['/a', 6, 3], ['/b', 1, 1]]);
  const { series } = await api(`series?${period}`);
  assert.deepEqual(series.filter(({ views }) => views > 0).map(({ time, views, visitors }) => [time, views, visitors]), [['2026-08-01', 3, 2], ['2026-11-22', 5, 2]]);
  const hours = (await api('series?by=hour&from=2026-11-22&to=2026-11-22')).series;
  assert.deepEqual(hours.filter(({ views }) => views > 0).map(({ time, views, visitors }) => [time.slice(11, 13), views, visitors]), [['06', 1, 1], ['07', 3, 2], ['09', 1, 1]]);
  assert.deepEqual([await day('2026-08-01'), await day('2026-11-22'), await day('2026-11-21')], [2, 2, 0]);
  assert.deepEqual((await api(`referrers?${period}`)).referrers.map(({ referrer, views }) => [referrer, views]).sort(), [['google', 1], ['news.example', 1]]);
  assert.deepEqual((await api(`excluded?${period}`)).excluded.map(({ reason, visits }) => [reason, visits]), [['bot', 1]]);
  // Adds more, with every kind of page.
  const hostile = { '/a/': 10, '/a "b"\\': 20, [`/${'"'.repeat(511)}`]: 30, [`/${'é'.repeat(256)}`]: 40, '/\ud800': 50, '/\u2028': 60 };
  await send(convert('values', JSON.stringify(hostile)).stdout, '?add=yes');
  assert.equal(await views(footfall, { site: 'blog' }), 8 + 210);
  assert.equal(await views(footfall, { site: 'blog', page: '/a' }), 16);
  assert.equal(await views(footfall, { site: 'blog', page: '/a "b"\\' }), 20);
  await send(convert('goatcounter-json', zip(EXPORT)).stdout, '?add=yes');
  assert.equal(await views(footfall, { site: 'blog' }), 8 + 210 + 16);
  assert.equal(await views(footfall, { site: 'blog', page: '/' }), 9);
});
