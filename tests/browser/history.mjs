// Makes a site with a past, as a file that a Worker imports, to show in the dashboard. The numbers are the same every time; only the last day
// differs.

import { mulberry32 } from '../support/random.mjs';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

const COUNTRIES = ['DE', 'US', 'FR', 'JP', 'BR', 'IN', 'GB', 'NL', 'SE', 'PL', 'KE', 'AU'];
const REFERRERS = ['news.example', 'search.example', 'forum.example', 'mail.example', 'blog.example', 'wiki.example', 'shop.example', 'video.example', 'talk.example', 'map.example'];
const PAGES = ['/', '/posts/exactly-once', '/posts/wasm-at-the-edge', '/about', '/posts/one-thread-is-enough', '/docs', '/posts/café-au-lait', '/contact', '/posts/a-very-long-title-that-does-not-fit-into-its-column-by-any-means', '/tags/rust', '/archive'];

/** How many days have hours. */
const HOURLY = 60;

/** How many old pages fit into the hours of two days. */
const FEW = 40;

/** The lines of a file: `days` days up to `now`, with hours for the last of them, and at least `pages` pages. */
export function history({ days, pages = PAGES.length, now = Date.now(), views = 400 }) {
  const next = mulberry32(days * 31 + pages);
  const lines = [];
  const totals = new Map();
  // Each page is viewed in one hour of the last days. If there are too many for that, they are spread over all days.
  const archive = Array.from({ length: Math.max(0, pages - PAGES.length) }, (_, n) => `/archive/${String(n).padStart(5, '0')}`);
  const ofArchive = archive.length > FEW ? Math.ceil(archive.length / Math.max(1, days - HOURLY)) : 0;
  const viewed = (page, count) => totals.set(page, (totals.get(page) ?? 0) + count);
  const today = Math.floor(now / DAY_MS);
  const thisHour = Math.floor(now / HOUR_MS);
  for (let day = today - days + 1; day <= today; day += 1) {
    const date = new Date(day * DAY_MS).toISOString().slice(0, 10);
    const week = [0.7, 1, 1.15, 1.1, 1.05, 0.95, 0.65][(day + 4) % 7];
    const growth = 0.35 + (0.65 * (day - today + days)) / days;
    const ofDay = Math.round(views * week * growth * (0.8 + 0.4 * next()));
    const byHour = day > today - HOURLY;
    let counted = 0;
    if (byHour) {
      for (let hour = 0; hour < 24 && day * 24 + hour <= thisHour; hour += 1) {
        const count = Math.round((ofDay / 24) * (1 + 0.8 * Math.sin(((hour - 9) / 24) * 2 * Math.PI)) * (0.7 + 0.6 * next()));
        if (count === 0) continue;
        const visitors = Math.ceil(count * 0.6);
        const newcomers = Math.ceil(visitors * 0.7);
        const at = `${date}T${String(hour).padStart(2, '0')}Z`;
        lines.push({ hour: at, views: count, visitors, newcomers });
        let left = count;
        const old = day >= today - 2 ? archive.shift() : undefined;
        if (old) {
          lines.push({ page: old, hour: at, views: 1, visitors: 1, newcomers: 1 });
          viewed(old, 1);
          left -= 1;
        }
        for (const page of PAGES) {
          const share = page === PAGES.at(-1) ? left : Math.min(left, Math.ceil(left * 0.38));
          if (share > 0) lines.push({ page, hour: at, views: share, visitors: Math.ceil(share * 0.7), newcomers: Math.ceil(share * 0.6) });
          viewed(page, share);
          left -= share;
        }
        counted += count;
      }
    } else {
      counted = ofDay;
      lines.push({ day: date, views: ofDay, visitors: Math.round(ofDay * 0.5) });
      let left = ofDay;
      for (const page of archive.splice(0, ofArchive)) {
        const share = Math.ceil((ofDay * (0.1 + 0.3 * next())) / ofArchive);
        lines.push({ page, day: date, views: share, visitors: Math.ceil(share * 0.5) });
        viewed(page, share);
        left -= share;
      }
      lines.push({ page: '/', day: date, views: left, visitors: Math.round(left * 0.5) });
      viewed('/', left);
    }
    const split = (kind, values, first) => {
      let left = counted;
      for (const value of values) {
        const share = Math.floor(left * first * (0.8 + 0.4 * next()));
        if (share > 0) lines.push({ day: date, kind, value, views: share });
        left -= share;
      }
    };
    split('country', COUNTRIES, 0.3);
    split('referrer', REFERRERS, 0.22);
    split('device', ['d', 'm', 't'], 0.55);
    if (day % 3 === 0) {
      split('campaign', ['spring', 'launch'], 0.08);
      split('source', ['newsletter', 'partner'], 0.08);
      split('medium', ['mail', 'social'], 0.08);
    }
    lines.push({ day: date, excluded: 'bot', visits: Math.round(counted * 0.2) }, { day: date, excluded: 'prefetch', visits: Math.round(counted * 0.03) }, { day: date, withheld: 'opted_out', views: Math.round(counted * 0.04) });
  }
  const all = [...[...totals].map(([page, count]) => ({ page, views: count })), ...lines].filter((line) => (line.views ?? line.visits) > 0);
  const head = { footfall: 1, site: 'default', id: `history-${days}-${pages}`, at: new Date(now).toISOString() };
  return [head, ...all, { end: all.length, changes: 0 }].map((line) => `${JSON.stringify(line)}\n`).join('');
}
