// The agent's 16 kHz sound to the loudspeaker, in the audio thread. Reports twenty times a second.

import { JitterBuffer } from "./jitter.js";
import { Resampler } from "./resample.js";

const HOUSE_HZ = 16_000;
const PATIENCE_S = 0.1;
const LONGEST_S = 0.4;
const REPORT_S = 0.05;

class Playout extends AudioWorkletProcessor {
  #buffer = new JitterBuffer(PATIENCE_S * sampleRate, LONGEST_S * sampleRate, sampleRate);
  #resampler = new Resampler(HOUSE_HZ, sampleRate);
  #generation = 0;
  #power = 0;
  #counted = 0;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => this.#told(data);
  }

  process(_, [[out]]) {
    this.#buffer.pull(out);
    this.#power += out.reduce((sum, value) => sum + value * value, 0);
    this.#counted += out.length;
    if (this.#counted >= REPORT_S * sampleRate) this.#report();
    return true;
  }

  #told({ type, generation, pcm }) {
    if (type === "begin") {
      this.#generation = generation;
      this.#resampler = new Resampler(HOUSE_HZ, sampleRate);
      this.#buffer.begin();
    } else if (generation !== this.#generation) {
      return; // of a reply that was cut
    } else if (type === "sound") {
      this.#buffer.push(this.#resampler.push(pcm));
    } else if (type === "end") {
      this.#buffer.push(this.#resampler.finish());
      this.#buffer.end();
    } else if (type === "flush") {
      this.#buffer.flush();
    }
  }

  #report() {
    const atHome = (samples) => Math.round((samples * HOUSE_HZ) / sampleRate);
    this.port.postMessage({
      generation: this.#generation,
      played: atHome(this.#buffer.played),
      concealed: atHome(this.#buffer.concealed),
      level: Math.sqrt(this.#power / this.#counted),
      gaps: this.#buffer.gaps,
      speaking: !this.#buffer.idle,
    });
    this.#power = 0;
    this.#counted = 0;
  }
}

registerProcessor("playout", Playout);
