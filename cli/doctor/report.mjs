// What the doctor says: one line a check.

export class Report {
  #wrong = 0;
  #checks = 0;

  ok(name, seen) {
    this.#say('ok:   ', name, seen);
  }

  /** `seen` is what was there, `todo` what to set. */
  wrong(name, seen, todo) {
    this.#wrong += 1;
    this.#say('wrong:', name, `${seen} -> ${todo}`);
  }

  #say(verdict, name, text) {
    this.#checks += 1;
    // What strangers' servers say stays on its line.
    process.stdout.write(`${verdict} ${name}: ${text.replace(/\p{C}+/gu, ' ')}\n`);
  }

  /** The exit code, after a last line, with `more` behind it. */
  end(more) {
    const sum = this.#wrong === 0 ? `all ${this.#checks} checks are ok` : `${this.#wrong} of ${this.#checks} checks are wrong`;
    process.stdout.write(`${[sum, more].filter(Boolean).join('; ')}\n`);
    return this.#wrong === 0 ? 0 : 1;
  }
}
