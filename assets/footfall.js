// The script that counts the views of a page: <script defer src="https://HOST/footfall.js" data-site="blog"></script>
//
// It sets no cookie. localStorage keeps unsent visits, and whether this browser opted out. A failure never breaks the page. It is silent, except for
// one line in the console if the owner has to set something. tools/assets.mjs minifies the script, limits its size, and sets BESIDE to the path of
// the counter's routes, relative to the script.

(() => {
  // A module has no current script, but the stack of an error names its file.
  let { src, dataset } = document.currentScript || [...document.scripts].find(({ src }) => src && Error().stack.includes(src)) || {};
  // Not counted: a browser that a program drives, a file on disk, and a frame, because it is a part of the page around it.
  if (!src || navigator.webdriver || /^file/.test(location) || (self != top && !dataset.frame)) return;

  // All requests go to paths beside the script, so that it works below a path of the site.
  const base = new URL(BESIDE, src).href;

  // If the tag is there twice, or a router that swaps pages ran it again, the running script checks for a new page and counts it.
  const me = base + dataset.site;
  if (self[me]) return self[me](dataset);

  const query = new URLSearchParams(location.search);
  let memory;
  let pause = 0;
  let last;
  let newest;
  let refused;
  let timer;

  /** Runs code that may throw: localStorage may be forbidden, full, or contain other programs' entries, and a path may be encoded wrongly. */
  const attempt = (work) => {
    try {
      return work();
    } catch {}
  };

  /** The unsent visits of all tabs of this browser, or of this page if it cannot store any. Visits over 20 hours old are dropped, because shards remember ids for a day. */
  const waiting = () => attempt(() => (memory || JSON.parse(localStorage.footfall)).filter(([time, { id }]) => id && time > Date.now() - 72e6)) || [];

  /** Stores the last 50 visits. */
  const keep = (visits) => {
    memory = visits.slice(-50);
    attempt(() => {
      localStorage.footfall = JSON.stringify(memory);
      memory = 0;
    });
  };

  /** Elements such as <b data-footfall="views" data-scope="site">, with the names of their numbers. */
  const shown = () => [...document.querySelectorAll('[data-footfall]')].map((element) => [(element.dataset.scope ? 'site_' : '') + element.dataset.footfall, element]);

  /**
   * Sends a visit if it is for this script's host. A visit has an id, so it does no harm to send it twice, from two tabs or after a lost answer. The
   * answer has all numbers that the page shows.
   */
  const send = async ([time, visit, host]) => {
    if (host == base)
      try {
        const answer = await fetch(base + 'visit', { method: 'POST', keepalive: 1, body: JSON.stringify({ ...visit, age: Date.now() - time }) });
        const numbers = await answer.json();
        // Any other answer is final: counted, excluded or refused.
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

  /** Counts the visible page. A prerendered page or hidden tab counts once it is shown. No page counts twice in a row, in any spelling. */
  const view = () => {
    const at = new URL(((dataset.canonical && document.querySelector('link[rel=canonical]')) || location).href);
    // A router's route begins at the first `/` in the hash.
    const route = 'hash' in dataset && location.hash.replace(/^[^/]*/, '');
    const page = dataset.page || (route ? at.pathname.replace(/\/$/, '') + route : at.pathname + (dataset.query ? at.search : ''));
    const written = unescape(page).replace(/\/$/, '');
    if (refused || written === last || document.prerendering || document.hidden) return;
    newest = '' + crypto.getRandomValues(new Uint32Array(4));
    const visit = { site: dataset.site, page, id: newest, show: '' + shown().map(([name]) => name) };
    // The referrer of an app's later views is this page, and they have no campaign.
    if (last === undefined) {
      visit.referrer = document.referrer;
      visit.source = query.get('utm_source') || query.get('ref') || query.get('source') || query.get('src');
      visit.medium = query.get('utm_medium');
      visit.campaign = query.get('utm_campaign');
    }
    last = written;
    const sent = [Date.now(), visit, base];
    // After an opt-out, the script only reads the numbers.
    const off = (visit.off = attempt(() => localStorage.footfallOff));
    off || keep([...waiting(), sent]);
    (off && !visit.show) || send(sent);
  };

  self[me] = (fresh) => view((dataset = fresh));

  const choice = query.get('footfall');
  choice && attempt(() => (localStorage.footfallOff = choice == 'off' || ''));

  // If the browser reports every change of the address, the page's own functions stay untouched.
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
  // A page that the browser kept and shows again is a new view. It also sends the visits that other pages could not send.
  addEventListener('pageshow', ({ persisted }) => persisted && (timer || retry(), view((last = null))));
  addEventListener('online', retry);
  retry();
  view();
})();
