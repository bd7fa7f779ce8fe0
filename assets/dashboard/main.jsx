// The dashboard of a site, /dashboard/SITE: what the API tells, and what the live feed does, under the address that says what is shown.

import { render } from 'preact';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { CAMPAIGNS, read, write } from './address.js';
import { Asking, useAnswer } from './answers.js';
import { path } from './api.js';
import { useBeat } from './beat.js';
import { Cards, Withheld } from './cards.jsx';
import { Chart } from './chart.jsx';
import { applyTheme, Controls, Theme } from './controls.jsx';
import { Excluded } from './excluded.jsx';
import { span as spanText } from './format.js';
import { List, shown as valueText, Whole as WholeList } from './list.jsx';
import { Now, useLive } from './now.jsx';
import { before, dayIn, MOST_DAYS, daysOf, spanOf, stepsFor, stepsOf, within } from './period.js';
import { Choice, Empty, Stale, Whole } from './states.jsx';

const HERE = new Intl.DateTimeFormat().resolvedOptions().timeZone;

const TITLES = { pages: 'Pages', referrers: 'Referrers', countries: 'Countries', devices: 'Devices', campaigns: 'Campaigns' };
const KINDS = { pages: 'page', referrers: 'referrer', countries: 'country', devices: 'device' };

/** The token of this tab, if somebody gave one. A browser may keep nothing; then it lasts as long as the page. */
const TOKEN = 'footfall-token';
function useToken() {
  const [token, setToken] = useState(() => {
    try {
      return sessionStorage.getItem(TOKEN) ?? undefined;
    } catch {
      return undefined;
    }
  });
  const keep = (next) => {
    try {
      if (next === undefined) sessionStorage.removeItem(TOKEN);
      else sessionStorage.setItem(TOKEN, next);
    } catch {
      // Then it is in memory only.
    }
    setToken(next);
  };
  return [token, keep];
}

/** The address as it is, and a way to change it: links within the dashboard go there without a new page. */
function useAddress() {
  const [shown, setShown] = useState(() => read(location));
  const visit = useCallback((href) => {
    history.pushState(null, '', href);
    setShown(read(location));
  }, []);
  useEffect(() => {
    const onPop = () => setShown(read(location));
    const onClick = (event) => {
      const link = event.target.closest?.('a[href^="/dashboard/"]');
      if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      visit(link.getAttribute('href'));
    };
    addEventListener('popstate', onPop);
    document.addEventListener('click', onClick);
    return () => {
      removeEventListener('popstate', onPop);
      document.removeEventListener('click', onClick);
    };
  }, []);
  return [shown, visit];
}

function Dashboard({ shown, visit }) {
  const { site } = shown;
  const [token, setToken] = useToken();
  const soon = useRef();
  // Nobody follows what he may not read.
  const [mayRead, setMayRead] = useState(false);
  const live = useLive(mayRead ? site : undefined, token, () => soon.current());
  const beat = useBeat(live.state === 'live');
  soon.current = beat.soon;
  const tz = shown.tz ?? HERE;
  const today = dayIn(tz, Date.now());
  const { from, to } = spanOf(shown, today);
  const span = useMemo(() => ({ from, to }), [from, to]);
  const by = stepFor(shown, span);
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
      <main>
        <Controls {...{ shown, span, by, today, go, visit }} here={HERE} />
        <Numbers {...{ shown, span, by, tz, today, go, visit, live, beat, setToken, setMayRead }} />
      </main>
    </Asking.Provider>
  );
}

/** The steps that the address asks for, where the period can have them. What was counted by value is known by day. */
function stepFor({ by, filter }, span) {
  const possible = stepsOf(span).filter((step) => step !== 'hour' || !isValue(filter));
  const wanted = by ?? stepsFor(span);
  return possible.includes(wanted) ? wanted : (possible.find((step) => step === 'day') ?? possible[0] ?? 'day');
}

const isValue = (filter) => filter !== undefined && filter.kind !== 'page';

function Numbers({ shown, span, by, tz, today, go, visit, live, beat, setToken, setMayRead }) {
  const { site, filter, compare } = shown;
  const query = { ...span, tz: tz === 'UTC' ? undefined : tz };
  const of = filter && { [filter.kind]: filter.value };
  const summary = useAnswer(path(site, 'summary', { ...query, ...of }));
  const there = summary.data !== undefined;
  const past = compare && daysOf(span) < MOST_DAYS ? before(span, by) : undefined;
  const earlier = useAnswer(there && past ? path(site, 'summary', { ...query, ...past, ...of }) : undefined);
  const series = useAnswer(there ? path(site, 'series', { ...query, ...of, by }) : undefined, { by, tz, span, goesOn: span.to >= today });
  const pastSeries = useAnswer(there && past ? path(site, 'series', { ...query, ...past, ...of, by }) : undefined, { span });
  const seen = useRef();
  if (!beat.problem && there && !summary.problem) seen.current = Date.now();
  const refused = summary.problem !== undefined && !summary.problem.passes;
  useEffect(() => setMayRead(there && !refused), [there, refused]);
  if (!there || refused) {
    if (summary.problem) return <Whole problem={summary.problem} site={site} retry={beat.again} next={summary.problem.passes ? beat.next : undefined} login={setToken} />;
    return <p class="loading" role="status">Loading the numbers of {site} …</p>;
  }
  const nothing = summary.data.views === 0 && !filter && summary.data.excluded === 0;
  const lists = { query, site, filter, go };
  const kinds = { ...KINDS, campaigns: shown.campaigns };
  const campaigns = { ...query, by: shown.campaigns === 'campaign' ? undefined : shown.campaigns };
  // Drawn by what was asked: the address may be ahead of the answers.
  const drawn = series.data && series.about;
  const isPast = drawn && pastSeries.about?.span === drawn.span;
  const steps = drawn && trimmed(series.data.series, isPast ? pastSeries.data?.series : undefined, daysOf(drawn.span) === MOST_DAYS);
  return (
    <>
      {beat.problem && <Stale problem={beat.problem} since={seen.current} next={beat.next} retry={beat.again} />}
      {filter && <Filter {...{ filter, go }} />}
      <Cards summary={summary.data} earlier={earlier.data} compares={past !== undefined} busy={summary.busy} />
      <Now {...live} />
      {nothing && <Empty total={summary.data.total_views} site={site} everything={go({ period: 'all', from: undefined, to: undefined, by: undefined })} />}
      {!nothing && (
        <section class="panel wide" aria-labelledby="title-chart" aria-busy={series.busy || undefined}>
          <header><h2 id="title-chart">{isValue(filter) ? 'Views' : 'Views and visitors'}</h2><span class="small">{spanText(span)}{past && steps?.earlier ? `, compared with ${spanText(past)}` : ''}</span></header>
          {series.problem && !series.data && <p class="failed" role="alert">{series.problem.message}{series.problem.hint ? `: ${series.problem.hint}` : ''}</p>}
          {!series.data && !series.problem && <p class="loading tall" role="status">Loading</p>}
          {steps && <Chart {...steps} {...drawn} title={`Views over time, ${spanText(drawn.span)}`} zoom={zoomOf(drawn.by, go, visit)} />}
          <Withheld summary={summary.data} />
        </section>
      )}
      {!nothing && filter && <p class="small note">The lists are those of the whole site: which views of {valueText(filter.kind, filter.value)} had which other value is not kept.</p>}
      {!nothing && (
        <div class="panels">
          <List {...lists} title="Pages" what="pages" kind="page" none="No page was viewed." />
          <List {...lists} title="Referrers" what="referrers" kind="referrer" none="Nobody came from another site." />
          <List {...lists} title="Countries" what="countries" kind="country" none="No country is known." />
          <List {...lists} title="Devices" what="devices" kind="device" none="No device is known." />
          <List {...lists} query={campaigns} title="Campaigns" what="campaigns" kind={shown.campaigns} none={`No address had a utm_${shown.campaigns}.`}>
            <ul class="choices">
              {CAMPAIGNS.map((kind) => <li key={kind}><a href={go({ campaigns: kind })} aria-current={kind === shown.campaigns ? 'true' : undefined}>{kind[0].toUpperCase() + kind.slice(1)}</a></li>)}
            </ul>
          </List>
          <Excluded site={site} query={query} />
        </div>
      )}
      {shown.list && <WholeList key={shown.list} {...lists} query={shown.list === 'campaigns' ? campaigns : query} title={TITLES[shown.list]} what={shown.list} kind={kinds[shown.list]} close={() => visit(go({ list: undefined }))} />}
    </>
  );
}

const Filter = ({ filter, go }) => (
  <p class="filter">
    Only views with the {filter.kind} <strong>{valueText(filter.kind, filter.value)}</strong> <a href={go({ filter: undefined })}>Show all views</a>
  </p>
);

/** A click on a step of the chart shows that step alone. */
function zoomOf(by, go, visit) {
  if (by === 'hour') return undefined;
  return (time) => visit(go({ ...within(by, time), period: undefined, by: undefined }));
}

/** The steps of a chart. All that ever was begins where something was, so that a young site is not a line at the right end. */
function trimmed(series, earlier, everything) {
  if (!everything) return { series, earlier };
  const first = series.findIndex(({ views }) => views > 0);
  return { series: series.slice(Math.max(0, Math.min(first, series.length - 12))) };
}

function App() {
  const [shown, visit] = useAddress();
  if (shown.site === '') return <main><section class="message"><h1>Footfall</h1><p>Which site?</p><Choice /></section></main>;
  return <Dashboard key={shown.site} shown={shown} visit={visit} />;
}

applyTheme();
render(<App />, document.getElementById('app'));
