// The dashboard of a site, /dashboard/SITE: the numbers of the API and the live numbers. The address says what is shown.

import { render } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { isValue, write, zone } from './address.js';
import { Asking } from './answers.js';
import { useBeat } from './beat.js';
import { applyTheme, Controls, Theme } from './controls.jsx';
import { FIRST_DAY } from './format.js';
import { useAddress, useToken } from './kept.js';
import { useLive } from './now.jsx';
import { Numbers } from './numbers.jsx';
import { dayIn, spanOf, stepsFor, stepsOf } from './period.js';
import { Choice } from './states.jsx';

// A browser that does not know its zone reports `Etc/Unknown`, which it does not accept itself.
const HERE = zone(new Intl.DateTimeFormat().resolvedOptions().timeZone) ?? 'UTC';

function Dashboard({ shown, visit }) {
  const { site } = shown;
  const [token, setToken] = useToken();
  const soon = useRef();
  // Without the right to read, there is nothing to follow.
  const [mayRead, setMayRead] = useState(false);
  const live = useLive(mayRead ? site : undefined, token, () => soon.current());
  const beat = useBeat(live.state === 'live');
  soon.current = beat.soon;
  const tz = shown.tz ?? HERE;
  // In a hidden page, midnight does not change the day.
  const now = useRef({});
  if (!document.hidden || now.current.tz !== tz) now.current = { tz, today: dayIn(tz, Date.now()) };
  const { today } = now.current;
  const { from, to } = spanOf(shown, today, FIRST_DAY);
  const span = useMemo(() => ({ from, to }), [from, to]);
  // The counter says how long hours are kept: up to this day, they are not.
  const [hourless, setHourless] = useState('');
  const steps = stepsOf(span, !isValue(shown.filter) && from > hourless);
  const by = [shown.by, stepsFor(span), 'day'].find((step) => steps.includes(step));
  const go = (change) => write({ ...shown, ...change });
  const asking = useMemo(() => ({ token, beat: beat.beat, report: beat.report }), [token, beat.beat]);
  useEffect(() => {
    document.title = `${site} · Footfall`;
  }, [site]);
  return (
    <Asking.Provider value={asking}>
      <header class="top">
        <h1><a href={`/dashboard/${encodeURIComponent(site)}`}>{site}</a></h1>
        <Theme />
        {token && <button type="button" class="plain" onClick={() => setToken(undefined)}>Forget the token</button>}
      </header>
      <main tabIndex={-1}>
        <Controls {...{ shown, span, steps, by, today, go, visit }} here={HERE} />
        <Numbers {...{ shown, span, by, tz, today, go, visit, live, beat, setToken, setMayRead, setHourless }} />
      </main>
    </Asking.Provider>
  );
}

function App() {
  const [shown, visit] = useAddress();
  if (shown.site === '') return <main><section class="message"><h1>Footfall</h1><p>Which site?</p><Choice /></section></main>;
  return <Dashboard key={shown.site} shown={shown} visit={visit} />;
}

applyTheme();
render(<App />, document.getElementById('app'));
