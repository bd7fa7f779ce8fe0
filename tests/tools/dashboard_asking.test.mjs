// A request of the dashboard, up to the last byte of its answer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, Problem } from '../../assets/dashboard/api.js';
import { startServer } from '../support/http_server.mjs';

const mayPass = (error) => error instanceof Problem && error.passes;

test('an answer that breaks off is requested again', async (t) => {
  const url = await startServer(t, (_, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('{"views":', () => response.destroy());
  });
  await assert.rejects(ask(url), mayPass);
});

test('an answer that is not JSON, as from a network that wants a login, is requested again', async (t) => {
  const url = await startServer(t, (_, response) => response.writeHead(200).end('<!doctype html><title>Welcome to our network</title>'));
  await assert.rejects(ask(url), mayPass);
});

test('a cancelled request has no answer, even if the answer has begun', async (t) => {
  let finish;
  const begun = new Promise((resolve) => (finish = resolve));
  const url = await startServer(t, (_, response) => {
    response.writeHead(200).write('{"views":', () => finish(() => response.end('1}')));
  });
  const abort = new AbortController();
  const answer = ask(url, { signal: abort.signal }, async (response) => {
    const end = await begun;
    abort.abort();
    end();
    return response.json();
  });
  await assert.rejects(answer, { name: 'AbortError' });
});
