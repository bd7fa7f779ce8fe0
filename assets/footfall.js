// The script that counts the views of a page: <script defer src="https://HOST/footfall.js" data-site="blog"></script>
//
// It sets no cookie. It keeps in localStorage what could not be sent yet, and whether this browser opted out. Whatever fails, it
// fails silently: a page never breaks by it. tools/assets.mjs makes it small, and refuses 1,000 bytes or more after gzip.

(() => {
  const { src, dataset } = document.currentScript;
  const { site } = dataset;
  const query = new URLSearchParams(location.search);

  let memory = [];
  let pause = 0;
  let lastPage;
  let timer;

  /** Runs what may throw: localStorage where it is forbidden or full. */
  const attempt = (work) => {
    try {
      return work();
    } catch {}
  };

  /** The visits that wait: in this browser for all its tabs, or in this page if it may store nothing. */
  const waiting = () => attempt(() => JSON.parse(localStorage.footfall)) || memory;

  /** At most 50, and none of 20 hours: ids are remembered for a day. */
  const keep = (visits) => {
    memory = visits.filter(([time]) => time > Date.now() - 72e6).slice(-50);
    attempt(() => (localStorage.footfall = JSON.stringify(memory)));
  };

  const ask = (path, more) => fetch(new URL(path, src), { credentials: 'omit', ...more });

  /** Sends a visit. That it is sent twice, by two tabs or after an answer that got lost, does no harm: it has an id. */
  const send = ([time, visit]) =>
    ask('/counter', { method: 'POST', keepalive: 1, body: JSON.stringify({ ...visit, age: '' + Math.max(0, Date.now() - time) }) })
      .then(({ status }) => {
        // Anything else is an answer for good: counted, excluded, or refused for what it says.
        if (status > 499 || status == 408 || status == 429) throw 0;
        keep(waiting().filter((other) => other[1].id != visit.id));
        fill();
      })
      .catch(() => (timer ||= setTimeout(retry, (pause += 2e3))));

  const retry = () => {
    timer = 0;
    waiting().forEach(send);
  };

  /** Numbers for elements such as <b data-footfall="views" data-scope="site">. */
  const fill = () =>
    document.querySelectorAll('[data-footfall]').forEach((element) => {
      const { footfall, scope } = element.dataset;
      const people = footfall == 'visitors';
      ask((people ? '/visitors?' : '/counter?') + new URLSearchParams({ ...(site && { site }), ...(!people && !scope && { page: lastPage }) }))
        .then((answer) => answer.json())
        .then((numbers) => (element.textContent = numbers[footfall].toLocaleString()))
        .catch(() => {});
    });

  /** Counts what is seen: no prerendered page or hidden tab before it is looked at, and no page twice in a row. */
  const view = () => {
    // A router that keeps its routes behind the `#` has them there from the first `/` on.
    const route = 'hash' in dataset && location.hash.replace(/^[^/]*/, '');
    const page = dataset.page || (route ? location.pathname.replace(/\/$/, '') + route : location.pathname + (dataset.query ? location.search : ''));
    if (page == lastPage || document.prerendering || document.hidden) return;
    // Later views of an app come from this page, and by no campaign.
    const visit = { site, page, id: crypto.getRandomValues(new Uint32Array(4)).join() };
    if (lastPage == null) {
      visit.referrer = document.referrer;
      ['source', 'medium', 'campaign'].forEach((name) => (visit[name] = query.get('utm_' + name)));
    }
    lastPage = page;
    if (attempt(() => localStorage.footfallOff)) return fill();
    const sent = [Date.now(), visit];
    keep([...waiting(), sent]);
    send(sent);
  };

  const choice = query.get('footfall');
  if (choice) attempt(() => (localStorage.footfallOff = choice == 'off' || ''));

  ['pushState', 'replaceState'].forEach((name) => {
    const change = history[name];
    history[name] = (...values) => view(change.apply(history, values));
  });
  ['visibilitychange', 'prerenderingchange', 'hashchange', 'popstate'].forEach((name) => addEventListener(name, view, true));
  // A page that the browser kept and shows again is seen again, and sends what other pages could not.
  addEventListener('pageshow', ({ persisted }) => persisted && (timer || retry(), view((lastPage = ''))));
  addEventListener('online', retry);
  retry();
  view();
})();
