// The codec in a thread of its own, so that no step of it ever delays the page.

import { Decoder, Encoder, useRuntime } from "./codec-steps.js";

const TRIALS = 16; // steps that are timed, after as many that warm up

let encoder;
let decoder;
let facts;

const work = {
  async load({ told, wasm, encoderGraph, decoderGraph }) {
    facts = told;
    useRuntime(wasm);
    encoder = await Encoder.load(facts, encoderGraph);
    decoder = await Decoder.load(facts, decoderGraph);
    return { type: "ready", load: await measured() };
  },

  async encode({ pcm }) {
    return { type: "packets", packets: await encoder.push(pcm) };
  },

  async decode({ generation, bytes }) {
    return { type: "sound", generation, pcm: await decoder.push(bytes) };
  },

  async mark(message) {
    if (message.mark === "begin") decoder.begin();
    return { ...message, type: "mark" }; // comes back in its place behind the sound
  },

  async reset() {
    encoder.reset();
    decoder.reset();
    return { type: "restarted" };
  },

  async restart() {
    encoder.begin();
    return { type: "restarted" };
  },
};

/** The share of real time that both directions take here, by the quicker quarter of the steps. */
async function measured() {
  const silence = new Float32Array(facts.packet_samples);
  const times = [];
  for (let k = 0; k < 2 * TRIALS; k += 1) {
    const start = performance.now();
    const [packet] = await encoder.push(silence);
    await decoder.push(packet);
    if (k >= TRIALS) times.push(performance.now() - start);
  }
  await work.reset();
  times.sort((a, b) => a - b);
  return times[TRIALS / 4] / ((1000 * facts.packet_samples) / facts.sample_rate_hz);
}

let chain = Promise.resolve();

self.onmessage = ({ data }) => {
  chain = chain.then(async () => {
    try {
      const answer = await work[data.type](data);
      if (answer) self.postMessage(answer);
    } catch (error) {
      self.postMessage({ type: "failed", reason: String(error) });
    }
  });
};
