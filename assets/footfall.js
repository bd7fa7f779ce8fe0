// The script that counts the views of a page: <script defer src="https://HOST/footfall.js" data-site="blog"></script>
//
// It sets no cookie. It keeps in localStorage what could not be sent yet, and whether this browser opted out. Whatever fails, it
// fails silently, but for one line in the console where the owner has to set something: a page never breaks by it. tools/assets.mjs
// makes it small, holds it to a size, and says in BESIDE where the counter's routes are, seen from the script.

(() => {
  // A module has no current script. The trace of an error names its file all the same.
  let { src, dataset } = document.currentScript || [...document.scripts].find(({ src }) => src && Error().stack.includes(src)) || {};
  // A program that drives a browser is no reader, a file on a disk is no page, and a frame is a part of the page around it.
  if (!src || navigator.webdriver || /^file/.test(location) || (self != top && !dataset.frame)) return;

    // Everything is asked beside the script, so that it works below a path of a site's own.
  const base = new URL(BESIDE, src).href;

  // The same tag again, or evaluated again by what swaps pages: the script that runs already looks, and counts what is new.
  const me = base + dataset.site;
  if (self[me]) return self[me](dataset);

  const query = new URLSearchParams(location.search);
  let memory;
  let pause = 0;
  let last;
  let newest;
  let refused;
  let timer;

  /** Runs what may throw: localStorage where it is forbidden, full or full of what others wrote; a path that is encoded wrongly. */
  const attempt = (work) => {
    try {
      return work();
    } catch {}
  };

  /** The visits that wait: in this browser for all its tabs, or in this page if it may store nothing. None of 20 hours: ids are remembered for a day. */
  const waiting = () => attempt(() => (memory || JSON.parse(localStorage.footfall)).filter(([time, { id }]) => id && time > Date.now() - 72e6)) || [];

  /** At most 50. */
  const keep = (visits) => {
    memory = visits.slice(-50);
    attempt(() => {
      localStorage.footfall = JSON.stringify(memory);
      memory = 0;
    });
  };

  /** Elements such as <b data-footfall="views" data-scope="site">, by the names of the numbers that they show. */
  const shown = () => [...document.querySelectorAll('[data-footfall]')].map((element) => [(element.dataset.scope ? 'site_' : '') + element.dataset.footfall, element]);

  /**
   * Sends a visit, if it is this script's host that it is for. That it is sent twice, by two tabs or after an answer that got lost, does no
   * harm: it has an id. The answer has all numbers that the page shows.
   */
  const send = async ([time, visit, host]) => {
    if (host == base)
      try {
        const answer = await fetch(base + 'visit', { method: 'POST', keepalive: 1, body: JSON.stringify({ ...visit, age: Date.now() - time }) });
        const numbers = await answer.json();
        // Anything else is an answer for good: counted, excluded, or refused for what it says.
        if (/^5|408|429/.test(answer.status)) throw 0;
        keep(waiting().filter((other) => other[1].id != visit.id));
        if (answer.ok) visit.id == newest && shown().forEach(([name, element]) => name in numbers && (element.textContent = numbers[name].toLocaleString()));
        else refused ||= !console.warn(numbers.hint);
      } catch {
        timer ||= setTimeout(retry, (pause += 2e3));
      }
  };

  const retry = () => {
    timer = 0;
    refused || waiting().forEach(send);
  };

  /** Counts what is seen: no prerendered page or hidden tab before it is looked at, and no page twice in a row, however it is written. */
  const view = () => {
    const at = new URL(((dataset.canonical && document.querySelector('link[rel=canonical]')) || location).href);
    // A router that keeps its routes behind the `#` has them there from the first `/` on.
    const route = 'hash' in dataset && location.hash.replace(/^[^/]*/, '');
    const page = dataset.page || (route ? at.pathname.replace(/\/$/, '') + route : at.pathname + (dataset.query ? at.search : ''));
    const written = unescape(page).replace(/\/$/, '');
    if (refused || written === last || document.prerendering || document.hidden) return;
    newest = '' + crypto.getRandomValues(new Uint32Array(4));
    const visit = { site: dataset.site, page, id: newest, show: '' + shown().map(([name]) => name) };
    // Later views of an app come from this page, and by no campaign.
    if (last === undefined) {
      visit.referrer = document.referrer;
      visit.source = query.get('utm_source') || query.get('ref') || query.get('source') || query.get('src');
      visit.medium = query.get('utm_medium');
      visit.campaign = query.get('utm_campaign');
    }
    last = written;
    const sent = [Date.now(), visit, base];
    // Who opted out asks for the numbers only.
    const off = (visit.off = attempt(() => localStorage.footfallOff));
    off || keep([...waiting(), sent]);
    (off && !visit.show) || send(sent);
  };

  self[me] = (fresh) => view((dataset = fresh));

  const choice = query.get('footfall');
  choice && attempt(() => (localStorage.footfallOff = choice == 'off' || ''));

  // Where the browser tells of each change of the address, nothing of the page's own is touched.
  if (self.navigation?.currentEntry) navigation.addEventListener('currententrychange', view);
  else
    ['pushState', 'replaceState'].forEach((name) => {
      const change = history[name];
      history[name] = (...values) => {
        change.apply(history, values);
        attempt(view);
      };
    });
  ['visibilitychange', 'prerenderingchange', 'popstate'].forEach((name) => addEventListener(name, view, true));
  // A page that the browser kept and shows again is seen again, and sends what other pages could not.
  addEventListener('pageshow', ({ persisted }) => persisted && (timer || retry(), view((last = null))));
  addEventListener('online', retry);
  retry();
  view();
})();
