// GoatCounter's script, as pages load it: <script data-goatcounter="https://HOST/count" async src="https://HOST/count.js"></script>
//
// This is a new implementation. Unlike the original, it gives each view an id, so that a view whose answer is lost is sent again and counts once.
// ALLOWED_ORIGINS on the server decides which pages count, so pages on localhost count if they are listed.

(() => {
  const api = (window.goatcounter ||= {});
  const tag = document.currentScript ?? document.querySelector('script[data-goatcounter]');
  const SETTINGS = ['no_onload', 'no_events', 'allow_local', 'allow_frame', 'path', 'title', 'referrer', 'event', 'endpoint'];

  const warn = (text) => console.warn(`footfall: ${text}`);

  /** Runs code that may throw: localStorage may be forbidden. */
  const attempt = (work) => {
    try {
      return work();
    } catch {}
  };

  const given = tag?.dataset.goatcounterSettings;
  const settings = given && attempt(() => JSON.parse(given));
  if (given && !settings) warn('data-goatcounter-settings is not JSON');
  for (const name of SETTINGS) if (settings && name in settings) api[name] = settings[name];

  /** The address for views: the page's setting, or else the host of the script. */
  const endpoint = () => {
    const said = document.querySelector('script[data-goatcounter]')?.dataset.goatcounter || api.endpoint;
    return said || (tag?.src && new URL('count', tag.src).href);
  };

  const bare = (host) => host.replace(/^www\./, '');

  /** The page's path, or that of its canonical address if it is on the same host. */
  const ownPath = () => {
    const link = document.querySelector('link[rel=canonical][href]');
    const canonical = link && attempt(() => new URL(link.href, location));
    const { pathname, search } = canonical && bare(canonical.hostname) == bare(location.hostname) ? canonical : location;
    return pathname + search || '/';
  };

  /** Whether a program drives the browser, by the rules of GoatCounter's script. */
  const bot = () => {
    const { _phantom, callPhantom, phantom, __nightmare } = window;
    if (_phantom || callPhantom || phantom) return 150;
    if (__nightmare) return 151;
    return navigator.webdriver ? 153 : 0;
  };

  /** A value, or the result of the page's function for the usual value. */
  const chosen = (value, usual) => (typeof value == 'function' ? value(usual()) : (value ?? usual()));

  api.filter = () => {
    if (document.visibilityState == 'prerender' || document.prerendering) return 'visibilityState';
    if (!api.allow_frame && window != window.parent) return 'frame';
    if (location.protocol == 'file:') return 'localfile';
    if (api.allow_local === false && /^(localhost|127\..*|10\..*|192\.168\..*|\[::1\])$/.test(location.hostname)) return 'localhost';
    return attempt(() => localStorage.skipgc == 't') ? 'disabled with #toggle-goatcounter' : false;
  };

  api.get_data = (vars = {}) => {
    const noSession = typeof vars.no_session == 'function' ? vars.no_session(false) : vars.no_session;
    return {
      p: chosen('path' in vars ? vars.path : api.path, ownPath),
      r: chosen('referrer' in vars ? vars.referrer : api.referrer, () => document.referrer),
      t: chosen('title' in vars ? vars.title : api.title, () => document.title),
      e: Boolean(vars.event || api.event),
      s: screen.width,
      b: bot(),
      q: location.search,
      ...(noSession && { ns: noSession }),
    };
  };

  /** The address that counts a view; undefined if the page's function returns no path. */
  api.url = (vars) => {
    const data = api.get_data(vars ?? {});
    if (data.p === null) return;
    const to = endpoint();
    if (!to) return void warn('there is no endpoint');
    data.rnd = Math.random().toString(36).slice(2, 7);
    data.id = crypto.getRandomValues(new Uint32Array(4)).join();
    const said = Object.entries(data).filter(([, value]) => value !== '' && value != null && value !== false);
    // Not `/count?`, which content blockers block on every host that ends in `.com`.
    return `${to.replace(/\/$/, '')}/?${new URLSearchParams(said)}`;
  };

  /** Sends a view, and sends it again if the network lost it. Its id makes it count once. If the page's policy forbids `fetch`, an image sends it. */
  const send = (url, tries = 0) =>
    fetch(url, { method: 'POST', keepalive: true, credentials: 'omit' })
      .then(({ status }) => {
        if (status > 499 || status == 429) throw status;
      })
      .catch(() => {
        if (!tries) new Image().src = url;
        if (tries < 2) setTimeout(send, 2e3 * 5 ** tries, url, tries + 1);
      });

  api.count = (vars) => {
    const reason = api.filter();
    if (reason) return void warn(`not counted: ${reason}`);
    const url = api.url(vars);
    if (!url) return void warn('not counted: no path');
    send(url);
  };

  api.get_query = (name) => {
    for (const [known, value] of new URLSearchParams(location.search)) if (known.toLowerCase() == name.toLowerCase()) return value;
  };

  /** Reports clicks on elements such as <a data-goatcounter-click="name">. */
  api.bind_events = () => {
    for (const element of document.querySelectorAll('[data-goatcounter-click]')) {
      const { dataset } = element;
      if (dataset.goatcounterBound) continue;
      dataset.goatcounterBound = 'true';
      const clicked = () =>
        api.count({
          event: true,
          path: dataset.goatcounterClick || element.name || element.id || '',
          title: dataset.goatcounterTitle || element.title || element.innerHTML.slice(0, 200),
          referrer: dataset.goatcounterReferrer || dataset.goatcounterReferral || '',
          no_session: ['1', 't', 'true'].includes(dataset.goatcounterNoSession?.toLowerCase()),
        });
      for (const kind of ['click', 'auxclick']) element.addEventListener(kind, clicked);
    }
  };

  const whenThere = (work) => (document.body ? work() : document.addEventListener('DOMContentLoaded', () => work()));

  /** Shows the views of a page in a frame or as an image. With the path TOTAL, it shows the views of the site. */
  api.visit_count = (wanted = {}) =>
    whenThere(() => {
      const { type = 'html', append = 'body', path = ownPath(), no_branding, style, start, end } = wanted;
      const name = { html: 'iframe', svg: 'img', png: 'img' }[type];
      if (!name) return warn(`visit_count: unknown type ${type}`);
      const place = document.querySelector(append);
      if (!place) return warn(`visit_count: no element ${append}`);
      const asked = Object.entries({ no_branding: no_branding && 1, style, start, end }).filter(([, value]) => value);
      const element = document.createElement(name);
      const attributes = {
        ...(wanted.attr ?? { width: '200', height: no_branding ? '60' : '80' }),
        ...(type == 'html' && { frameborder: '0', scrolling: 'no' }),
        src: `${endpoint()}er/${encodeURIComponent(path)}.${type}?${new URLSearchParams(asked)}`,
      };
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
      place.append(element);
    });

  if (location.hash == '#toggle-goatcounter') {
    const off = attempt(() => (localStorage.skipgc = localStorage.skipgc == 't' ? '' : 't'));
    alert(`Your views of this site are ${off ? 'not counted in this browser from now on' : 'counted again'}.`);
  }

  if (!api.no_onload) {
    whenThere(() => {
      if (document.visibilityState == 'visible' && !document.prerendering) api.count();
      else {
        const shown = () => {
          if (document.visibilityState != 'visible') return;
          document.removeEventListener('visibilitychange', shown);
          api.count();
        };
        document.addEventListener('visibilitychange', shown);
      }
      if (!api.no_events) api.bind_events();
    });
  }
})();
