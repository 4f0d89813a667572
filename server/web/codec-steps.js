// The codec's networks, packet by packet, in ONNX Runtime Web. `facts` is the export's codec.json.

import * as ort from "./vendor/onnxruntime-web/ort.wasm.bundle.min.mjs";
import { PacketReader, PacketWriter } from "./packets.js";

const NO_VOICE = -1;
const SPEAKER = "voice_encoder."; // memory that outlives one stream of the same speaker

/** Gives the runtime its WebAssembly; one thread is plenty and needs no special headers. */
export function useRuntime(wasm) {
  ort.env.wasm.wasmBinary = wasm;
  ort.env.wasm.numThreads = 1;
}

/** A graph with the memory of one stream. */
class Steps {
  #session;
  #layout;
  #state;

  constructor(session, layout) {
    this.#session = session;
    this.#layout = layout;
    this.forget();
  }

  /** Silence, but for the memory of layers whose name begins with `keep`. */
  forget(keep = null) {
    const { width, fields } = this.#layout;
    const memory = new Float32Array(width);
    for (const { name, offset, shape } of keep === null ? [] : fields) {
      if (!name.startsWith(keep)) continue;
      const end = offset + shape.reduce((a, b) => a * b, 1);
      memory.set(this.#state.data.subarray(offset, end), offset);
    }
    this.#state = new ort.Tensor("float32", memory, [1, width]);
  }

  async run(feeds) {
    const { state_after: after, ...outputs } = await this.#session.run({
      ...feeds,
      state: this.#state,
    });
    this.#state = after;
    return outputs;
  }
}

/** 16 kHz sound to packets. */
export class Encoder {
  #facts;
  #steps;
  #writer;
  #rest = new Float32Array(0);

  static async load(facts, graph) {
    const session = await ort.InferenceSession.create(graph);
    return new Encoder(facts, new Steps(session, facts.encoder.state));
  }

  constructor(facts, steps) {
    this.#facts = facts;
    this.#steps = steps;
    this.reset();
  }

  /** A new stream, of which nothing is known. */
  reset() {
    this.#start(null);
  }

  /** A new stream of the same speaker. */
  begin() {
    this.#start(SPEAKER);
  }

  #start(keep) {
    this.#steps.forget(keep);
    this.#writer = new PacketWriter(this.#facts);
    this.#rest = new Float32Array(0);
  }

  /** The packets (Uint8Array each) that `pcm` (Float32Array, any length) completes. */
  async push(pcm) {
    const size = this.#facts.packet_samples;
    const sound = new Float32Array(this.#rest.length + pcm.length);
    sound.set(this.#rest);
    sound.set(pcm, this.#rest.length);
    const whole = sound.length - (sound.length % size);
    this.#rest = sound.slice(whole);
    const packets = [];
    for (let at = 0; at < whole; at += size) {
      packets.push(await this.#packet(sound.slice(at, at + size)));
    }
    return packets;
  }

  async #packet(frame) {
    const input = new ort.Tensor("float32", frame, [1, frame.length]);
    const { codes, voice } = await this.#steps.run({ pcm: input });
    return this.#writer.write(Array.from(codes.data, Number), Number(voice.data[0]));
  }
}

/** Packets to 16 kHz sound. */
export class Decoder {
  #facts;
  #steps;
  #reader;
  #voice = NO_VOICE;

  static async load(facts, graph) {
    const session = await ort.InferenceSession.create(graph);
    return new Decoder(facts, new Steps(session, facts.decoder.state));
  }

  constructor(facts, steps) {
    this.#facts = facts;
    this.#steps = steps;
    this.begin();
  }

  /** A new stream of the same speaker. */
  begin() {
    this.#steps.forget();
    this.#reader = new PacketReader(this.#facts);
  }

  /** A new stream, of which nothing is known. */
  reset() {
    this.begin();
    this.#voice = NO_VOICE;
  }

  /** The sound (Float32Array) of one message's packets. */
  async push(bytes) {
    const packets = this.#reader.read(bytes);
    const size = this.#facts.packet_samples;
    const sound = new Float32Array(packets.length * size);
    for (const [k, packet] of packets.entries()) {
      this.#voice = packet.voice ?? this.#voice;
      sound.set(await this.#sound(packet.codes), k * size);
    }
    return sound;
  }

  async #sound(codes) {
    const { wav } = await this.#steps.run({
      codes: new ort.Tensor("int64", BigInt64Array.from(codes, BigInt), [1, codes.length]),
      voice: new ort.Tensor("int64", BigInt64Array.of(BigInt(this.#voice)), [1]),
    });
    return wav.data;
  }
}
