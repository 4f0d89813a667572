// One stream of samples from one rate to another: a windowed sinc, one filter for each phase.

const CROSSINGS = 24; // zero crossings of the sinc each side: a steep edge for 1.5 ms of delay
const KAISER = 9; // stop band near -90 dB
const EDGE = 0.92; // of the narrower band: the edge falls off before it folds back

/** Takes chunks of any length; what comes out lags by half the filter but is never shifted. */
export class Resampler {
  #filters;
  #step;
  #taps;
  #past;
  #skip = 0;
  #phase = 0;

  constructor(fromHz, toHz) {
    const common = divisor(fromHz, toHz);
    this.#step = fromHz / common;
    const width = CROSSINGS * Math.max(1, fromHz / toHz);
    this.#taps = 2 * Math.ceil(width);
    this.#filters = designed(toHz / common, this.#taps, EDGE * Math.min(1, toHz / fromHz));
    this.#past = new Float32Array(this.#taps / 2 - 1); // output 0 is centred on input 0
  }

  /** The output samples that `input` (Float32Array) completes. */
  push(input) {
    const sound = new Float32Array(this.#past.length + input.length);
    sound.set(this.#past);
    sound.set(input, this.#past.length);
    const out = [];
    let at = this.#skip;
    for (; at + this.#taps <= sound.length; at += this.#advance()) {
      const filter = this.#filters[this.#phase];
      let sum = 0;
      for (let k = 0; k < filter.length; k += 1) sum += filter[k] * sound[at + k];
      out.push(sum);
    }
    this.#past = sound.slice(Math.min(at, sound.length));
    this.#skip = Math.max(0, at - sound.length);
    return Float32Array.from(out);
  }

  /** What is still inside, at the end of a stream. */
  finish() {
    return this.push(new Float32Array(this.#taps / 2));
  }

  #advance() {
    this.#phase += this.#step;
    const whole = Math.floor(this.#phase / this.#filters.length);
    this.#phase %= this.#filters.length;
    return whole;
  }
}

function designed(phases, taps, band) {
  return Array.from({ length: phases }, (_, phase) => {
    const filter = Float64Array.from({ length: taps }, (_, k) => {
      const t = k - (taps / 2 - 1) - phase / phases;
      return band * sinc(band * t) * kaiser(t / (taps / 2));
    });
    const sum = filter.reduce((a, b) => a + b);
    return filter.map((value) => value / sum); // silence stays silence, and a level its level
  });
}

function sinc(t) {
  return t === 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t);
}

function kaiser(t) {
  return Math.abs(t) >= 1 ? 0 : bessel(KAISER * Math.sqrt(1 - t * t)) / bessel(KAISER);
}

function bessel(x) {
  let sum = 1;
  for (let k = 1, term = 1; term > 1e-12 * sum; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function divisor(a, b) {
  return b === 0 ? a : divisor(b, a % b);
}
