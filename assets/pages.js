// Shared by the scripts that replace those of other counters: when a page counts as seen, and how a view is sent once.

/** The field of a body that holds the id of a view. The id makes the view count once, however often it is sent. */
const identified = (body) => ({ ...body, visit_id: crypto.getRandomValues(new Uint32Array(4)).join() });

/** Posts a body as text, which needs no preflight. Posts it again if the network or the counter failed. */
export function post(url, body) {
  const text = JSON.stringify(identified(body));
  const attempt = (tries) =>
    fetch(url, { method: 'POST', keepalive: true, credentials: 'omit', body: text })
      .then((answer) => {
        if (answer.status > 499 || answer.status == 429) throw answer.status;
        return answer;
      })
      .catch(() => {
        if (tries < 2) setTimeout(attempt, 2e3 * 5 ** tries, tries + 1);
      });
  return attempt(0);
}

/** Whether a program drives the browser, or the page is a local file: then it is not a visit. */
const unvisited = () => navigator.webdriver || location.protocol == 'file:';

/** Calls `view` for each page: at once or when it is first shown, and whenever `address` returns a new one. */
export function eachPage(address, view) {
  let last;
  const look = () => {
    const now = address();
    if (unvisited() || document.hidden || document.prerendering || now == last) return;
    last = now;
    view();
  };
  for (const name of ['pushState', 'replaceState']) {
    const change = history[name];
    history[name] = function (...values) {
      const done = change.apply(this, values);
      look();
      return done;
    };
  }
  for (const name of ['popstate', 'hashchange', 'visibilitychange', 'prerenderingchange']) addEventListener(name, look, true);
  // A page that the browser kept and shows again is a new view.
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) look((last = undefined));
  });
  look();
}
