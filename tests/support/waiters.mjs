// Waiting for a condition without sleeping: the code that changes something wakes those that wait.

/** Far above any wait in these tests, so that a condition that never comes true fails with its name. */
const PATIENCE_MS = 30_000;

export class Waiters {
  #waiting = new Set();

  /** Looks again at every condition that is waited for. */
  wake() {
    for (const look of [...this.#waiting]) look();
  }

  /** Resolves when `condition()` is true; it is asked now and at each `wake()`. */
  until(condition, what, ms = PATIENCE_MS) {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`waited ${ms} ms in vain for ${what}`));
      }, ms);
      this.#waiting.add(look);
      look();
    });
  }
}

/** Asks `condition` until it is true, for what tells nobody that it changed (another process). */
export async function poll(condition, what) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${PATIENCE_MS} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
