// Runs a command that serves until it is stopped: `npm start` or `npx footfall dev`, as a user types them.

import { spawn } from 'node:child_process';

/** Starts a command. Resolves once it says that it is ready. `stop` ends it as Ctrl-C does, and so does the end of the test. */
export async function startServing(t, command, args, options) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const stop = () => {
    child.kill('SIGINT');
    return ended;
  };
  t.after(stop);
  let log = '';
  await new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        log += text;
        if (/ready\. Count a visit/.test(log)) resolve();
      });
    }
    ended.then((code) => reject(new Error(`${[command, ...args].join(' ')} ended with ${code}:\n${log}`)));
  });
  return { log: () => log, stop };
}
