// The WebSockets of a site's watchers. See src/edge/objects/live.rs and src/edge/handlers/live.rs.

import { stub } from '../clients/object_call.js';

/**
 * Passes a request to the site's object, and passes the outcome to `ended`: a response with a WebSocket, the status of another response,
 * an error, or 504 if no outcome comes in time. Only the first outcome ends the wait.
 */
export function upgrade(env, site, request, ms, number, ended) {
  setTimeout(ended, ms, number, 504);
  // The call may throw before there is a promise, for example without the binding. Such an error would end the instance if it
  // passed through WebAssembly.
  Promise.try(() => stub(env, 'LIVE', site).fetch(request)).then(
    (response) => ended(number, response.webSocket ? response : response.status),
    (error) => ended(number, error),
  );
}

/** The number of watchers. */
export function watchers(context) {
  return context.getWebSockets().length;
}

/** How many watchers get a message in one turn before other work gets the thread. A message takes some 60 us. */
const AT_ONCE = 100;

/** The newest message of each object that is sending one. */
const latest = new WeakMap();

/**
 * Sends a text to all watchers. If several newer texts come before all watchers have this one, only the newest follows, because each
 * text has all numbers.
 */
export async function tell(context, text) {
  const tells = latest.has(context);
  latest.set(context, text);
  if (tells) return;
  let told;
  while (told !== (told = latest.get(context))) {
    const sockets = context.getWebSockets();
    for (let at = 0; at < sockets.length; at += AT_ONCE) {
      if (at > 0) await scheduler.wait(0);
      for (const socket of sockets.slice(at, at + AT_ONCE)) send(socket, told);
    }
  }
  latest.delete(context);
}

export function send(socket, text) {
  try {
    socket.send(text);
  } catch {
    // This watcher has just left.
  }
}

/** Closes all WebSockets with 1013, try again later. */
export function letGo(context) {
  for (const socket of context.getWebSockets()) close(socket, 1013, 'the numbers are not available now');
}

export function close(socket, code, reason) {
  try {
    socket.close(code, reason);
  } catch {
    // It is already closed.
  }
}
