// A slow external counter: it answers each POST a given number of milliseconds after it has read it.

import { once } from 'node:events';
import { createServer } from 'node:http';

/** Starts a counter on a free port of the loopback. Returns its `url`, the number of `posts` it counted, and `end`. */
export async function startSlowCounter(slowMs) {
  const counter = { posts: 0 };
  const server = createServer(async (request, response) => {
    // A request that cannot be read is answered as well: then the Worker has disconnected.
    await once(request.resume(), 'end').catch(() => {});
    setTimeout(() => {
      counter.posts += 1;
      response.writeHead(200).end();
    }, slowMs);
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });
  await once(server, 'listening');
  counter.url = `http://127.0.0.1:${server.address().port}/counter`;
  counter.end = () => {
    server.closeAllConnections();
    server.close();
  };
  return counter;
}
