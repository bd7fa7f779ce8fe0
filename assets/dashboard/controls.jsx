// The controls for the period, the steps, the time zone, and light or dark.

import { useState } from 'preact/hooks';
import { span as spanText } from './format.js';
import { daysOf, isDay, MOST_DAYS, PERIODS, STEPS } from './period.js';

/** `go(change)` returns the address of the page with `change`, and `visit(address)` opens it. */
export function Controls({ shown, span, steps, by, today, here, go, visit }) {
  return (
    <div class="controls">
      <nav aria-label="Period">
        <ul class="choices">
          {Object.entries(PERIODS).map(([period, name]) => (
            <li key={period}><a href={go({ period, from: undefined, to: undefined, by: undefined })} aria-current={shown.period === period ? 'true' : undefined}>{name}</a></li>
          ))}
        </ul>
      </nav>
      <Days key={`${span.from} ${span.to}`} {...{ span, today, go, visit }} isOn={shown.period === undefined} />
      <nav aria-label="Steps">
        <ul class="choices">
          {steps.map((step) => <li key={step}><a href={go({ by: step })} aria-current={step === by ? 'true' : undefined}>{STEPS[step]}</a></li>)}
        </ul>
      </nav>
      <label class="check"><input type="checkbox" checked={shown.compare} disabled={daysOf(span) === MOST_DAYS} onChange={(event) => visit(go({ compare: event.currentTarget.checked }))} /> Compare</label>
      <label class="zone">
        <span class="unseen">Time zone</span>
        <select value={shown.tz ?? here} onChange={(event) => visit(go({ tz: event.currentTarget.value === here ? undefined : event.currentTarget.value }))}>
          {[...new Set([here, 'UTC', shown.tz ?? here])].map((tz) => <option key={tz} value={tz}>{tz.replaceAll('_', ' ')}</option>)}
        </select>
      </label>
    </div>
  );
}

/** The form for any period, by its first and last day. */
function Days({ span, today, isOn, go, visit }) {
  const [wrong, setWrong] = useState('');
  const submit = (event) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const chosen = { from: fields.get('from'), to: fields.get('to') };
    if (!isDay(chosen.from) || !isDay(chosen.to)) return setWrong('Give a first and a last day.');
    if (chosen.from > chosen.to) return setWrong('The first day comes after the last.');
    if (daysOf(chosen) > MOST_DAYS) return setWrong('Ten years is the longest period.');
    visit(go({ ...chosen, period: undefined, by: undefined }));
  };
  // The form covers the next elements, which must be visible when they get the focus.
  const onFocusOut = ({ currentTarget, relatedTarget: to }) => {
    if (to && !currentTarget.contains(to) && !to.contains(currentTarget)) currentTarget.open = false;
  };
  const onKeyDown = ({ key, currentTarget }) => {
    if (key !== 'Escape' || !currentTarget.open) return;
    currentTarget.open = false;
    currentTarget.querySelector('summary').focus();
  };
  return (
    <details class="days" onFocusOut={onFocusOut} onKeyDown={onKeyDown}>
      <summary aria-current={isOn || undefined}>{spanText(span)}</summary>
      <form onSubmit={submit} noValidate>
        <label>First day <input type="date" name="from" defaultValue={span.from} max={today} /></label>
        <label>Last day <input type="date" name="to" defaultValue={span.to} max={today} /></label>
        <button>Show</button>
        {wrong && <p class="failed" role="alert">{wrong}</p>}
      </form>
    </details>
  );
}

const THEMES = { auto: 'As the system', light: 'Light', dark: 'Dark' };
const THEME = 'footfall-theme';

/** Applies the last choice, if the browser kept it. */
export function applyTheme(theme) {
  try {
    theme ??= localStorage.getItem(THEME) ?? 'auto';
    localStorage.setItem(THEME, theme);
  } catch {
    theme ??= 'auto';
  }
  if (Object.hasOwn(THEMES, theme)) document.documentElement.dataset.theme = theme;
  return theme;
}

export function Theme() {
  const [theme, setTheme] = useState(() => document.documentElement.dataset.theme);
  return (
    <label class="theme">
      <span class="unseen">Colours</span>
      <select value={theme} onChange={(event) => setTheme(applyTheme(event.currentTarget.value))}>
        {Object.entries(THEMES).map(([name, says]) => <option key={name} value={name}>{says}</option>)}
      </select>
    </label>
  );
}
