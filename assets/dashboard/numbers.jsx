// The numbers of a period: sums, chart and lists, or a message in their place.

import { useEffect } from 'preact/hooks';
import { asked, isValue, WHENS } from './address.js';
import { useAnswer } from './answers.js';
import { path } from './api.js';
import { Cards, Shards, Withheld } from './cards.jsx';
import { Chart } from './chart.jsx';
import { chosen, LISTS } from './dimensions.js';
import { Excluded } from './excluded.jsx';
import { FIRST_DAY, span as spanText } from './format.js';
import { toMain } from './kept.js';
import { List, shown as valueText } from './list.jsx';
import { Now } from './now.jsx';
import { before, begun, comparedBy, MOST_DAYS, daysOf, within } from './period.js';
import { Empty, Failed, Stale, Whole } from './states.jsx';
import { Whole as WholeList } from './whole.jsx';

const WHEN = { period: 'Period', ever: 'Ever' };

export function Numbers({ shown, span, by, tz, today, go, visit, live, beat, setToken, setMayRead, setHourless }) {
  const { site, filter, compare } = shown;
  const query = { ...span, tz: tz === 'UTC' ? undefined : tz };
  const of = filter && Object.fromEntries([asked(filter)]);
  const summary = useAnswer(path(site, 'summary', { ...query, ...of }));
  const there = summary.data !== undefined;
  const how = comparedBy(shown.period, by);
  const past = compare && daysOf(span) < MOST_DAYS ? before(span, how) : undefined;
  // The period that the chart compares with. A period that is not over is compared with as much of the earlier one.
  const earlier = useAnswer(there && past ? path(site, 'summary', { ...query, ...of, compare: how }) : undefined);
  const inSteps = { by, week: by === 'week' && FIRST_DAY !== 1 ? FIRST_DAY : undefined };
  const question = path(site, 'series', { ...query, ...of, ...inSteps });
  const series = useAnswer(there ? question : undefined, { question, by, tz, span });
  const pastSeries = useAnswer(there && past ? path(site, 'series', { ...query, ...past, ...of, ...inSteps }) : undefined, { question });
  const hourless = series.problem?.kind === 'refused' && series.about.by === 'hour' ? series.about.span.from : undefined;
  useEffect(() => hourless && setHourless((was) => (was > hourless ? was : hourless)), [hourless]);
  const refused = summary.problem !== undefined && !summary.problem.passes;
  useEffect(() => setMayRead(there && !refused), [there, refused]);
  const login = (token) => {
    setToken(token);
    // The token may be the same as before; then nothing else would ask again.
    beat.again();
    toMain();
  };
  if (!there || refused) {
    if (summary.problem) return <Whole problem={summary.problem} site={site} retry={beat.again} next={summary.problem.passes ? beat.next : undefined} login={login} />;
    return <p class="loading" role="status">Loading the numbers of {site} …</p>;
  }
  const nothing = summary.data.views === 0 && !filter;
  // All views of the site have no date.
  const undated = nothing && summary.data.total_views > 0 && daysOf(span) === MOST_DAYS;
  const lists = { query, site, filter, go };
  // All views ever have no period.
  const ever = shown.pages === 'ever' || undated;
  const pages = { what: 'pages', query, ...(ever && { what: 'totals', query: {}, opens: 'pages' }), title: 'Pages', kind: 'page', none: 'No page was viewed.' };
  const cards = LISTS.map((card) => cardOf(card, chosen(card, shown), query));
  const opened = shown.list === 'pages' ? pages : cards.find(({ what }) => what === shown.list);
  // Draw the question that was answered: the address may be ahead of the answers.
  const drawn = series.data && series.about;
  const isPast = drawn && pastSeries.about?.question === drawn.question;
  const steps = drawn && trimmed(series.data.series, isPast ? pastSeries.data?.series : undefined, daysOf(drawn.span) === MOST_DAYS);
  const goesOn = drawn && drawn.span.to >= today;
  return (
    <>
      {beat.problem && <Stale problem={beat.problem} since={summary.at} next={beat.next} retry={beat.again} />}
      {filter && <Filter {...{ filter, go }} />}
      <Cards summary={summary.data} earlier={earlier.busy || !earlier.data ? undefined : { views: earlier.data.previous_views, visitors: earlier.data.previous_visitors }} compares={past !== undefined} goesOn={span.to >= today} busy={summary.busy} />
      <Now {...live} />
      {nothing && <Empty total={summary.data.total_views} isAll={daysOf(span) === MOST_DAYS} site={site} everything={go({ period: 'all', from: undefined, to: undefined, by: undefined })} />}
      {nothing && <Excluded site={site} query={query} alone />}
      {undated && <div class="panels"><List {...lists} {...pages} /></div>}
      {!nothing && (
        <section class="panel wide" aria-labelledby="title-chart" aria-busy={series.busy || undefined}>
          <header><h2 id="title-chart">{isValue(filter) ? 'Views' : 'Views and visitors'}</h2><span class="small">{spanText(span)}{past && steps?.earlier ? `, compared with ${spanText(past)}` : ''}</span></header>
          {series.problem && !series.data && !hourless && <Failed problem={series.problem} />}
          {!series.data && (!series.problem || hourless) && <p class="loading tall" role="status">Loading</p>}
          {steps && <Chart {...steps} {...drawn} begun={goesOn ? begun(steps.series, drawn.by, today, Date.now()) : steps.series.length} goesOn={goesOn} title={`Views over time, ${spanText(drawn.span)}`} zoom={zoomOf(drawn.by, go, visit)} />}
          <Withheld summary={summary.data} />
        </section>
      )}
      {!nothing && filter && <p class="small note">The lists are those of the whole site: which views of <bdi>{valueText(filter.kind, filter.value)}</bdi> had which other value is not kept.</p>}
      {!nothing && tz !== 'UTC' && <p class="small note">{cards.map(({ title }, at) => (at === 0 ? title : title.toLowerCase())).join(', ')}, views without a visitor and what was not counted are kept by days of UTC.</p>}
      {!nothing && (
        <div class="panels">
          <List {...lists} {...pages}>
            <Choices of={WHENS} title={(when) => WHEN[when]} now={shown.pages} go={(when) => go({ pages: when })} />
          </List>
          {cards.map((card) => (
            <List key={card.what} {...lists} {...card}>
              {card.choices.length > 1 && <Choices of={card.choices} title={({ choice }) => choice} now={card.choice} go={({ name }) => go({ [card.what]: name })} />}
            </List>
          ))}
          <Excluded site={site} query={query} />
        </div>
      )}
      <Shards summary={summary.data} />
      {shown.list && <WholeList key={shown.list} {...lists} {...opened} close={() => visit(go({ list: undefined }))} />}
    </>
  );
}

/** A list of values by one of its dimensions: what it is called, and what asks for it. */
function cardOf({ list, title, of }, choice, query) {
  return { what: list, title, kind: choice.name, none: choice.none, choices: of, choice, query: choice === of[0] ? query : { ...query, by: choice.name } };
}

/** Links to the other ways in which a list can be shown. */
const Choices = ({ of, title, now, go }) => (
  <ul class="choices">
    {of.map((one) => <li key={title(one)}><a href={go(one)} aria-current={one === now ? 'true' : undefined}>{title(one)}</a></li>)}
  </ul>
);

const Filter = ({ filter, go }) => (
  <p class="filter">
    Only views with the {filter.kind} <strong><bdi>{valueText(filter.kind, filter.value)}</bdi></strong> <a href={go({ filter: undefined })}>Show all views</a>
  </p>
);

/** A click on a step of the chart shows that step alone. */
function zoomOf(by, go, visit) {
  if (by === 'hour') return undefined;
  return (time) => visit(go({ ...within(by, time), period: undefined, by: undefined }));
}

/** The steps of a chart. The chart of all time begins at the first view, so that a young site is not just a line at the right end. */
function trimmed(series, earlier, everything) {
  if (!everything) return { series, earlier };
  const first = series.findIndex(({ views }) => views > 0);
  return { series: series.slice(Math.max(0, Math.min(first, series.length - 12))) };
}
