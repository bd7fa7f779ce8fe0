// Bodies that are longer than memory: written, or read, piece by piece. See owner.rs.

/** A body, and the end of it that is written to. A write waits until the reader took what was written before. */
export class Pipe {
  #stream = new IdentityTransformStream();
  #writer = this.#stream.writable.getWriter();
  #encoder = new TextEncoder();

  get readable() {
    return this.#stream.readable;
  }

  /** Rejects where the reader has gone. */
  write(text) {
    return this.#writer.write(this.#encoder.encode(text));
  }

  end() {
    return this.#writer.close();
  }

  /** Breaks the body off, so that its reader sees that it is not whole. */
  fail() {
    return this.#writer.abort(new Error('the export broke off'));
  }
}

/** The longest piece of lines, in characters; a shard takes twice as many bytes. */
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

  /** The next piece; nothing after the last, and `null` where what comes is not UTF-8. Rejects where the body breaks off. */
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
    // A line that is longer than a piece is none of ours: it goes on as it is, and is refused.
    const at = all <= PIECE ? all : this.#rest.lastIndexOf('\n', PIECE - 1) + 1 || all;
    const piece = this.#rest.slice(0, at);
    this.#rest = this.#rest.slice(at);
    return piece || undefined;
  }

  /**
   * Reads on and drops what comes, at most so many bytes. A client that is still sending sees no answer, but that its connection broke,
   * once nobody reads what it sends.
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
      // Then there is nobody to answer.
    }
  }
}
