// A refused large file: the sender gets the reason over a real socket, with any client. Most clients lose the connection to a server that answers
// before it has read the body.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { post, views } from '../support/client.mjs';
import { startWorkerd } from '../support/workerd.mjs';

const TOKEN = 'owner-of-a-test-0123';
const owner = { authorization: `Bearer ${TOKEN}` };

/** 30 MB, whose first lines are valid. */
const LINES = 600_000;

const line = (at) => `{"page":"/${at}-a-page-of-a-site","views":1}\n`;

function file({ wrongAt } = {}) {
  const lines = ['{"footfall":1,"site":"blog","id":"large","at":""}\n'];
  for (let at = 0; at < LINES; at += 1) lines.push(at === wrongAt ? '{"page":"no-page","views":1}\n' : line(at));
  lines.push(`{"end":${LINES},"changes":0}\n`);
  return Buffer.from(lines.join(''));
}

/** Each client sends `body` and returns the status and text of the answer. */
const CLIENTS = {
  async fetch(url, headers, body) {
    const answer = await fetch(url, { method: 'POST', headers, body });
    return { status: answer.status, text: await answer.text() };
  },
  'node:http': (url, headers, body) =>
    new Promise((resolve, reject) => {
      const sent = request(url, { method: 'POST', headers: { ...headers, 'content-length': body.length } }, async (response) => {
        let text = '';
        for await (const chunk of response) text += chunk;
        resolve({ status: response.statusCode, text });
      });
      sent.on('error', reject);
      sent.end(body);
    }),
  async curl(url, headers, body, { dir }) {
    const path = join(dir, 'file.ndjson');
    writeFileSync(path, body);
    const options = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
    // As in docs/owning.md, but without -f, which hides the text of the answer.
    const child = spawn('curl', ['-sS', ...options, '--data-binary', `@${path}`, '-w', '\n%{http_code}', url], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    for await (const chunk of child.stdout) text += chunk;
    const lines = text.split('\n');
    return { status: Number(lines.pop()), text: lines.join('\n') };
  },
};

test('fetch, node:http and curl all get the answer when a large file is refused', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'footfall-large-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const footfall = await startWorkerd(t, { vars: { SITES: 'blog,shop', ADMIN_TOKEN: TOKEN } });
  await post(footfall, { site: 'blog', page: '/a' });
  const right = file();
  const wrong = file({ wrongAt: 100 });
  assert.ok(right.length > 24 * 1024 * 1024, `${right.length} bytes`);
  const url = (path) => `${footfall.url}/api/sites/${path}`;
  for (const [name, send] of Object.entries(CLIENTS)) {
    if (name === 'curl' && spawnSync('curl', ['--version']).error) {
      t.diagnostic('there is no curl here');
      continue;
    }
    for (const [path, headers, body, status, complaint] of [
      ['shop/import', {}, right, 401, /token/],
      ['none/import', owner, right, 404, /no such site/],
      ['blog/import', owner, right, 409, /views already/],
      ['shop/import?add=maybe', owner, right, 400, /add/],
      ['shop/import', owner, wrong, 400, /line 102: page cannot be/],
    ]) {
      const answer = await send(url(path), headers, body, { dir });
      assert.equal(answer.status, status, `${name} ${path}: ${answer.text}`);
      assert.match(answer.text, complaint, `${name} ${path}`);
    }
  }
  assert.equal(await views(footfall, { site: 'blog' }), 1);
  assert.equal(await views(footfall, { site: 'shop' }), 0);
});
