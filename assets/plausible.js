// Plausible's script, as pages load it: <script defer data-domain="blog.example" src="https://HOST/js/script.js"></script>
//
// This is a new implementation. It sends views to /api/event, each with an id. As in the original, the file name has options: `script.hash.js`,
// `script.manual.js`.

import { eachPage, post } from './pages.js';

const { src, dataset } = document.currentScript;
const flags = src.split('/').pop().split('.');
const hash = flags.includes('hash');
const endpoint = dataset.api || new URL('../api/event', src).href;
let referrer = document.referrer;

const tell = (name, { u, url, props, callback } = {}) => {
  const body = { n: name, u: u || url || location.href, d: dataset.domain || location.hostname, r: referrer || null, ...(hash && { h: 1 }), ...(props && { p: props }) };
  post(endpoint, body).then((answer) => callback?.({ status: answer?.status }));
};

// The calls that the page made before this script was loaded.
const before = window.plausible?.q ?? [];
window.plausible = tell;
for (const values of before) tell(...values);

if (!flags.includes('manual')) {
  eachPage(
    () => (hash ? location.href : location.pathname),
    () => {
      tell('pageview');
      // This page is the referrer of an app's next page.
      referrer = location.href;
    },
  );
}
