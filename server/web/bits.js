// How many bits of sound cross the line each second, over the last few.

const WINDOW_MS = 3000;

export class BitRate {
  bytes = 0; // of the whole call
  #recent = [];
  #began = null;

  add(bytes, now) {
    this.#began ??= now;
    this.bytes += bytes;
    this.#recent.push([now, bytes]);
  }

  /** Bits per second at `now` (milliseconds). */
  at(now) {
    this.#recent = this.#recent.filter(([when]) => when > now - WINDOW_MS);
    const since = Math.min(WINDOW_MS, now - (this.#began ?? now));
    const bytes = this.#recent.reduce((sum, [, count]) => sum + count, 0);
    return since < WINDOW_MS / 6 ? 0 : (8000 * bytes) / since;
  }
}
