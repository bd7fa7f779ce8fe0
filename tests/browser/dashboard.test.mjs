// The dashboard in Chromium on a real Worker: its numbers, its address and its states, by mouse and by keyboard.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poll } from '../support/waiters.mjs';
import { assertAccessible, openDashboard, OWNER, painted, picture, READER, settled, startPages, startSite } from './dashboard_support.mjs';

const card = (page, name) => page.locator('.cards > div', { hasText: name }).locator('strong');
const list = (page, name) => page.getByRole('region', { name, exact: true });
const links = (page, name) => list(page, name).locator('tbody a').allTextContents();
const chart = (page) => page.getByRole('slider');


test('a site of four months: the numbers are right, pictures are taken, and axe finds nothing', async (t) => {
  const { footfall, open, page } = await openDashboard(t, { days: 120 });
  const of = async (path) => (await fetch(`${footfall.url}/api/sites/default/${path}`)).json();
  // Web Vitals call a layout shift of up to 0.1 good.
  assert.ok((await page.evaluate(() => globalThis.shifts)) < 0.1, 'the page does not jump while it loads');
  const summary = await of('summary');
  const written = (number) => number.toLocaleString('en-GB');
  assert.equal(await card(page, 'Views ever').textContent(), written(summary.total_views));
  assert.equal(await card(page, 'Visitors').textContent(), written(summary.visitors));
  const { pages } = await of('pages?limit=8');
  assert.deepEqual(await links(page, 'Pages'), pages.map(({ page }) => page));
  const { countries } = await of('countries?limit=1');
  assert.match(await list(page, 'Countries').locator('tbody tr').first().textContent(), new RegExp(`^Germany${written(countries[0].views)}$`));
  await page.getByText('As a table').click();
  const { series } = await of('series');
  await page.locator('.numbers table').waitFor();
  const rows = await page.locator('.numbers tbody tr').allTextContents();
  assert.equal(rows.length, 30);
  assert.ok(rows.every((row, at) => row.includes(written(series[at].views))));
  await page.getByText('As a table').click();
  await picture(page, 'dashboard-light');
  const dark = await open('/dashboard/default?period=90d', { colorScheme: 'dark' });
  await settled(dark);
  await picture(dark, 'dashboard-dark');
  const phone = await open('/dashboard/default?period=7d', { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  await settled(phone);
  assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than a phone');
  await picture(phone, 'dashboard-phone');
});

test('a click filters, the address says so, and Back and Forward work', async (t) => {
  const { open, page } = await openDashboard(t, { days: 120 });
  const all = await card(page, 'Views').first().textContent();
  const at = () => page.evaluate(() => location.pathname + location.search);
  await list(page, 'Pages').getByRole('link', { name: '/about', exact: true }).click();
  assert.equal(await at(), '/dashboard/default?page=%2Fabout');
  await poll(async () => (await card(page, 'Views').first().textContent()) !== all, 'the views of the page');
  await settled(page);
  assert.equal(await list(page, 'Pages').locator('tbody [aria-current]').textContent(), '/about');
  await assertAccessible(page, 'with a filter');
  // Another reader sees the same at this address.
  const other = await open(await at());
  await settled(other);
  assert.equal(await card(other, 'Views').first().textContent(), await card(page, 'Views').first().textContent());
  await page.getByRole('link', { name: 'Show all views' }).click();
  await poll(async () => (await card(page, 'Views').first().textContent()) === all, 'all views');
  await list(page, 'Countries').getByRole('link', { name: 'France' }).click();
  assert.equal(await at(), '/dashboard/default?country=FR');
  await poll(async () => (await page.getByRole('heading', { name: 'Views', exact: true }).count()) === 1, 'views by country, which have no visitors');
  await settled(page);
  assert.equal(await card(page, 'Visitors').count(), 0);
  await page.getByRole('link', { name: '7 days' }).click();
  assert.equal(await at(), '/dashboard/default?period=7d&country=FR');
  await page.goBack();
  await page.goBack();
  assert.equal(await at(), '/dashboard/default');
  await poll(async () => (await card(page, 'Views').first().textContent()) === all, 'all views, by going back');
});

test('by keyboard: the chart reads out its steps and opens them, and a list opens in full', async (t) => {
  const { page } = await openDashboard(t, { days: 400, pages: 30 }, '/dashboard/default?period=12m');
  await chart(page).focus();
  await page.keyboard.press('Home');
  const first = await chart(page).getAttribute('aria-valuetext');
  await page.keyboard.press('ArrowRight');
  const second = await chart(page).getAttribute('aria-valuetext');
  assert.notEqual(first, second);
  assert.match(second, /^\w+ \d{4}: [\d,]+ views, [\d,]+ visitors, [\d,]+ views in the period before$/);
  await page.keyboard.press('End');
  assert.match(await chart(page).getAttribute('aria-valuetext'), /, so far: /);
  await page.keyboard.press('Enter');
  await poll(() => page.evaluate(() => /from=\d{4}-\d\d-01&to=/.test(location.search)), 'the month');
  await settled(page);
  await page.getByRole('link', { name: '30 days' }).click();
  await settled(page);
  await list(page, 'Pages').getByRole('link', { name: 'All pages' }).focus();
  await page.keyboard.press('Enter');
  await page.getByLabel('Find').waitFor();
  assert.ok(await page.getByLabel('Find').evaluate((input) => input === document.activeElement), 'the search has the focus');
  await assertAccessible(page, 'a whole list');
  await page.keyboard.press('Escape');
  await poll(async () => (await page.locator('dialog').count()) === 0, 'the list is closed');
  assert.ok(!page.url().includes('list='));
});

test('any period can be shown, in steps that fit it', async (t) => {
  const { open, page } = await openDashboard(t, { days: 120 });
  const steps = () => page.getByRole('navigation', { name: 'Steps' }).getByRole('link').allTextContents();
  assert.deepEqual(await steps(), ['Hours', 'Days', 'Weeks']);
  await page.getByRole('link', { name: '90 days' }).click();
  assert.deepEqual(await steps(), ['Days', 'Weeks', 'Months']);
  await page.locator('.days summary').click();
  const day = (ago) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
  await page.getByLabel('First day').fill(day(3));
  await page.getByLabel('Last day').fill(day(5));
  await page.locator('.days').getByRole('button').click();
  assert.equal(await page.getByRole('alert').textContent(), 'The first day comes after the last.');
  await page.getByLabel('First day').fill(day(6));
  await page.locator('.days').getByRole('button').click();
  await settled(page);
  assert.ok(page.url().endsWith(`?from=${day(6)}&to=${day(5)}`));
  assert.equal(await chart(page).getAttribute('aria-valuemax'), '47', 'two days are 48 hours');
  await page.getByRole('combobox', { name: 'Time zone' }).selectOption('UTC');
  const kolkata = await open('/dashboard/default?period=yesterday&tz=Asia/Kolkata');
  await settled(kolkata);
  assert.match(await chart(kolkata).getAttribute('aria-valuetext'), /, 23:00: /, 'hours are in the time zone');
});

test('ten years of days and 10,000 pages', async (t) => {
  const { front, open, page } = await openDashboard(t, { days: 3650, pages: 10_000 }, '/dashboard/default?period=all&by=day');
  assert.ok(Number(await chart(page).getAttribute('aria-valuemax')) > 3_600);
  assert.ok((await page.locator('.chart svg *').count()) < 100, 'the chart has no element for each day');
  assert.match(await page.locator('.legend').textContent(), /Drawn as means of 14 days/);
  await picture(page, 'dashboard-huge');
  const all = await open('/dashboard/default?period=all&list=pages');
  const lines = all.locator('dialog tbody tr');
  await poll(async () => (await lines.count()) === 200, 'the first lines of the list');
  const total = (await (await fetch(`${front.url}/api/sites/default/pages?limit=1&from=${new Date(Date.now() - 3_659 * 86_400_000).toISOString().slice(0, 10)}`)).json()).total;
  assert.ok(total > 9_990, String(total));
  assert.equal(await all.locator('dialog').getByRole('status').textContent(), total.toLocaleString('en-GB'));
  await all.getByLabel('Find').fill('0098');
  await poll(async () => (await lines.count()) === 11, 'the pages with 0098 in their names');
  await all.getByLabel('Find').fill('nothing has this');
  await all.getByText('Nothing has “nothing has this” in its name.').waitFor();
  await all.getByLabel('Find').fill('');
  await all.getByRole('button', { name: '200 more' }).click();
  await poll(async () => (await lines.count()) === 400, 'more lines');
  const [download] = await Promise.all([all.waitForEvent('download'), all.getByRole('button', { name: 'Save as CSV' }).click()]);
  assert.equal(download.suggestedFilename(), 'default-pages.csv');
});

test('all pages of a site of 50,000 can be listed, searched and saved', async (t) => {
  const { footfall, front } = await startSite(t);
  const PAGES = 50_000;
  const day = new Date().toISOString().slice(0, 10);
  const lines = [];
  for (let n = 0; n < PAGES; n += 1) lines.push({ page: `/post/${n}`, views: n === 49_999 ? 1 : 2 });
  const dated = 400;
  for (let n = 0; n < dated; n += 1) lines.push({ page: `/post/${n}`, hour: `${day}T00Z`, views: 1, visitors: 1, newcomers: 1 });
  lines.push({ hour: `${day}T00Z`, views: dated, visitors: 1, newcomers: 1 });
  const file = [{ footfall: 1, site: 'default', id: 'many', at: '' }, ...lines, { end: lines.length, changes: 0 }];
  const answer = await fetch(`${footfall.url}/api/sites/default/import`, { method: 'POST', headers: { authorization: `Bearer ${OWNER}` }, body: file.map((line) => `${JSON.stringify(line)}\n`).join('') });
  assert.equal(answer.status, 200, await answer.text());
  const page = await (await startPages(t, front))();
  await settled(page);
  assert.equal(await card(page, 'Views ever').textContent(), '99,999');
  await list(page, 'Pages').getByRole('link', { name: 'Ever', exact: true }).click();
  await poll(async () => /2$/.test(await list(page, 'Pages').locator('tbody tr').first().textContent()), 'all views of a page');
  await settled(page);
  await picture(page, 'dashboard-ever');
  await list(page, 'Pages').getByRole('link', { name: 'All pages' }).click();
  const dialog = page.locator('dialog');
  const shown = dialog.locator('tbody tr');
  await poll(async () => (await shown.count()) === 200, 'the first lines');
  assert.equal(await dialog.getByRole('status').textContent(), '50,000');
  await dialog.getByRole('button', { name: '200 more' }).click();
  await dialog.getByText('400 of 50,000 are shown').waitFor();
  await dialog.getByLabel('Find').fill('/post/49999');
  await poll(async () => (await shown.count()) === 1, 'the last page');
  await poll(async () => (await dialog.getByRole('status').textContent()) === '1 of 50,000', 'that it is one of them');
  await assertAccessible(page, 'a long list');
  const [download] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('button', { name: 'Save as CSV' }).click()]);
  const saved = (await (await download.createReadStream()).toArray()).join('').trimEnd().split('\r\n');
  assert.deepEqual([saved.length, saved[0], new Set(saved).size], [PAGES + 1, 'page,views', PAGES + 1]);
});

test('if no view has a date, the page says so and lists the viewed pages', async (t) => {
  const { footfall, front } = await startSite(t);
  const set = await fetch(`${footfall.url}/api/sites/default/pages?page=/old&views=1234`, { method: 'PUT', headers: { authorization: `Bearer ${OWNER}` } });
  assert.equal(set.status, 200);
  const page = await (await startPages(t, front))();
  await page.getByRole('link', { name: 'show all of them' }).click();
  await page.getByRole('heading', { name: 'No view has a date' }).waitFor();
  await poll(async () => /\/old.*1,234/.test(await list(page, 'Pages').locator('tbody tr').first().textContent()), 'the page');
  await picture(page, 'dashboard-undated');
});

test('names from strangers are shown as they were sent, and do nothing', async (t) => {
  const { footfall, front } = await startSite(t, { vars: { ALLOWED_ORIGINS: '*' } });
  const hostile = ['/<img src=x onerror=alert(1)>', '/"><script>alert(1)</script>', "/javascript:alert('1')", '/\u202egnp.exe', '/{{7*7}}', `/${'w'.repeat(400)}`];
  for (const page of hostile) {
    const body = JSON.stringify({ page, referrer: 'https://evil.example/', campaign: page.slice(1, 60), source: '<b>x</b>' });
    const answer = await fetch(`${footfall.url}/counter`, { method: 'POST', headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0', 'content-type': 'text/plain', origin: 'https://evil.example' }, body });
    assert.equal(answer.headers.get('footfall-visit'), 'counted', page);
  }
  const stored = (await (await fetch(`${footfall.url}/api/sites/default/pages`)).json()).pages.map(({ page }) => page);
  const page = await (await startPages(t, front, { expected: /404|WebSocket/ }))();
  page.on('dialog', () => assert.fail('something ran'));
  await settled(page);
  assert.deepEqual((await links(page, 'Pages')).sort(), stored.sort());
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'a long name does not widen the page');
  for (const name of [stored[0], stored.at(-1)]) {
    await page.goto(`${front.url}/dashboard/default?page=${encodeURIComponent(name)}`);
    await settled(page);
    assert.equal(await page.locator('.filter strong').textContent(), name);
  }
  await page.goto(`${front.url}/dashboard/${encodeURIComponent('<img src=x onerror=alert(1)>')}`);
  await page.getByRole('heading', { name: 'There is no site' }).waitFor();
});

test('a site without a visit says how to get one', async (t) => {
  const { front } = await startSite(t);
  const page = await (await startPages(t, front))();
  await page.getByRole('heading', { name: 'No visit yet' }).waitFor();
  assert.ok((await page.locator('pre').textContent()).includes(`<script defer src="${front.url}/footfall.js" data-site="default">`));
  await picture(page, 'dashboard-empty');
});

test('if visits were refused, the empty page says from where, and what to set', async (t) => {
  const { footfall, front } = await startSite(t, { vars: { SITES: 'default,docs', ALLOWED_ORIGINS: 'https://blog.example' } });
  const post = (origin, body) => fetch(`${footfall.url}/counter`, { method: 'POST', headers: { origin, 'content-type': 'text/plain' }, body: JSON.stringify(body) });
  assert.equal((await post('https://shop.example', {})).status, 403);
  assert.equal((await post('null', {})).status, 403);
  assert.equal((await post('https://blog.example', { site: 'forum' })).status, 404);
  await poll(async () => (await (await fetch(`${footfall.url}/api/sites/default/excluded`)).json()).refused.length === 3, 'that the shard knows');
  const page = await (await startPages(t, front))();
  await page.getByRole('heading', { name: 'No visit yet' }).waitFor();
  const refused = list(page, 'Not counted').getByRole('listitem');
  await poll(async () => (await refused.count()) === 3, 'what was refused');
  assert.deepEqual((await refused.locator('code').allTextContents()).sort(), ['ALLOWED_ORIGINS = "https://blog.example,https://shop.example"', 'SITES = "default,docs,forum"']);
  assert.match((await refused.allTextContents()).join(' '), /from pages of https:\/\/shop\.example, which is not listed/);
  await picture(page, 'dashboard-refused');
});

test('a period without a visit says that other periods have some', async (t) => {
  const { front } = await startSite(t, { past: { days: 3 } });
  const page = await (await startPages(t, front))('/dashboard/default?from=2020-01-01&to=2020-01-31');
  await page.getByRole('heading', { name: 'Nothing was counted in this period' }).waitFor();
  await page.getByRole('link', { name: 'show all of them' }).click();
  await settled(page);
});

test('a token is typed into a form, and never appears in an address', async (t) => {
  const { front } = await startSite(t, { past: { days: 10 }, vars: { STATS: 'token', STATS_TOKEN: READER } });
  const open = await startPages(t, front, { expected: /401|WebSocket/ });
  const page = await open('/dashboard/default?period=7d');
  await page.getByLabel('Token').fill(OWNER);
  await page.getByRole('button', { name: 'Show the numbers' }).click();
  await poll(async () => (await page.getByRole('alert').textContent()) === 'That is not the token.', 'the refusal');
  await picture(page, 'dashboard-token');
  await page.getByLabel('Token').fill(READER);
  await page.keyboard.press('Enter');
  await settled(page);
  assert.ok(await page.evaluate(() => document.activeElement === document.querySelector('main')), 'the form is gone: the focus is on the numbers');
  await page.reload();
  await settled(page);
  const bearer = Buffer.from(READER).toString('base64url');
  assert.ok(front.paths.every((path) => !path.includes(READER) && !path.includes(bearer)), 'no path has the token');
  assert.ok(!page.url().includes(READER));
  assert.deepEqual(await page.evaluate(() => [localStorage.length, document.cookie]), [1, ''], 'only the theme is kept after the tab is closed');
  await page.getByRole('button', { name: 'Forget the token' }).click();
  await page.getByLabel('Token').waitFor();
});

test('closed numbers say who can open them', async (t) => {
  const { front } = await startSite(t, { vars: { STATS: undefined } });
  const page = await (await startPages(t, front, { expected: /403|WebSocket/ }))();
  await page.getByRole('heading', { name: 'The numbers of this site are closed' }).waitFor();
  await assertAccessible(page, 'closed');
});

test('an unknown site is reported, and an address without a site asks for one', async (t) => {
  const { front } = await startSite(t);
  const open = await startPages(t, front, { expected: /404|WebSocket/ });
  const missing = await open('/dashboard/none');
  await missing.getByRole('heading', { name: 'There is no site “none” here' }).waitFor();
  await assertAccessible(missing, 'missing');
  await missing.getByLabel('Site').fill('default');
  await missing.getByRole('button', { name: 'Show' }).click();
  await missing.getByRole('heading', { name: 'No visit yet' }).waitFor();
  const nameless = await open('/dashboard');
  await nameless.getByText('Which site?').waitFor();
  await assertAccessible(nameless, 'which site');
});

test('when the network fails, old numbers say that they are old, and new ones follow when it returns', async (t) => {
  const { front, open, page } = await openDashboard(t, { days: 30 }, '/dashboard/default?period=7d', { expected: /net::ERR|WebSocket/, clock: true });
  front.cut = true;
  front.drop();
  await poll(async () => (await page.locator('.now .state').textContent()) !== 'Live', 'the loss');
  await painted(page);
  // Longer than any wait before the next question.
  const later = () => page.clock.fastForward(61_000);
  await later();
  await page.getByText(/The counter does not answer\. These numbers are from/).waitFor();
  await picture(page, 'dashboard-stale');
  const fresh = await open();
  await fresh.getByRole('heading', { name: 'The numbers could not be read' }).waitFor();
  await picture(fresh, 'dashboard-error');
  front.cut = false;
  await fresh.getByRole('button', { name: 'Try now' }).click();
  await settled(fresh);
  await later();
  await poll(async () => (await page.locator('.stale').count()) === 0, 'new numbers, without a click');
});
