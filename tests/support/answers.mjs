// What answers of Footfall have in common, said once.

import assert from 'node:assert/strict';

/** The two texts of `GET /`. They are the product's promise, so tests write them out and import nothing. */
export const WELCOME = 'Welcome to my site!';
export const ERROR = 'Error registering your visit';

/** The answer to a visit that is registered. */
export function assertWelcome(answer, message) {
  assert.deepEqual(
    { status: answer.status, text: answer.text, visit: answer.visit },
    { status: 200, text: WELCOME, visit: 'counted' },
    message,
  );
  assertText(answer);
}

/** The answer to a visit that is not, or perhaps not, registered. */
export function assertNotRegistered(answer, { status, visit }, message) {
  assert.deepEqual({ status: answer.status, text: answer.text, visit: answer.visit }, { status, text: ERROR, visit }, message);
  assertText(answer);
}

function assertText({ headers }) {
  assert.equal(headers.get('content-type'), 'text/plain; charset=utf-8');
  assert.equal(headers.get('cache-control'), 'no-store');
}

/** One line of JSON, `{"error":"…","hint":"…"}`, for a caller who asked wrongly. */
export function assertProblem(answer, status, message) {
  assert.equal(answer.status, status, `${message ?? ''} answered ${answer.status} ${answer.text}`);
  assert.equal(answer.headers.get('content-type'), 'application/json', message);
  assert.equal(answer.headers.get('cache-control'), 'no-store', message);
  assert.ok(!/[\r\n]/.test(answer.text), `${message ?? ''} not one line: ${answer.text}`);
  assert.deepEqual(Object.keys(answer.json), ['error', 'hint'], message);
  for (const text of Object.values(answer.json)) assert.ok(typeof text === 'string' && text.length > 0, message);
}
