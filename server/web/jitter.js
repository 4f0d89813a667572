// Between a network that stutters and a loudspeaker that must not: a queue with a little patience.

const GROWTH = 1.5; // after each gap the queue waits for this much more
const FADE_S = 0.005; // a cut that does not click

/** One reply after another. Lengths are in samples of the loudspeaker's rate. */
export class JitterBuffer {
  gaps = 0; // times that sound was due and had not come
  played = 0; // samples of the current reply that went out
  concealed = 0; // and of silence in its gaps
  #queue = [];
  #queued = 0;
  #playing = false;
  #complete = true;
  #fade = new Float32Array(0);
  #patience;
  #longest;
  #fadeSamples;

  /** Waits for `patience` samples before it starts; grows to at most `longest`. */
  constructor(patience, longest, rateHz) {
    this.#patience = patience;
    this.#longest = longest;
    this.#fadeSamples = Math.round(FADE_S * rateHz);
  }

  get queued() {
    return this.#queued;
  }

  /** Whether there is anything left to play of the current reply. */
  get idle() {
    return this.#complete && this.#queued === 0;
  }

  /** A new reply; what is left of the last one is dropped. */
  begin() {
    this.flush();
    this.#complete = false;
    this.played = 0;
    this.concealed = 0;
  }

  push(sound) {
    if (this.#complete) return; // late sound of a reply that is over
    this.#queue.push(sound);
    this.#queued += sound.length;
  }

  /** No more of this reply will come. */
  end() {
    this.#complete = true;
  }

  /** Be silent at once: what is queued is dropped, but for a few milliseconds that fade. */
  flush() {
    const fade = this.#playing ? this.#take(this.#fadeSamples) : new Float32Array(0);
    this.#fade = fade.map((value, k) => value * (1 - k / fade.length));
    this.#queue = [];
    this.#queued = 0;
    this.#playing = false;
    this.#complete = true;
  }

  /** Fills `out` with what is due. */
  pull(out) {
    out.fill(0);
    if (!this.#playing && this.#fade.length) this.#fadeInto(out);
    if (!this.#playing && this.#ready()) this.#playing = true;
    if (!this.#playing) {
      if (!this.#complete && this.played > 0) this.concealed += out.length;
      return;
    }
    const due = this.#take(out.length);
    for (let k = 0; k < due.length; k += 1) out[k] += due[k];
    this.played += due.length;
    if (due.length < out.length) this.#ranDry(out.length - due.length);
  }

  #ready() {
    return this.#queued > 0 && (this.#complete || this.#queued >= this.#patience);
  }

  #ranDry(missing) {
    this.#playing = false;
    if (this.#complete) return;
    this.concealed += missing;
    this.gaps += 1;
    this.#patience = Math.min(this.#longest, Math.round(this.#patience * GROWTH));
  }

  #fadeInto(out) {
    const now = this.#fade.subarray(0, out.length);
    out.set(now);
    this.#fade = this.#fade.slice(now.length);
  }

  #take(count) {
    const taken = new Float32Array(Math.min(count, this.#queued));
    let at = 0;
    while (at < taken.length) {
      const piece = this.#queue[0].subarray(0, taken.length - at);
      taken.set(piece, at);
      at += piece.length;
      if (piece.length === this.#queue[0].length) this.#queue.shift();
      else this.#queue[0] = this.#queue[0].subarray(piece.length);
    }
    this.#queued -= taken.length;
    return taken;
  }
}
