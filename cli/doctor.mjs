// `npx footfall doctor`: finds out why nothing is counted. It sends the requests that a page's script sends, but counts nothing.

import { siteOf } from './answers.mjs';
import { urlOf, workerUrl } from './address.mjs';
import { askedNames } from './doctor/names.mjs';
import { examineOrigins } from './doctor/origin.mjs';
import { examinePage } from './doctor/page.mjs';
import { Report } from './doctor/report.mjs';
import { examineScript } from './doctor/script.mjs';
import { examineTokens } from './doctor/tokens.mjs';
import { examineSite, examineWorker } from './doctor/worker.mjs';
import { findFolder, settingsIn } from './folder.mjs';

const TEXT = { type: 'string' };

export const doctor = {
  what: 'says why nothing is counted',
  options: { site: TEXT, origin: TEXT, page: TEXT },
  most: 1,
  help: (typed) => `${typed} [URL] [--site SITE] [--origin ORIGIN] [--page URL]

  URL              the address of the Worker; by default the domain of the folder
  --site SITE      the site that should count; by default the one in the page's tag, or else those of the folder
  --origin ORIGIN  where the pages are, such as https://blog.example; by default that of the page, or else those of the folder
  --page URL       a page that should be counted; its tag and its policy are checked

  Writes a line for each check: "ok: what was seen" or "wrong: what was seen -> what to set". The exit code is 1 if something is wrong. STATS_TOKEN and
  ADMIN_TOKEN come from the environment, or else from the folder; without them, these checks are left out. It counts no visit.
`,
  async run({ site: said, origin, page }, [given]) {
    const base = workerUrl(given);
    const folder = findFolder();
    const settings = folder ? settingsIn(folder) : { sites: [], origins: [] };
    const asked = said === undefined ? undefined : siteOf(said);
    const pages = origin === undefined ? undefined : urlOf(origin).origin;
    const report = new Report();
    if (await examineWorker(report, base)) {
      const script = await examineScript(report, base, folder);
      askedNames(report, base);
      const seen = page === undefined ? {} : await examinePage(report, { base, page, script, site: asked });
      // A tag without a site means the site of its page's host.
      const sites = asked === undefined ? (seen.tagged ? [seen.site] : settings.sites) : [asked];
      const own = pages ?? seen.origin;
      const known = await examineSite(report, base, sites, own);
      await examineOrigins(report, base, { own, settings: folder && settings, site: known });
      await examineTokens(report, base, known);
    }
    return report.end(page === undefined ? 'no page was checked: --page names one' : '');
  },
};
