// The microphone's samples as 16 kHz frames of 20 ms, in the audio thread.

import { Resampler } from "./resample.js";

const HOUSE_HZ = 16_000;
const FRAME = 320;

class Capture extends AudioWorkletProcessor {
  #resampler = new Resampler(sampleRate, HOUSE_HZ);
  #frame = new Float32Array(FRAME);
  #filled = 0;

  process([[channel]]) {
    if (channel) this.#resampler.push(channel).forEach((sample) => this.#add(sample));
    return true;
  }

  #add(sample) {
    this.#frame[this.#filled] = sample;
    this.#filled += 1;
    if (this.#filled < FRAME) return;
    this.port.postMessage(this.#frame, [this.#frame.buffer]);
    this.#frame = new Float32Array(FRAME);
    this.#filled = 0;
  }
}

registerProcessor("capture", Capture);
