// An HTTP server for a test.

import { createServer } from 'node:http';

/** Starts a server on a free port of the loopback that answers with `handler`. It ends with the test `t`. Resolves to its URL, without a `/` at the end. */
export async function startServer(t, handler) {
  const server = createServer(handler);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  // Open connections must not keep a failed test from ending.
  server.unref();
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}
