// One call: microphone to line, line to loudspeaker, and all that happens on the way.

import { BitRate } from "./bits.js";
import { Line } from "./line.js";

const REPORT_MS = 500; // between reports of what was played; the server reckons on them
const BROKEN = new Set([1001, 1005, 1006, 1012]); // worth calling again
const OWN_REASON = 0; // no close code: this page ended the call, and says why
const TRIES_MS = [500, 1000, 2000, 4000, 8000];

/** Owns the audio and the codec from `start` to its end. Handlers: `onwelcome({again})`,
 * `oncaption(text)`, `onturn(turn)`, `oncut(generation)`, `onbroken()`, and last
 * `onended({code, told, answered})`. */
export class Call {
  up = new BitRate();
  down = new BitRate();
  levels = { caller: 0, agent: 0 };
  speaking = false;
  onwelcome = () => {};
  oncaption = () => {};
  onturn = () => {};
  oncut = () => {};
  onbroken = () => {};
  onended = () => {};
  #audio;
  #codec;
  #hello;
  #token;
  #line;
  #generation = 0;
  #cut = 0; // the newest generation that the caller has cut
  #played = { generation: 0, played: 0 };
  #reported = "";
  #reporter;
  #retry;
  #talking = false;
  #answered = false;
  #over = false;
  #tries = 0;

  constructor(audio, codec, hello, token) {
    this.#audio = audio;
    this.#codec = codec;
    this.#hello = { ...hello, sound: codec.sound, events: true };
    this.#token = token;
  }

  start() {
    this.#wireAudio();
    this.#dial();
    this.#reporter = setInterval(() => this.#report(), REPORT_MS);
  }

  mute(muted) {
    this.#audio.muted = muted;
  }

  /** Ends at once; `told` says why where it was not the caller's wish. */
  hangUp(told = null) {
    this.#line.hangUp();
    this.#end({ code: told === null ? 1000 : OWN_REASON, told });
  }

  #wireAudio() {
    const [audio, codec] = [this.#audio, this.#codec];
    audio.onframe = (pcm) => {
      this.levels.caller = loudness(pcm);
      if (this.#talking) codec.encode(pcm);
    };
    audio.onplayed = (report) => {
      this.levels.agent = report.level;
      this.speaking = report.speaking;
      this.#played = report;
    };
    codec.onmessage = (bytes) => {
      if (!this.#talking) return;
      this.#line.send(bytes);
      this.up.add(bytes.length, performance.now());
    };
    codec.onmark = (mark, generation) => {
      if (generation > this.#cut) audio[mark](generation);
    };
    codec.onsound = (generation, pcm) => {
      if (generation > this.#cut) audio.play(generation, pcm);
    };
  }

  #dial() {
    const line = new Line(this.#hello, this.#token);
    this.#line = line;
    line.onevent = (event) => this.#heard(event);
    line.onsound = (bytes) => {
      this.down.add(bytes.length, performance.now());
      this.#codec.decode(this.#generation, bytes);
    };
    line.onclosed = (how) => this.#closed(how);
  }

  #heard(event) {
    switch (event.type) {
      case "welcome":
        return this.#welcomed();
      case "begin":
        this.#generation = event.generation;
        return this.#codec.mark("begin", event.generation);
      case "end":
        return this.#codec.mark("end", event.generation);
      case "flush":
        this.#cut = event.generation;
        this.#audio.flush(event.generation);
        return this.oncut(event.generation);
      case "caption":
        return this.oncaption(event.text);
      case "turn":
        return this.onturn(event);
    }
  }

  #welcomed() {
    this.#codec.reset();
    this.#generation = this.#cut = 0;
    this.#talking = true;
    this.onwelcome({ again: this.#answered });
    this.#answered = true;
    this.#tries = 0;
  }

  #closed({ code, told }) {
    if (this.#over) return;
    const dropped = this.#answered && BROKEN.has(code) && told === null;
    this.#talking = false;
    this.#audio.flush(this.#generation);
    if (!dropped || this.#tries === TRIES_MS.length) return this.#end({ code, told });
    if (this.#tries === 0) this.onbroken();
    this.#retry = setTimeout(() => this.#dial(), TRIES_MS[this.#tries]);
    this.#tries += 1;
  }

  #report() {
    const { generation, played: samples } = this.#played;
    const now = `${generation}:${samples}`;
    if (!this.#talking || generation !== this.#generation || now === this.#reported) return;
    this.#reported = now;
    if (generation) this.#line.tell({ type: "played", generation, samples });
  }

  #end(how) {
    if (this.#over) return;
    this.#over = true;
    this.#talking = false;
    clearInterval(this.#reporter);
    clearTimeout(this.#retry);
    this.#audio.close();
    this.onended({ ...how, answered: this.#answered });
  }
}

function loudness(pcm) {
  return Math.sqrt(pcm.reduce((sum, value) => sum + value * value, 0) / pcm.length);
}
