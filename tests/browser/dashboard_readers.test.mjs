// The dashboard for different readers: old and future days, other languages and colours, small screens, paper.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poll } from '../support/waiters.mjs';
import { assertAccessible, openDashboard, OWNER, settled, startPages, startSite } from './dashboard_support.mjs';

const day = (ago) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
const chart = (page) => page.getByRole('slider');
const steps = (page) => page.getByRole('navigation', { name: 'Steps' }).getByRole('link').allTextContents();

test('a day whose hours are no longer kept is shown as a day', async (t) => {
  const { front, page } = await openDashboard(t, { days: 300 }, `/dashboard/default?from=${day(220)}&to=${day(200)}`, { expected: /400|WebSocket/ });
  await chart(page).focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('Enter');
  await poll(() => page.url().endsWith(`?from=${day(220)}&to=${day(220)}`), 'the day');
  await poll(async () => (await steps(page)).join() === 'Days', 'that there are no hours');
  await settled(page);
  const { views } = await (await fetch(`${front.url}/api/sites/default/summary?from=${day(220)}&to=${day(220)}`)).json();
  assert.ok((await chart(page).getAttribute('aria-valuetext')).includes(`: ${views} views`));
  assert.equal(await page.getByRole('alert').count(), 0);
});

test('a filter without hours does not offer them', async (t) => {
  const { page } = await openDashboard(t, { days: 10 }, '/dashboard/default?period=7d&country=DE&by=hour');
  assert.deepEqual(await steps(page), ['Days']);
  assert.equal(await page.getByRole('navigation', { name: 'Steps' }).locator('[aria-current]').textContent(), 'Days');
});

test('future days are not days without a view', async (t) => {
  const { page } = await openDashboard(t, { days: 10 }, `/dashboard/default?from=${day(3)}&to=${day(-4)}&by=day`);
  assert.match(await chart(page).getAttribute('aria-valuetext'), /, so far: /);
  assert.equal(await chart(page).getAttribute('aria-valuemax'), '3');
  assert.equal(await page.locator('.plot circle.views').count(), 4);
  // A click on the future means today.
  const { width, height } = await chart(page).boundingBox();
  await chart(page).click({ position: { x: width - 20, y: height / 2 } });
  await poll(() => page.url().endsWith(`?from=${day(0)}&to=${day(0)}`), 'today');
  await settled(page);
});

test('views per visitor are shown if the views without a visitor are known for the same hours', async (t) => {
  const { footfall, front } = await startSite(t);
  const hour = (at, views, visitors) => ({ hour: `${day(5)}T${at}Z`, views, visitors, newcomers: visitors });
  const lines = [
    { page: '/', views: 55 },
    hour('01', 50, 1), { page: '/', ...hour('01', 50, 1) },
    hour('20', 5, 2), { page: '/', ...hour('20', 5, 2) },
    { day: day(5), withheld: 'opted_out', views: 49 },
  ];
  const file = [{ footfall: 1, site: 'default', id: 'opted-out', at: new Date().toISOString() }, ...lines, { end: lines.length, changes: 0 }];
  const answer = await fetch(`${footfall.url}/api/sites/default/import`, { method: 'POST', headers: { authorization: `Bearer ${OWNER}` }, body: file.map((line) => `${JSON.stringify(line)}\n`).join('') });
  assert.equal(answer.status, 200, await answer.text());
  const open = await startPages(t, front);
  const ratio = async (query) => {
    const page = await open(`/dashboard/default?from=${day(5)}&to=${day(5)}${query}`);
    await settled(page);
    return page.locator('.cards > div', { hasText: 'Views per visitor' }).locator('strong').allTextContents();
  };
  assert.deepEqual(await ratio(''), ['2.0']);
  assert.deepEqual(await ratio('&tz=America/New_York'), ['–'], '49 of the 5 views of that day there');
  assert.deepEqual(await ratio('&page=/'), [], 'the views of a page that have no visitor are not known');
});

test('if days are not in UTC, the page says which numbers are', async (t) => {
  const { front } = await startSite(t, { past: { days: 10 } });
  const open = await startPages(t, front);
  const says = async (options) => {
    const page = await open('/dashboard/default', options);
    await settled(page);
    return page.getByText('are kept by days of UTC').count();
  };
  assert.deepEqual([await says({ timezoneId: 'Pacific/Apia' }), await says({})], [1, 0]);
});

test('a period that is not over says so where it is compared with a complete one', async (t) => {
  const { page } = await openDashboard(t, { days: 20 }, '/dashboard/default?period=7d');
  const views = page.locator('.cards > div').first();
  await poll(async () => /so far from [\d,]+ in the period before/.test(await views.textContent()), 'so far');
  await page.getByRole('link', { name: 'Yesterday' }).click();
  await settled(page);
  await poll(async () => /[^r] from [\d,]+ in the period before/.test(await views.textContent()), 'a day that is over');
});

test('Escape hides what is shown under the pointer', async (t) => {
  const { page } = await openDashboard(t, { days: 10 });
  await chart(page).hover();
  await page.locator('.tip').waitFor();
  await page.keyboard.press('Escape');
  await poll(async () => (await page.locator('.tip').count()) === 0, 'nothing under the pointer');
});

test('the keyboard focus stays in the page when the focused element disappears', async (t) => {
  const { page } = await openDashboard(t, { days: 30, pages: 30 }, '/dashboard/default?page=%2Fabout');
  const isInMain = () => page.evaluate(() => document.querySelector('main').contains(document.activeElement));
  await page.getByRole('link', { name: 'Show all views' }).focus();
  await page.keyboard.press('Enter');
  await poll(isInMain, 'the focus, after a filter');
  await settled(page);
  await page.getByRole('link', { name: 'All pages' }).click();
  await page.locator('dialog tbody a').first().focus();
  await page.keyboard.press('Enter');
  await poll(async () => (await page.locator('dialog').count()) === 0 && (await isInMain()), 'the focus, after a list');
  await settled(page);
});

test('the form for any period does not hide the focused element', async (t) => {
  const { page } = await openDashboard(t, { days: 10 }, '/dashboard/default', { viewport: { width: 320, height: 640 } });
  const form = page.locator('.days form');
  const summary = page.locator('.days summary');
  await summary.focus();
  await page.keyboard.press('Enter');
  await form.waitFor();
  // A click between its fields does not close it.
  await form.click({ position: { x: 4, y: 4 } });
  await page.getByLabel('Last day').focus();
  assert.ok(await form.isVisible());
  await page.keyboard.press('Escape');
  await poll(async () => !(await form.isVisible()), 'the end of the form');
  assert.ok(await summary.evaluate((element) => element === document.activeElement));
  await page.keyboard.press('Enter');
  await form.waitFor();
  await page.getByRole('checkbox', { name: 'Compare' }).focus();
  await poll(async () => !(await form.isVisible()), 'sight of the box');
});

test('a browser that does not know its time zone shows days in UTC', async (t) => {
  const { front } = await startSite(t, { past: { days: 10 } });
  const page = await (await startPages(t, front))();
  await page.addInitScript(() => {
    const own = Intl.DateTimeFormat.prototype.resolvedOptions;
    Intl.DateTimeFormat.prototype.resolvedOptions = function options() {
      return { ...own.call(this), timeZone: 'Etc/Unknown' };
    };
  });
  await settled(page);
  await page.reload();
  await settled(page);
  assert.equal(await page.getByRole('combobox', { name: 'Time zone' }).inputValue(), 'UTC');
});

test('a name with a right-to-left override affects only itself', async (t) => {
  const { footfall, front } = await startSite(t);
  const campaign = '\u202espring';
  await fetch(`${footfall.url}/counter`, { method: 'POST', headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0' }, body: JSON.stringify({ campaign }) });
  const page = await (await startPages(t, front))(`/dashboard/default?campaign=${encodeURIComponent(campaign)}`);
  await settled(page);
  const [first, last] = await page.locator('.note').evaluate((note) => {
    const text = note.lastChild;
    const at = (from) => {
      const range = document.createRange();
      range.setStart(text, from);
      range.setEnd(text, from + 1);
      return range.getBoundingClientRect().left;
    };
    return [at(text.length - 5), at(text.length - 2)];
  });
  assert.ok(first < last, 'the rest of the sentence reads from left to right');
});

test('millions fit into 320 pixels, even with wide letters', async (t) => {
  const { page } = await openDashboard(t, { days: 400, views: 900_000 }, '/dashboard/default?period=12m', { viewport: { width: 320, height: 640 } });
  const cut = () => page.evaluate(() => {
    const plot = document.querySelector('.plot svg').getBoundingClientRect();
    const wide = [...document.querySelectorAll('.lines td, .cards dd')].filter((cell) => cell.scrollWidth > cell.clientWidth);
    const left = [...document.querySelectorAll('.tick text')].filter((text) => text.getBoundingClientRect().left < plot.left);
    return [...wide, ...left].map(({ textContent }) => textContent).concat(document.documentElement.scrollWidth > innerWidth ? ['the page'] : []);
  });
  assert.deepEqual(await cut(), []);
  // WCAG 2.2, 1.4.12.
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }');
    document.adoptedStyleSheets = [sheet];
  });
  assert.deepEqual(await cut(), []);
});

test('the page is in one language, whatever the reader\'s is', async (t) => {
  const { front } = await startSite(t, { past: { days: 40 } });
  const open = await startPages(t, front);
  const read = async (locale) => {
    const page = await open('/dashboard/default', { locale });
    await settled(page);
    // The text includes the numbers from the WebSocket.
    await poll(async () => (await page.locator('.now').getAttribute('data-state')) === 'live', 'the WebSocket');
    return [page, await page.locator('main').innerText()];
  };
  const [page, english] = await read('en-GB');
  const [, arabic] = await read('ar-EG');
  assert.equal(await page.getAttribute('html', 'lang'), 'en');
  assert.match(english, /Germany/);
  assert.equal(arabic, english);
});

test('a full list shows full names, even on 320 pixels', async (t) => {
  const { page } = await openDashboard(t, { days: 10, pages: 30 }, '/dashboard/default?list=pages', { viewport: { width: 320, height: 640 } });
  const clipped = await page.locator('dialog tbody a').evaluateAll((links) => links.filter((link) => link.scrollWidth > link.clientWidth).map((link) => link.textContent));
  assert.deepEqual(clipped, []);
  assert.ok(await page.locator('dialog').evaluate((dialog) => dialog.scrollWidth <= dialog.clientWidth), 'nothing is wider than the list');
});

test('with forced colours, selections are visible, and the legend has the colours of the lines', async (t) => {
  const { page } = await openDashboard(t, { days: 10 }, '/dashboard/default', { forcedColors: 'active' });
  const ground = (name) => page.getByRole('link', { name, exact: true }).evaluate((link) => getComputedStyle(link).backgroundColor);
  assert.notEqual(await ground('30 days'), await ground('7 days'));
  const [views, visitors] = await page.locator('.legend').evaluate((legend) => ['.views', '.visitors'].map((name) => getComputedStyle(legend.querySelector(name), '::before').borderTopColor));
  assert.notEqual(views, visitors);
  assert.equal(views, await page.locator('path.views').first().evaluate((path) => getComputedStyle(path).stroke));
  await assertAccessible(page, 'forced colours');
});

test('it prints light', async (t) => {
  const { page } = await openDashboard(t, { days: 10 }, '/dashboard/default', { colorScheme: 'dark' });
  const ink = () => page.evaluate(() => getComputedStyle(document.body).color);
  const dark = await ink();
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  const printed = await ink();
  assert.notEqual(printed, dark);
  await page.getByRole('combobox', { name: 'Colours' }).selectOption('dark');
  assert.equal(await ink(), printed);
});

test('the owner sees how many shards there are, unless there is one, and that there may be no more', async (t) => {
  for (const [vars, told] of [
    [{}, undefined],
    [{ SHARDS: 2 }, 'Counted by 2 shards.'],
    [{ MAX_SHARDS: 1 }, 'Counted by 1 shard, the most that MAX_SHARDS allows: if visits are refused, raise it.'],
  ]) {
    const { front } = await startSite(t, { past: { days: 10 }, vars });
    const open = await startPages(t, front);
    const page = await open();
    await settled(page);
    const notes = await page.locator('p.note').allTextContents();
    assert.deepEqual(notes.filter((text) => text.includes('shard')), told ? [told] : [], JSON.stringify(vars));
    if (told) await assertAccessible(page, told);
  }
});
