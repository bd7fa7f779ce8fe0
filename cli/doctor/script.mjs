// Checks that the script for pages is served as it was published.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WORKER, workerVersion } from '../folder.mjs';
import { prebuilt, VERSION } from '../package.mjs';
import { look, unexpected } from './look.mjs';

const sha256 = (text) => createHash('sha256').update(text).digest('hex');

/** Returns the script's text, if it was served. */
export async function examineScript(report, base, folder) {
  const answer = await look(new URL('footfall.js', base));
  if (answer.status !== 200) return void report.wrong('script', ...unexpected(answer));
  const { headers, text } = answer;
  const type = headers.get('content-type') ?? 'no type';
  const { published, version } = publishedIn(folder);
  if (!/javascript/.test(type)) report.wrong('script', `/footfall.js is answered as ${type}`, 'check for a proxy, a login or an error page in front of the Worker');
  else if (sha256(text) !== sha256(published)) {
    report.wrong('script', `/footfall.js has ${text.length} characters and is not that of version ${version}, which has ${published.length}`, 'npx footfall deploy; if that does not help, something on the way changes scripts: Rocket Loader, Auto Minify, a proxy');
  } else report.ok('script', `/footfall.js is the one of version ${version}`);
  return text;
}

/** The script that the folder would publish; without a folder, the one in this package. */
function publishedIn(folder) {
  const own = folder && join(folder, WORKER, 'assets', 'footfall.js');
  if (own && existsSync(own)) return { published: readFileSync(own, 'utf8'), version: workerVersion(folder) ?? 'unknown' };
  return { published: readFileSync(join(prebuilt(), 'assets', 'footfall.js'), 'utf8'), version: VERSION };
}
