// Plausible's script, as its pages load it: <script defer data-domain="blog.example" src="https://HOST/js/script.js"></script>
//
// Written anew: views go to /api/event with an id each. The name of the file says more, as there: `script.hash.js`, `script.manual.js`.

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

// What the page told before this was loaded.
const before = window.plausible?.q ?? [];
window.plausible = tell;
for (const values of before) tell(...values);

if (!flags.includes('manual')) {
  eachPage(
    () => (hash ? location.href : location.pathname),
    () => {
      tell('pageview');
      // The next page of an app comes from this one.
      referrer = location.href;
    },
  );
}
