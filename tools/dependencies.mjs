// The gates on dependencies: licences, sources and duplicate versions of crates, and known vulnerabilities of crates and npm packages.
//
// deny.toml and ALLOWED list the exceptions, each with its reason. The lists of vulnerabilities are on the network. If this machine cannot
// reach them, the gate says so and passes, because no build may depend on the network. The other checks need no network, and fail.

import { cargoBin, toolEnv } from './pins.mjs';
import { capture, run, Trouble } from './run.mjs';
import { notTried } from './untried.mjs';

/** How long fetching the list of vulnerable crates may take. */
const FETCH_MS = 120_000;

/** Severities that fail the gate. Lower ones do not matter to tools that run only on our own input. */
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

/** `npm audit` of all packages: even build tools run on a machine that has the tokens for a deployment. */
export async function audit(env = process.env) {
  const { output } = await capture('npm', ['audit', '--json', '--loglevel=silent'], { env });
  const report = reportIn(output);
  if (!report.vulnerabilities) return notTried('vulnerabilities of npm packages', `the registry does not answer (${report.message ?? 'no report'})`);
  const found = severe(report, ALLOWED);
  if (found.length > 0) {
    throw new Trouble(`npm audit:\n${found.map((line) => `  ${line}`).join('\n')}\nMove the package to a version without it (npm audit fix), or add the advisory to ALLOWED in tools/dependencies.mjs with a reason`);
  }
}

/** npm's report; an empty object if it wrote none. */
function reportIn(output) {
  try {
    return JSON.parse(output.slice(output.indexOf('{')));
  } catch {
    return {};
  }
}

/** A line for each severe advisory of a report that `allowed` does not list. Packages that only depend on a vulnerable one get no line. */
export function severe({ vulnerabilities }, allowed) {
  const advisories = Object.values(vulnerabilities).flatMap(({ via }) => via.filter((one) => typeof one === 'object'));
  const open = advisories.filter(({ severity, url }) => SEVERE.includes(severity) && !Object.hasOwn(allowed, url.split('/').pop()));
  return [...new Set(open.map(({ name, range, title, severity, url }) => `${name} ${range}: ${title} (${severity}, ${url})`))];
}
