// The messages of a page without numbers: the reason, and what to do.

import { useState } from 'preact/hooks';
import { ask, path } from './api.js';
import { clock, number } from './format.js';

/** For a list or the chart that could not be read. */
export const Failed = ({ problem }) => (
  <p class="failed" role="alert">{problem.message}{problem.hint ? `: ${problem.hint}` : ''}</p>
);

/** For numbers that are old. */
export const Stale = ({ problem, since, next, retry }) => (
  <div class="stale">
    <span role="status">{problem.message}. {since ? `These numbers are from ${clock(since)}.` : ''}</span>
    <Next next={next} retry={retry} />
  </div>
);

/** The time of the next try, and a button to try now. Screen readers do not announce it, because it changes with each try. */
const Next = ({ next, retry }) => (
  <>
    <span>{next ? `The next try is at ${clock(next)}.` : 'Trying again …'}</span>
    <button type="button" onClick={retry}>Try now</button>
  </>
);

/** For a page without any numbers, because `problem` affects all of them. */
export function Whole({ problem, site, retry, next, login }) {
  switch (problem.kind) {
    case 'token':
      return <Login site={site} login={login} />;
    case 'closed':
      return (
        <Message title="The numbers of this site are closed">
          <p>The owner of this counter can open them: in <code>wrangler.toml</code> with <code>STATS = "public"</code>, or for people with a token:</p>
          <pre><code>npx wrangler secret put STATS_TOKEN</code></pre>
        </Message>
      );
    case 'missing':
      return (
        <Message title={`There is no site “${site}” here`}>
          <p>The sites that are counted are those that <code>SITES</code> lists in <code>wrangler.toml</code>.</p>
          <Choice />
        </Message>
      );
    case 'refused':
      return <Message title="This cannot be shown"><p>{problem.message}{problem.hint ? `: ${problem.hint}` : ''}.</p><p><a href={`/dashboard/${encodeURIComponent(site)}`}>The last 30 days</a></p></Message>;
    default:
      return (
        <Message title="The numbers could not be read">
          <p>{problem.message}{problem.hint ? `: ${problem.hint}` : ''}.</p>
          <p class="again"><Next next={next} retry={retry} /></p>
        </Message>
      );
  }
}

const Message = ({ title, children }) => <section class="message"><h2>{title}</h2>{children}</section>;

/** For a site without a visit, ever or in the period. */
export function Empty({ total, isAll, site, everything }) {
  if (total > 0 && isAll) return <Message title="No view has a date"><p>These {number(total)} views are totals of another counter: their dates are not known, but their pages are.</p></Message>;
  if (total > 0) return <Message title="Nothing was counted in this period"><p>There are views before or after it: <a href={everything}>show all of them</a>.</p></Message>;
  return (
    <Message title="No visit yet">
      <p>Put this on a page; its next visit shows here at once.</p>
      <pre tabIndex={0}><code>{`<script defer src="${location.origin}/footfall.js" data-site="${site}"></script>`}</code></pre>
    </Message>
  );
}

/** Asks for the token. It is sent in a header and kept until the tab is closed, and is never in an address. */
function Login({ site, login }) {
  const [wrong, setWrong] = useState('');
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    const token = new FormData(event.currentTarget).get('token').trim();
    // Only characters that a header can carry.
    if (!/^[\x21-\x7e]+$/.test(token)) return setWrong('A token has visible characters only, without spaces.');
    setBusy(true);
    try {
      await ask(path(site, 'summary'), { token });
      login(token);
    } catch (problem) {
      setWrong(problem.kind === 'token' ? 'That is not the token.' : problem.message);
      setBusy(false);
    }
  };
  return (
    <section class="message">
      <h2>These numbers need a token</h2>
      <form onSubmit={submit} method="post">
        <label for="token">Token</label>
        <input id="token" name="token" type="password" autocomplete="current-password" required aria-describedby="token-says" aria-invalid={wrong !== '' || undefined} />
        <button disabled={busy}>Show the numbers</button>
        <p id="token-says" role="alert" class={wrong ? 'failed' : undefined}>{wrong}</p>
      </form>
      <p class="small">It is the secret <code>STATS_TOKEN</code> of this counter. It stays in this tab until it is closed.</p>
    </section>
  );
}

/** Asks for a site if the address has none. */
export function Choice() {
  const submit = (event) => {
    event.preventDefault();
    location.href = `/dashboard/${encodeURIComponent(new FormData(event.currentTarget).get('site').trim())}`;
  };
  return (
    <form class="choice" onSubmit={submit}>
      <label for="site">Site</label>
      <input id="site" name="site" required maxLength={64} autocapitalize="off" spellcheck={false} placeholder="default" />
      <button>Show</button>
    </form>
  );
}
