// Microphone and loudspeaker of one call, both through worklets.

import { MICROPHONE } from "./words.js";

const WANTED = {
  audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
};

/** A fault that a person can mend, in words for them. */
export class Trouble extends Error {}

export class Audio {
  muted = false;
  onframe = () => {}; // 320 samples at 16 kHz, silence while muted
  onplayed = () => {}; // a worklet report, twenty times a second
  onlost = () => {}; // the microphone was taken away
  #context;
  #stream;
  #playout;

  /** Asks for the microphone and opens both ends; raises Trouble with what to do. */
  static async open() {
    if (!navigator.mediaDevices?.getUserMedia) throw new Trouble(MICROPHONE.insecure);
    const audio = new Audio();
    audio.#context = new AudioContext({ latencyHint: "interactive" }); // in the click's own time
    try {
      audio.#stream = await navigator.mediaDevices.getUserMedia(WANTED);
      await audio.#connect();
    } catch (error) {
      audio.close();
      throw new Trouble(MICROPHONE[error.name] ?? `${MICROPHONE.other} (${error.message})`);
    }
    return audio;
  }

  begin(generation) {
    this.#playout.port.postMessage({ type: "begin", generation });
  }

  play(generation, pcm) {
    this.#playout.port.postMessage({ type: "sound", generation, pcm }, [pcm.buffer]);
  }

  end(generation) {
    this.#playout.port.postMessage({ type: "end", generation });
  }

  flush(generation) {
    this.#playout.port.postMessage({ type: "flush", generation });
  }

  close() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    if (this.#context.state !== "closed") this.#context.close();
  }

  async #connect() {
    const context = this.#context;
    const worklet = (name) => context.audioWorklet.addModule(new URL(name, import.meta.url));
    await Promise.all([worklet("capture-worklet.js"), worklet("playout-worklet.js")]);
    await context.resume();
    const capture = new AudioWorkletNode(context, "capture", {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: "explicit",
    });
    this.#playout = new AudioWorkletNode(context, "playout", {
      numberOfInputs: 0,
      outputChannelCount: [1],
    });
    capture.port.onmessage = ({ data }) => this.onframe(this.muted ? data.fill(0) : data);
    this.#playout.port.onmessage = ({ data }) => this.onplayed(data);
    context.createMediaStreamSource(this.#stream).connect(capture);
    this.#playout.connect(context.destination);
    this.#stream.getTracks().forEach((track) => (track.onended = () => this.onlost()));
  }
}
