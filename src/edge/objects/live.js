// WebSockets of who watches a site live. See live.rs and live_object.rs.

/**
 * Hands a request to the site's object, and what comes back to `ended`: a response with a WebSocket, another one's status, or an error;
 * 504 where nothing does in time. Only the first of them ends the wait.
 */
export function upgrade(env, site, request, ms, number, ended) {
  setTimeout(ended, ms, number, 504);
  // What fails before there is a promise, as without the binding, must not leave through WebAssembly: it would end the instance.
  Promise.try(() => env.LIVE.getByName(site).fetch(request)).then(
    (response) => ended(number, response.webSocket ? response : response.status),
    (error) => ended(number, error),
  );
}

/** How many watch. */
export function watchers(context) {
  return context.getWebSockets().length;
}

/** How many are told in one turn. Then other work gets the thread: a message takes some 60 us. */
const AT_ONCE = 100;

/** What is told last, by objects that tell just now. */
const latest = new WeakMap();

/**
 * Tells it to all who watch. One who has just left is told nothing. Where the next numbers arrive before all have been told,
 * what is in between is left out: each text says all.
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
    // It closes; there is nobody to tell.
  }
}

/** Lets all go who watch: 1013, try again later. */
export function letGo(context) {
  for (const socket of context.getWebSockets()) close(socket, 1013, 'the numbers cannot be had now');
}

export function close(socket, code, reason) {
  try {
    socket.close(code, reason);
  } catch {
    // It is closed already.
  }
}
