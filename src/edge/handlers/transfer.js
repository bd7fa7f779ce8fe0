// Bodies that do not fit into memory. They are written and read piece by piece.

/** A body and its writable end. A write waits until the reader has taken the previous write. */
export class Pipe {
  #stream = new IdentityTransformStream();
  #writer = this.#stream.writable.getWriter();
  #encoder = new TextEncoder();

  get readable() {
    return this.#stream.readable;
  }

  /** Rejects if the reader is gone. */
  write(text) {
    return this.#writer.write(this.#encoder.encode(text));
  }

  end() {
    return this.#writer.close();
  }

  /** Breaks the body off, so that its reader sees that it is incomplete. */
  fail() {
    return this.#writer.abort(new Error('the export broke off'));
  }
}

/** The longest piece, in characters. A shard takes twice as many bytes. */
const PIECE = 128 * 1024;

/** The body of a request, in pieces of whole lines. */
export class Lines {
  #reader;
  #decoder = new TextDecoder('utf-8', { fatal: true });
  #rest = '';
  #over = false;

  constructor(request) {
    this.#reader = request.body?.getReader();
    this.#over = !this.#reader;
  }

  /** The next piece: undefined after the last one, `null` if the next bytes are not UTF-8. Rejects if the body breaks off. */
  async next() {
    while (!this.#over && this.#rest.length <= PIECE) {
      const { done, value } = await this.#reader.read();
      this.#over = done;
      try {
        this.#rest += this.#decoder.decode(value, { stream: !done });
      } catch {
        return null;
      }
    }
    const all = this.#rest.length;
    // No export has a line longer than a piece. If a body has one, it is passed on, and then refused.
    const at = all <= PIECE ? all : this.#rest.lastIndexOf('\n', PIECE - 1) + 1 || all;
    const piece = this.#rest.slice(0, at);
    this.#rest = this.#rest.slice(at);
    return piece || undefined;
  }

  /**
   * Reads and drops the rest of the body, up to a number of bytes. If the rest stayed unread, a client that is still sending would see a broken
   * connection and no answer.
   */
  async drop(bytes) {
    this.#rest = '';
    try {
      for (let left = bytes; !this.#over && left > 0; ) {
        const { done, value } = await this.#reader.read();
        this.#over = done;
        left -= value?.length ?? 0;
      }
    } catch {
      // The client is gone, so no answer is needed.
    }
  }
}
