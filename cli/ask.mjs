// Questions on a terminal.

import { createInterface } from 'node:readline';
import { Trouble } from '../tools/run.mjs';

/**
 * Calls `work` with `ask(question, offered, read)`, which repeats the question until `read` accepts the answer. An empty answer means
 * `offered`. Ctrl-C or the end of the input throws a `Trouble`.
 */
export async function asking(work, { input, output } = { input: process.stdin, output: process.stdout }) {
  const terminal = createInterface({ input, output });
  let closed = false;
  terminal.once('SIGINT', () => terminal.close()).once('close', () => (closed = true));
  // One iterator for all questions: pasted lines arrive at once, and readline would lose those that come before their question.
  const lines = terminal[Symbol.asyncIterator]();
  const ask = async (question, offered, read) => {
    for (;;) {
      terminal.setPrompt(`${question}${offered ? ` [${offered}]` : ''}: `);
      // Lines that arrived before the input ended can still be read.
      if (!closed) terminal.prompt();
      const { value, done } = await lines.next();
      if (done) throw new Trouble('the questions were not answered, so nothing was written');
      try {
        return read(value.trim() || offered);
      } catch (error) {
        if (!(error instanceof Trouble)) throw error;
        output.write(`  ${error.message}\n`);
      }
    }
  };
  try {
    return await work(ask);
  } finally {
    terminal.close();
  }
}
