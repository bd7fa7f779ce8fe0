// Waits for conditions without sleeping: the code that changes something wakes the waiters.

/** Far longer than any wait in these tests, so that a condition that never becomes true fails with its name. */
const PATIENCE_MS = 30_000;

export class Waiters {
  #waiting = new Set();

  /** Checks all conditions again. */
  wake() {
    for (const look of [...this.#waiting]) look();
  }

  /** Resolves when `condition()` is true. It is checked now and at each `wake()`. */
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
        reject(new Error(`waited ${ms} ms without result for ${what}`));
      }, ms);
      this.#waiting.add(look);
      look();
    });
  }
}

/** Checks `condition` again and again until it is true, for changes that nothing reports, such as those in another process. */
export async function poll(condition, what) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${PATIENCE_MS} ms without result for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
