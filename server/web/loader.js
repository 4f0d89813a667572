// Decides where sound is coded, and has the codec ready before it is needed.

import { PageCodec, Samples } from "./codec.js";

const PATIENCE_MS = 8000; // a person who waits longer than this wants to talk
const LOAD_LIMIT = 0.6; // of real time: the page must draw and the microphone be heard besides
const MEGABYTE = 1e6;

/** `onchange(text)` hears how it stands, in words. */
export class CodecLoader {
  onchange = () => {};
  #page;
  #loads = new Map(); // promises by rate

  constructor(page) {
    this.#page = page;
  }

  /** Starts fetching, unless this device is saving data. */
  prefetch(rate, token) {
    if (this.#page.codec && !navigator.connection?.saveData) this.#load(rate, token);
  }

  /** The codec for a call: `where` is auto, page or server. Never fails: samples always work. */
  async take(rate, token, where) {
    if (where === "server" || !this.#page.codec) return new Samples();
    const loading = this.#load(rate, token);
    const codec = await (where === "page" ? loading : Promise.race([loading, patience()]));
    if (!codec || (where === "auto" && codec.load > LOAD_LIMIT)) return new Samples();
    return codec;
  }

  #load(rate, token) {
    if (!this.#loads.has(rate)) this.#loads.set(rate, this.#opened(rate, token));
    return this.#loads.get(rate);
  }

  async #opened(rate, token) {
    const told = (done, all) =>
      this.onchange(`Fetching the codec: ${mega(done)} of ${mega(all)} MB, kept for next time`);
    try {
      const codec = await PageCodec.open(rate, this.#page, token, told);
      const share = Math.max(1, Math.round(100 * codec.load));
      this.onchange(`The codec is ready and takes ${share} % of this device's time`);
      return codec;
    } catch (error) {
      this.#loads.delete(rate);
      this.onchange(
        `The codec could not be loaded, so the server does its work (${error.message})`,
      );
      return null;
    }
  }
}

function mega(bytes) {
  return (bytes / MEGABYTE).toFixed(1);
}

function patience() {
  return new Promise((resolve) => setTimeout(() => resolve(null), PATIENCE_MS));
}
