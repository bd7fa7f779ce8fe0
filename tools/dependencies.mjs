// The gates on what others wrote: licences, sources and double versions of crates, and known vulnerabilities of crates and npm packages.
//
// deny.toml and ALLOWED say what is let in, each exception with its reason. The lists of vulnerabilities are on the network. A machine that
// does not reach them says so and goes on, as no build may depend on that; everything else needs no network, and fails.

import { cargoBin, toolEnv } from './pins.mjs';
import { capture, run, Trouble } from './run.mjs';
import { notTried } from './untried.mjs';

/** How long the list of vulnerable crates may take to arrive. */
const FETCH_MS = 120_000;

/** Vulnerabilities of this severity shut the gate. Less concerns nobody who runs tests and builds on input of their own. */
const SEVERE = ['high', 'critical'];

/** Advisories that do not concern Footfall: their identifier, such as GHSA-1234-5678-9abc, and the reason. */
const ALLOWED = {};

/** `cargo deny`: its rules are in deny.toml. */
export async function deny() {
  const cargoDeny = (...args) => run(cargoBin('cargo-deny'), ['--locked', ...args], { env: toolEnv() });
  await cargoDeny('check', 'bans', 'licenses', 'sources');
  const fetched = await capture(cargoBin('cargo-deny'), ['fetch', 'db'], { env: toolEnv(), timeout: FETCH_MS });
  if (fetched.code !== 0) return notTried('vulnerabilities of crates', 'the advisory database cannot be fetched from here');
  await cargoDeny('check', '--disable-fetch', 'advisories');
}

/** `npm audit`, of all packages: even those that only build come near the tokens of the person who deploys. */
export async function audit(env = process.env) {
  const { output } = await capture('npm', ['audit', '--json', '--loglevel=silent'], { env });
  const report = reportIn(output);
  if (!report.vulnerabilities) return notTried('vulnerabilities of npm packages', `the registry does not answer (${report.message ?? 'no report'})`);
  const found = severe(report, ALLOWED);
  if (found.length > 0) {
    throw new Trouble(`npm audit:\n${found.map((line) => `  ${line}`).join('\n')}\nMove the package to a version without it (npm audit fix), or add the advisory to ALLOWED in tools/dependencies.mjs with a reason`);
  }
}

/** The report of npm; an empty one where it wrote none. */
function reportIn(output) {
  try {
    return JSON.parse(output.slice(output.indexOf('{')));
  } catch {
    return {};
  }
}

/** A line for each severe advisory of a report that is not in `allowed`. A package that only depends on a vulnerable one has none. */
export function severe({ vulnerabilities }, allowed) {
  const advisories = Object.values(vulnerabilities).flatMap(({ via }) => via.filter((one) => typeof one === 'object'));
  const open = advisories.filter(({ severity, url }) => SEVERE.includes(severity) && !Object.hasOwn(allowed, url.split('/').pop()));
  return [...new Set(open.map(({ name, range, title, severity, url }) => `${name} ${range}: ${title} (${severity}, ${url})`))];
}
