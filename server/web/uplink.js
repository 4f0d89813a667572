// The messages of the caller's stream, counted over the whole call: what a resume needs to know.

const KEPT_MS = 6000; // the server takes eight seconds of sound at once, and a little is always due

export class Uplink {
  #count = 0;
  #kept = [];

  /** Counts a message that was sent, or will be when the line is back. */
  add(message, now) {
    this.#count += 1;
    this.#kept.push({ message, at: now });
    while (this.#kept[0].at < now - KEPT_MS) this.#kept.shift();
  }

  /** What came after the first `received` messages; null where some of it is gone. */
  after(received) {
    const missed = this.#count - received;
    if (missed > this.#kept.length) return null;
    return this.#kept.slice(this.#kept.length - missed).map(({ message }) => message);
  }

  /** Only `received` messages have come and what is kept of the rest is left out. */
  restart(received) {
    this.#count = received;
    this.#kept = [];
  }
}
