// A load generator that checks every answer. Each connection sends its next request when the last is answered.
//
// It uses bare sockets, because at these rates an HTTP client costs more CPU than the server.

import net from 'node:net';

/**
 * Sends `total` requests over `connections` connections and calls `onAnswer(status, body)` for each answer, in any order. Resolves when all are
 * answered. Rejects when a connection breaks off, or when no answer comes for `silenceMs`.
 */
export async function hammer(server, { total, connections, request = 'GET / HTTP/1.1\r\nHost: footfall.test\r\n\r\n', onAnswer, silenceMs = 15_000 }) {
  let sent = 0;
  let answered = 0;
  let heard = Date.now();
  const sockets = [];
  const watch = { timer: undefined };
  const silence = new Promise((_, reject) => {
    watch.timer = setInterval(() => {
      if (Date.now() - heard > silenceMs) reject(new Error(`silent for ${silenceMs} ms after ${answered} of ${total} answers`));
    }, 1_000);
  });
  const run = () =>
    new Promise((resolve, reject) => {
      const socket = net.connect(server.port, '127.0.0.1');
      sockets.push(socket);
      let unread = '';
      const next = () => {
        if (sent >= total) {
          socket.end();
          resolve();
          return;
        }
        sent += 1;
        socket.write(request);
      };
      socket.setNoDelay(true).setEncoding('latin1');
      socket.once('connect', next);
      socket.once('error', reject);
      socket.once('close', () => reject(new Error(`a connection closed after ${answered} answers`)));
      socket.on('data', (text) => {
        unread += text;
        const answer = take(unread);
        if (answer === undefined) return;
        unread = unread.slice(answer.length);
        answered += 1;
        heard = Date.now();
        onAnswer(answer.status, answer.body);
        next();
      });
    });
  try {
    await Promise.race([Promise.all(Array.from({ length: connections }, run)), silence]);
  } finally {
    clearInterval(watch.timer);
    for (const socket of sockets) socket.destroy();
  }
}

/** The first complete answer in the bytes read so far, if there is one. All answers of Footfall state their length. */
function take(text) {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return undefined;
  const bodyLength = Number(/\r\ncontent-length: (\d+)/i.exec(text.slice(0, head))?.[1] ?? 0);
  const length = head + 4 + bodyLength;
  if (text.length < length) return undefined;
  return { status: Number(text.slice(9, 12)), body: text.slice(head + 4, length), length };
}
