// Checks that all answers of Footfall share.

import assert from 'node:assert/strict';

/** The two texts of `GET /`. They are the product's promise, so the tests write them out instead of importing them. */
export const WELCOME = 'Welcome to my site!';
export const ERROR = 'Error registering your visit';

/** Checks the answer to a registered visit. */
export function assertWelcome(answer, message) {
  assert.deepEqual(
    { status: answer.status, text: answer.text, visit: answer.visit },
    { status: 200, text: WELCOME, visit: 'counted' },
    message,
  );
  assertText(answer);
}

/** Checks the answer to a visit that was not registered, or perhaps not. */
export function assertNotRegistered(answer, { status, visit }, message) {
  assert.deepEqual({ status: answer.status, text: answer.text, visit: answer.visit }, { status, text: ERROR, visit }, message);
  assertText(answer);
}

function assertText({ headers }) {
  assert.equal(headers.get('content-type'), 'text/plain; charset=utf-8');
  assert.equal(headers.get('cache-control'), 'no-store');
}

/** Checks a refusal: one line of JSON, `{"error":"…","hint":"…"}`. */
export function assertProblem(answer, status, message) {
  assert.equal(answer.status, status, `${message ?? ''} answered ${answer.status} ${answer.text}`);
  assert.equal(answer.headers.get('content-type'), 'application/json', message);
  assert.equal(answer.headers.get('cache-control'), 'no-store', message);
  assert.ok(!/[\r\n]/.test(answer.text), `${message ?? ''} not one line: ${answer.text}`);
  assert.deepEqual(Object.keys(answer.json), ['error', 'hint'], message);
  for (const text of Object.values(answer.json)) assert.ok(typeof text === 'string' && text.length > 0, message);
}
