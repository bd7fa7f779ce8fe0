// Questions on a terminal.

import { createInterface } from 'node:readline';
import { Trouble } from '../tools/run.mjs';

/**
 * Calls `work` with a function that asks: `ask(question, offered, read)` asks until `read` takes the answer; an empty one means `offered`.
 * Ctrl-C and the end of the input end it all.
 */
export async function asking(work, { input, output } = { input: process.stdin, output: process.stdout }) {
  const terminal = createInterface({ input, output });
  let closed = false;
  terminal.once('SIGINT', () => terminal.close()).once('close', () => (closed = true));
  // Not a question at a time: what is pasted comes at once, and lines that nobody asked for yet would be lost.
  const lines = terminal[Symbol.asyncIterator]();
  const ask = async (question, offered, read) => {
    for (;;) {
      terminal.setPrompt(`${question}${offered ? ` [${offered}]` : ''}: `);
      // Lines that came before the end are read all the same.
      if (!closed) terminal.prompt();
      const { value, done } = await lines.next();
      if (done) throw new Trouble('nothing was written');
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
