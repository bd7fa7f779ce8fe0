// The chart of views and visitors over time. d3 computes scales and lines. The drawing is our own, so that a screen reader reads it as text, the
// keyboard works, and 3,660 days draw as fast as 7.

import { bisectCenter, max, range } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import { area, line } from 'd3-shape';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { many, number, short, timeFormat } from './format.js';
import { STEPS } from './period.js';

const HEIGHT = 260;
const MARGIN = { top: 12, right: 12, bottom: 28, left: 46 };

/** The room for a character at the vertical axis, in pixels, even with wide letter spacing. */
const SIGN = 8;

/** The room for a label of the horizontal axis, in pixels. */
const LABEL = { hour: 64, day: 80, week: 92, month: 92 };

/** Up to this many steps, each has a dot, because a few steps make no visible line. */
const DOTS = 40;

/** Steps closer than this many pixels are drawn as means of several, days as means of whole weeks. Otherwise ten years would be one thick line. */
const CLOSEST = 2.5;
const WEEK = 7;

/** How many steps PageUp and PageDown move. */
const PAGE = 10;

function useWidth() {
  const element = useRef();
  const [width, setWidth] = useState(720);
  useEffect(() => {
    const observer = new ResizeObserver(([{ contentRect }]) => setWidth(Math.max(240, Math.round(contentRect.width))));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return [element, width];
}

/**
 * `series` and `earlier` are lists of `{ time, views, visitors? }`. `begun` is how many steps have begun; the others show only their time. `goesOn` means
 * that the last of them is not over, and it is drawn differently. `zoom(time)` opens the step at that time, if it can be divided.
 */
export function Chart({ series, begun, earlier, by, tz, title, zoom, goesOn }) {
  const [frame, width] = useWidth();
  const [chosen, setChosen] = useState();
  const format = useMemo(() => timeFormat(by, tz, series.length), [by, tz, series.length]);
  const hasVisitors = series.some(({ visitors }) => visitors !== undefined);
  const highest = max([...series, ...(earlier ?? [])], ({ views, visitors = 0 }) => Math.max(views, visitors)) ?? 0;
  const y = scaleLinear([0, Math.max(highest, 4)], [HEIGHT - MARGIN.bottom, MARGIN.top]).nice(4);
  const ticks = y.ticks(4).filter(Number.isInteger);
  const left = Math.max(MARGIN.left, SIGN * (1 + max(ticks, (tick) => short(tick).length)));
  const x = scaleLinear([0, Math.max(1, series.length - 1)], [left, width - MARGIN.right]);
  const last = begun - 1;
  const together = meansOf(series.length, width, by);
  const paths = useMemo(() => {
    const points = (list, value) => means(list, value, together).map(([step, mean]) => [x(step), y(mean)]);
    const told = series.slice(0, begun);
    const over = goesOn && last > 0 && together === 1 ? told.slice(0, -1) : told;
    const rest = (value) => (over === told ? undefined : line()([last - 1, last].map((step) => [x(step), y(series[step][value])])));
    return {
      area: area().y0(y(0))(points(told, 'views')),
      views: line()(points(over, 'views')),
      viewsGoOn: rest('views'),
      visitors: hasVisitors ? line()(points(over, 'visitors')) : undefined,
      visitorsGoOn: hasVisitors ? rest('visitors') : undefined,
      // The period before may be one step longer: a day with a clock change, a month of 31 days.
      earlier: earlier && line()(points(earlier.slice(0, series.length), 'views')),
    };
  }, [series, begun, earlier, width, left, y.domain()[1], goesOn]);
  // Memoized, because it may have 3,650 lines and the pointer moves often.
  const table = useMemo(() => <Numbers series={series.slice(0, begun)} earlier={earlier} format={format} hasVisitors={hasVisitors} />, [series, begun, earlier, format]);
  const at = chosen === undefined ? undefined : Math.min(chosen, last);
  // Escape hides the details under the pointer, wherever the focus is.
  useEffect(() => {
    if (chosen === undefined) return undefined;
    const onEscape = ({ key }) => key === 'Escape' && setChosen(undefined);
    document.addEventListener('keydown', onEscape);
    return () => document.removeEventListener('keydown', onEscape);
  }, [chosen === undefined]);
  const choose = (step) => setChosen(Math.max(0, Math.min(last, step)));

  const said = (step) => {
    const { time, views, visitors } = series[step];
    const before = earlier?.[step];
    return [`${format.full(time)}${goesOn && step === last ? ', so far' : ''}: ${many(views, 'view')}`, visitors !== undefined && many(visitors, 'visitor'), before && `${many(before.views, 'view')} in the period before`].filter(Boolean).join(', ');
  };
  const keys = {
    ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: PAGE, PageDown: -PAGE, Home: -Infinity, End: Infinity,
  };
  const onKeyDown = (event) => {
    if (event.key in keys) choose((at ?? last) + (at === undefined ? 0 : keys[event.key]));
    else if (event.key === 'Enter' && zoom && at !== undefined) zoom(series[at].time);
    else return;
    event.preventDefault();
  };
  const under = (event) => {
    const frameLeft = frame.current.getBoundingClientRect().left;
    return bisectCenter(range(series.length).map(x), event.clientX - frameLeft);
  };

  return (
    <div class="chart" ref={frame}>
      <div
        class="plot"
        role="slider"
        tabIndex={0}
        aria-label={zoom ? `${title}; Enter shows the chosen step` : title}
        aria-valuemin={0}
        aria-valuemax={last}
        aria-valuenow={at ?? last}
        aria-valuetext={said(at ?? last)}
        onKeyDown={onKeyDown}
        onFocus={(event) => event.currentTarget.matches(':focus-visible') && choose(at ?? last)}
        onBlur={() => setChosen(undefined)}
        onPointerMove={(event) => choose(under(event))}
        onPointerLeave={() => setChosen(undefined)}
        onClick={(event) => zoom && event.detail > 0 && zoom(series[Math.min(last, under(event))].time)}
        data-zooms={zoom ? '' : undefined}
      >
        <svg width={width} height={HEIGHT} aria-hidden="true">
          {ticks.map((tick) => (
            <g key={tick} class="tick">
              <line x1={left} x2={width - MARGIN.right} y1={y(tick)} y2={y(tick)} />
              <text x={left - 8} y={y(tick) + 4} text-anchor="end">{short(tick)}</text>
            </g>
          ))}
          {labels(series.length, width, by).map((step) => (
            <text key={step} class="time" x={x(step)} y={HEIGHT - 8} text-anchor={step === series.length - 1 && step > 0 ? 'end' : 'middle'}>
              {format.axis(series[step].time)}
            </text>
          ))}
          <path class="area" d={paths.area} />
          {earlier && <path class="earlier" d={paths.earlier} />}
          {hasVisitors && <path class="visitors" d={paths.visitors} />}
          {hasVisitors && <path class="visitors goes-on" d={paths.visitorsGoOn} />}
          <path class="views" d={paths.views} />
          <path class="views goes-on" d={paths.viewsGoOn} />
          {series.length <= DOTS && series.slice(0, begun).map(({ views, visitors }, step) => (
            <g key={step}>
              {visitors !== undefined && <circle class="visitors" cx={x(step)} cy={y(visitors)} r="2.5" />}
              <circle class="views" cx={x(step)} cy={y(views)} r="2.5" />
            </g>
          ))}
          {at !== undefined && (
            <g class="chosen">
              <line x1={x(at)} x2={x(at)} y1={MARGIN.top} y2={HEIGHT - MARGIN.bottom} />
              <circle class="views" cx={x(at)} cy={y(series[at].views)} r="4.5" />
              {hasVisitors && <circle class="visitors" cx={x(at)} cy={y(series[at].visitors)} r="4.5" />}
            </g>
          )}
        </svg>
        {at !== undefined && <Tip step={series[at]} before={earlier?.[at]} name={format.full(series[at].time)} soFar={goesOn && at === last} left={x(at)} width={width} zoom={zoom} />}
      </div>
      <p class="legend" aria-hidden="true">
        <span class="views">Views</span>
        {hasVisitors && <span class="visitors">Visitors</span>}
        {earlier && <span class="earlier">Views, the period before</span>}
        {together > 1 && <em>Drawn as means of {together} {STEPS[by].toLowerCase()}</em>}
      </p>
      {table}
    </div>
  );
}

function Tip({ step, before, name, soFar, left, width, zoom }) {
  const onTheRight = left > width / 2;
  return (
    <div class="tip" aria-hidden="true" style={onTheRight ? { right: `${width - left + 12}px` } : { left: `${left + 12}px` }}>
      <strong>{name}{soFar && ', so far'}</strong>
      <span class="views">{many(step.views, 'view')}</span>
      {step.visitors !== undefined && <span class="visitors">{many(step.visitors, 'visitor')}</span>}
      {before && <span class="earlier">{number(before.views)} the period before</span>}
      {zoom && <small>Click to look closer</small>}
    </div>
  );
}

/** The same as a table, rendered when it is opened. */
function Numbers({ series, earlier, format, hasVisitors }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="numbers" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>As a table</summary>
      {open && (
        <div class="scrolls" tabIndex={0} role="region" aria-label="The chart as a table">
          <table>
            <thead>
              <tr><th scope="col">Time</th><th scope="col">Views</th>{hasVisitors && <th scope="col">Visitors</th>}{earlier && <th scope="col">Views before</th>}</tr>
            </thead>
            <tbody>
              {series.map(({ time, views, visitors }, step) => (
                <tr key={time}><th scope="row">{format.full(time)}</th><td>{number(views)}</td>{hasVisitors && <td>{number(visitors)}</td>}{earlier && <td>{earlier[step] ? number(earlier[step].views) : ''}</td>}</tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

/** How many steps are drawn as one point. */
function meansOf(steps, width, by) {
  const together = Math.ceil((steps * CLOSEST) / (width - MARGIN.left - MARGIN.right));
  return together > 1 && by === 'day' ? WEEK * Math.ceil(together / WEEK) : Math.max(1, together);
}

/** The points of a line: a step or the middle of several, with the mean of their values. */
function means(list, value, together) {
  if (together === 1) return list.map((step, at) => [at, step[value]]);
  return range(0, list.length, together).map((first) => {
    const part = list.slice(first, first + together);
    return [first + (part.length - 1) / 2, part.reduce((sum, step) => sum + step[value], 0) / part.length];
  });
}

/** The steps that are labelled at the axis: as many as fit, evenly spaced, with the last step as the last label. */
function labels(steps, width, by) {
  const most = Math.max(2, Math.floor((width - MARGIN.left - MARGIN.right) / LABEL[by]));
  const apart = Math.max(1, Math.ceil((steps - 1) / (most - 1)));
  return range(steps - 1, -1, -apart).reverse();
}
