// What turns sound into binary messages and back: the codec in its worker, or plain samples.
// Both call `onmessage(bytes)`, `onrestarted()`, `onsound(generation, pcm)` and
// `onmark(mark, generation)`, each in its place among the others.

import { fetchWhole, gunzip } from "./assets.js";

const FULL_SCALE = 32_768;

/** The codec of one rate in this page. */
export class PageCodec {
  sound = "tokens";
  load = Infinity; // share of real time
  onmessage = () => {};
  onrestarted = () => {};
  onsound = () => {};
  onmark = () => {};
  onfailure = () => {};
  #worker;

  /** Fetches and starts it; `progress(done, all)` counts bytes. */
  static async open(rate, page, token, progress) {
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    const folder = new URL(`page/codec/${rate}/`, location.href);
    const answer = await fetch(new URL("codec.json", folder), { headers });
    if (!answer.ok) throw new Error(`the codec cannot be had: HTTP ${answer.status}`);
    const told = await answer.json();
    const all = told.encoder.bytes + told.decoder.bytes + page.runtime.bytes;
    let done = 0;
    const count = (bytes) => progress((done += bytes), all);
    const graph = (side) => fetchWhole(new URL(side.file, folder).href, side, headers, count);
    const runtime = new URL(`page/${page.runtime.file}`, location.href).href;
    const [packed, encoderGraph, decoderGraph] = await Promise.all([
      fetchWhole(runtime, page.runtime, {}, count),
      graph(told.encoder),
      graph(told.decoder),
    ]);
    const codec = new PageCodec();
    await codec.#start({ told, wasm: await gunzip(packed), encoderGraph, decoderGraph });
    return codec;
  }

  encode(pcm) {
    this.#worker.postMessage({ type: "encode", pcm }, [pcm.buffer]);
  }

  decode(generation, bytes) {
    this.#worker.postMessage({ type: "decode", generation, bytes }, [bytes.buffer]);
  }

  mark(mark, generation) {
    this.#worker.postMessage({ type: "mark", mark, generation });
  }

  /** Both directions begin a new call. */
  reset() {
    this.#worker.postMessage({ type: "reset" });
  }

  /** The caller's stream begins anew, with the voice that is known. */
  restart() {
    this.#worker.postMessage({ type: "restart" });
  }

  #start(parts) {
    this.#worker = new Worker(new URL("codec-worker.js", import.meta.url), { type: "module" });
    return new Promise((resolve, reject) => {
      this.#worker.onerror = () => reject(new Error("the codec does not run in this browser"));
      this.#worker.onmessage = ({ data }) => {
        if (data.type === "ready") resolve((this.load = data.load));
        else if (data.type === "failed")
          (reject(new Error(data.reason)), this.onfailure(data.reason));
        else if (data.type === "packets") data.packets.forEach((bytes) => this.onmessage(bytes));
        else if (data.type === "restarted") this.onrestarted();
        else if (data.type === "sound") this.onsound(data.generation, data.pcm);
        else if (data.type === "mark") this.onmark(data.mark, data.generation);
      };
      this.#worker.postMessage({ type: "load", ...parts });
    });
  }
}

/** 16-bit samples, for a browser or a line on which the codec does not run. */
export class Samples {
  sound = "pcm";
  onmessage = () => {};
  onrestarted = () => {};
  onsound = () => {};
  onmark = () => {};
  onfailure = () => {};

  encode(pcm) {
    const view = new DataView(new ArrayBuffer(2 * pcm.length));
    pcm.forEach((value, k) => {
      const level = Math.round(value * FULL_SCALE);
      view.setInt16(2 * k, Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, level)), true);
    });
    this.onmessage(new Uint8Array(view.buffer));
  }

  decode(generation, bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const read = (_, k) => view.getInt16(2 * k, true) / FULL_SCALE;
    this.onsound(generation, Float32Array.from({ length: bytes.length >> 1 }, read));
  }

  mark(mark, generation) {
    this.onmark(mark, generation);
  }

  reset() {
    this.onrestarted();
  }

  restart() {
    this.onrestarted();
  }
}
