// One call: microphone to line, line to loudspeaker, and back to the same call when the line breaks.

import { BitRate } from "./bits.js";
import { Line } from "./line.js";
import { Uplink } from "./uplink.js";

const REPORT_MS = 500; // between reports of what was played; the server reckons on them
const BROKEN = new Set([1001, 1006, 1012, 4003]); // the line went, not the call
const GONE = 4005; // there is no call to come back to any more
const OWN_REASON = 0; // no close code: this page ended the call, and says why
const FIRST_TRY_MS = 250;
const SLOWEST_TRY_MS = 5000;
const GIVE_UP_MS = 75_000;

/** Owns the audio and the codecs from `start` to its end. Handlers: `onwelcome({again, rates})`,
 * `onresumed()`, `oncaption(text)`, `onturn(turn)`, `onmore(more)`, `oncut(generation)`,
 * `onbroken()`, `onwish(rate)`, and last `onended({code, told, answered})`. */
export class Call {
  up = new BitRate();
  down = new BitRate();
  levels = { caller: 0, agent: 0 };
  speaking = false;
  onwelcome = () => {};
  onresumed = () => {};
  oncaption = () => {};
  onturn = () => {};
  onmore = () => {};
  oncut = () => {};
  onbroken = () => {};
  onwish = () => {};
  onended = () => {};
  #audio;
  #hello;
  #token;
  #codec; // of the caller's stream
  #decoder; // of the reply that is coming
  #codecs = new Map(); // by rate
  #uplink = new Uplink();
  #line;
  #secret = {}; // to come back with
  #generation = 0;
  #cut = 0; // the newest generation that must not be heard any more
  #turns = 0;
  #played = { generation: 0, played: 0 };
  #reported = "";
  #reporter;
  #answered = false;
  #talking = false; // the line is up
  #inStep = false; // what the codec gives belongs to the stream as it is
  #owesRate = false; // the stream must be begun anew in words
  #brokeAt = null;
  #tries = 0;
  #retry;
  #over = false;

  constructor(audio, codec, hello, token) {
    this.#audio = audio;
    this.#hello = { type: "hello", ...hello, sound: codec.sound, events: true };
    this.#token = token;
    this.#use(hello.rate, codec);
  }

  start() {
    this.#audio.onframe = (pcm) => {
      this.levels.caller = loudness(pcm);
      if (this.#answered) this.#codec.encode(pcm);
    };
    this.#audio.onplayed = (report) => {
      this.levels.agent = report.level;
      this.speaking = report.speaking;
      this.#played = report;
    };
    this.#dial(this.#hello);
    this.#reporter = setInterval(() => this.#report(), REPORT_MS);
  }

  mute(muted) {
    this.#audio.muted = muted;
  }

  /** Goes on at another rate: the caller's stream from now on, the agent's with its next reply. */
  change(rate, codec) {
    if (rate === this.#hello.rate || !this.#answered) return;
    this.#hello.rate = rate;
    this.#owesRate = true;
    this.#inStep = false;
    const known = this.#codecs.get(rate) === codec;
    this.#use(rate, codec);
    if (known) codec.restart();
    else codec.reset(); // what it remembers is of another call
  }

  /** Ends at once; `told` says why where it was not the caller's wish. */
  hangUp(told = null) {
    this.#line.hangUp();
    this.#end({ code: told === null ? 1000 : OWN_REASON, told });
  }

  #use(rate, codec) {
    this.#codec = codec;
    this.#codecs.set(rate, codec);
    codec.onmessage = (bytes) => codec === this.#codec && this.#encoded(bytes);
    codec.onrestarted = () => codec === this.#codec && this.#restarted();
    codec.onmark = (mark, generation) => {
      if (generation > this.#cut) this.#audio[mark](generation);
    };
    codec.onsound = (generation, pcm) => {
      if (generation > this.#cut) this.#audio.play(generation, pcm);
    };
  }

  #encoded(bytes) {
    if (!this.#inStep) return;
    const now = performance.now();
    this.#uplink.add(bytes, now);
    if (!this.#talking) return; // kept until the line is back
    this.#line.send(bytes);
    this.up.add(bytes.length, now);
  }

  /** The codec has begun a new stream: what comes from now on is of it. */
  #restarted() {
    if (this.#owesRate && this.#codec.sound === "tokens") {
      const word = JSON.stringify({ type: "rate", rate: this.#hello.rate });
      this.#uplink.add(word, performance.now());
      if (this.#talking) this.#line.send(word);
    }
    this.#owesRate = false;
    this.#inStep = true;
  }

  #dial(first) {
    const line = new Line(first, this.#token);
    this.#line = line;
    line.onevent = (event) => this.#heard(event);
    line.onsound = (bytes) => {
      this.down.add(bytes.length, performance.now());
      this.#decoder.decode(this.#generation, bytes);
    };
    line.onclosed = (how) => line === this.#line && this.#closed(how);
  }

  #heard(event) {
    switch (event.type) {
      case "welcome":
        return this.#welcomed(event);
      case "resumed":
        return this.#resumed(event);
      case "begin":
        this.#generation = event.generation;
        this.#decoder = this.#codecs.get(event.rate) ?? this.#codec;
        return this.#decoder.mark("begin", event.generation);
      case "end":
        return this.#decoder.mark("end", event.generation);
      case "flush":
        this.#silence(event.generation);
        return this.oncut(event.generation);
      case "caption":
        return this.oncaption(event.text);
      case "turn":
        this.#turns += 1;
        return this.onturn(event);
      case "more":
        this.#turns += 1;
        return this.onmore(event);
      case "rate":
        return this.onwish(event.rate);
    }
  }

  #silence(generation) {
    this.#cut = generation;
    this.#audio.flush(generation);
  }

  #welcomed({ session, resume, rates }) {
    const again = this.#answered;
    this.#secret = { session, token: resume };
    this.#silence(this.#generation);
    this.#generation = this.#cut = this.#turns = 0;
    this.#uplink.restart(0);
    this.#inStep = this.#owesRate = false;
    this.#answered = true;
    this.#isUp();
    this.#codec.reset();
    this.onwelcome({ again, rates: rates ?? [] });
  }

  #resumed({ received }) {
    this.#silence(this.#generation);
    this.#isUp();
    const missed = this.#uplink.after(received);
    if (missed !== null) {
      for (const message of missed) this.#line.send(message);
    } else {
      this.#uplink.restart(received);
      this.#inStep = false;
      this.#owesRate = true;
      this.#codec.restart();
    }
    this.onresumed();
  }

  #isUp() {
    this.#talking = true;
    this.#brokeAt = null;
    this.#tries = 0;
  }

  #closed({ code, told }) {
    if (this.#over) return;
    this.#talking = false;
    if (code === GONE && this.#answered) return this.#dial(this.#hello);
    const left = told !== null && code === 1001; // the server goes, and the call with it
    if (!this.#answered || !BROKEN.has(code) || left) return this.#end({ code, told });
    const now = performance.now();
    if (this.#brokeAt === null) this.onbroken();
    this.#brokeAt ??= now;
    if (now - this.#brokeAt > GIVE_UP_MS) return this.#end({ code, told });
    const wait = Math.min(SLOWEST_TRY_MS, FIRST_TRY_MS * 2 ** (this.#tries - 1));
    this.#retry = setTimeout(() => this.#comeBack(), this.#tries === 0 ? 0 : wait);
    this.#tries += 1;
  }

  #comeBack() {
    if (!this.#secret.token) return this.#dial(this.#hello);
    const heard = this.#played.generation === this.#generation ? this.#played.played : 0;
    const place = { generation: this.#generation, played: heard, turns: this.#turns };
    this.#dial({ type: "resume", ...this.#secret, ...place });
  }

  #report() {
    const { generation, played: samples, concealed } = this.#played;
    const now = `${generation}:${samples}`;
    if (!this.#talking || generation !== this.#generation || now === this.#reported) return;
    this.#reported = now;
    if (generation) this.#line.tell({ type: "played", generation, samples, concealed });
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
