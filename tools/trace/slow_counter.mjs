// An external counter that takes its time: each POST is answered so many milliseconds after it was read.

import { once } from 'node:events';
import { createServer } from 'node:http';

/** Starts one on a free port of the loopback: its `url`, how many `posts` it counted, and `end`. */
export async function startSlowCounter(slowMs) {
  const counter = { posts: 0 };
  const server = createServer(async (request, response) => {
    // What cannot be read is answered all the same: the Worker has gone then.
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
