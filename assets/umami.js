// Umami's script, as pages load it: <script defer src="https://HOST/script.js" data-website-id="ID"></script>
//
// This is a new implementation. It sends views to /api/send, each with an id.

import { eachPage, post } from './pages.js';

const { src, dataset } = document.currentScript;
const endpoint = dataset.hostUrl ? `${dataset.hostUrl.replace(/\/$/, '')}/api/send` : new URL('api/send', src).href;
let referrer = document.referrer;

const usual = () => {
  const url = new URL(location.href);
  if (dataset.excludeSearch == 'true') url.search = '';
  if (dataset.excludeHash == 'true') url.hash = '';
  const { language } = navigator;
  return { website: dataset.websiteId, hostname: location.hostname, language, title: document.title, url: url.href, referrer, ...(dataset.tag && { tag: dataset.tag }) };
};

const off = () => {
  try {
    return localStorage['umami.disabled'];
  } catch {}
};
const elsewhere = () => dataset.domains && !dataset.domains.split(',').some((domain) => domain.trim() == location.hostname);

const send = async (payload, type = 'event') => {
  if (payload && dataset.websiteId && !off() && !elsewhere()) await post(endpoint, { type, payload });
};

/** Reports a view, an event by name, or the result of the page's function. */
const track = (what, data) => {
  if (typeof what == 'string') return send({ ...usual(), name: what, data });
  if (typeof what == 'function') return send(what(usual()));
  return send(what ?? usual());
};

window.umami ??= { track, identify: (id, data) => send({ ...usual(), data: typeof id == 'object' ? id : data }, 'identify') };

// A page is its path and query. For an app with routes after `#/`, that part belongs to the page, too.
if (dataset.autoTrack != 'false') {
  eachPage(
    () => usual().url.replace(/#(?!!?\/).*/, ''),
    () => {
      track();
      referrer = location.href;
    },
  );
}
