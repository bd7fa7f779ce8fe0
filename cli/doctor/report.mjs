// The doctor's report: one line for each check.

export class Report {
  #wrong = 0;
  #checks = 0;

  ok(name, seen) {
    this.#say('ok:   ', name, seen);
  }

  /** `seen` is what the check found, `todo` what to change. */
  wrong(name, seen, todo) {
    this.#wrong += 1;
    this.#say('wrong:', name, `${seen} -> ${todo}`);
  }

  #say(verdict, name, text) {
    this.#checks += 1;
    // Text from other servers must not break the line.
    process.stdout.write(`${verdict} ${name}: ${text.replace(/\p{C}+/gu, ' ')}\n`);
  }

  /** Writes the last line, with `more` appended, and returns the exit code. */
  end(more) {
    const sum = this.#wrong === 0 ? `all ${this.#checks} checks are ok` : `${this.#wrong} of ${this.#checks} checks are wrong`;
    process.stdout.write(`${[sum, more].filter(Boolean).join('; ')}\n`);
    return this.#wrong === 0 ? 0 : 1;
  }
}
