// A lock file that lets one process work at a time, among all clones on this machine.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from './run.mjs';

const POLL_MS = 500;

/** Runs `work` while this process owns the lock file `path`. It waits for the present owner, which the message calls another `what`. */
export async function withLock(path, work, what = 'set-up') {
  let told = false;
  while (!take(path)) {
    const owner = ownerOf(path);
    if (owner !== undefined && !alive(owner)) {
      rmSync(path, { force: true });
      continue;
    }
    if (!told) say(`waiting for another ${what} on this machine, process ${owner} (${path})`);
    told = true;
    await sleep(POLL_MS);
  }
  const release = () => rmSync(path, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.removeListener('exit', release);
    release();
  }
}

function take(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** The process that the file names; undefined if the file is gone or not written yet. */
function ownerOf(path) {
  try {
    return Number(readFileSync(path, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
