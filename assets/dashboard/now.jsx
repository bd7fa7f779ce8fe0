// The live numbers: the people of the last 5 minutes and the views of the last 30 minutes.

import { useEffect, useReducer, useRef, useState } from 'preact/hooks';
import { many, number } from './format.js';
import { aged, isNews, Live } from './live.js';

/** How often the minutes are updated, in milliseconds: they pass without a message. */
const LOOK_MS = 5_000;

const SAYS = { connecting: 'Connecting', live: 'Live', asking: 'Every 10 seconds', lost: 'No connection' };

/**
 * Follows a site, if there is one: `{ state, views, people }`, with `views` by minute and `people` by the minute of their last view. Calls `arrived` for
 * each message with new views.
 */
export function useLive(site, token, arrived) {
  const [{ state, message, received }, set] = useState({ state: 'connecting' });
  const [, look] = useReducer((looks) => looks + 1, 0);
  const call = useRef();
  call.current = arrived;
  useEffect(() => {
    if (site === undefined) return undefined;
    let known;
    const live = new Live(site, token, (now, text) => {
      set((was) => (text ? { state: now, message: text, received: performance.now() } : { ...was, state: now }));
      if (!text) return;
      if (known !== undefined && isNews(text, known)) call.current();
      known = text;
    });
    const timer = setInterval(look, LOOK_MS);
    return () => {
      clearInterval(timer);
      live.stop();
    };
  }, [site, token]);
  // Without a site, there are no messages.
  if (site === undefined) return { state: 'connecting' };
  return { state, ...(message && aged(message, performance.now() - received)) };
}

const HEIGHT = 44;
const BAR = 6;

export function Now({ state, views, people }) {
  const now = people?.reduce((a, b) => a + b, 0);
  const sum = views?.reduce((a, b) => a + b, 0);
  const most = views ? Math.max(1, ...views) : 1;
  return (
    <section class="now" aria-labelledby="title-now" data-state={state}>
      <h2 id="title-now">Right now <span class="state" role="status">{SAYS[state]}</span></h2>
      <p class="people"><strong>{now === undefined ? '–' : number(now)}</strong> {now === 1 ? 'person' : 'people'} <small>in the last 5 minutes</small></p>
      <div class="minutes">
        <svg viewBox={`0 0 ${30 * BAR} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          {views?.map((count, minute) => {
            const height = count === 0 ? 1 : Math.max(2, (count / most) * HEIGHT);
            return <rect key={minute} class={count === 0 ? 'no' : undefined} x={minute * BAR} width={BAR - 1.5} y={HEIGHT - height} height={height} />;
          })}
        </svg>
        <p>{views ? `${many(sum, 'view')} in the last 30 minutes` : 'Waiting for the counter'}</p>
      </div>
    </section>
  );
}
