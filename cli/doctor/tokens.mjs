// Checks that the tokens on this machine are the Worker's, with requests that only read. A token that is missing is not tried.

import { SECRETS_FILE, tokenOf } from '../folder.mjs';
import { look, unexpected } from './look.mjs';

const TRIED = [
  ['STATS_TOKEN', 'GET', 'summary', 'reads the numbers'],
  ['ADMIN_TOKEN', 'HEAD', 'export', 'opens the export'],
];

export async function examineTokens(report, base, site) {
  if (site === undefined) return;
  for (const [name, method, route, does] of TRIED) {
    const token = tokenOf(name);
    if (token === undefined) continue;
    const answer = await look(new URL(`api/sites/${site}/${route}`, base), { method, headers: { authorization: `Bearer ${token}` } });
    if (answer.status === 200) report.ok('tokens', `${name} ${does}`);
    else if (answer.status === 401) report.wrong('tokens', `${name} here differs from the Worker's`, `npx footfall deploy uploads the one in ${SECRETS_FILE}`);
    else if (answer.status === 403) report.wrong('tokens', `the Worker has no ${name}, or keeps its numbers closed`, `npx footfall deploy uploads the one in ${SECRETS_FILE}`);
    else report.wrong('tokens', ...unexpected(answer));
  }
}
