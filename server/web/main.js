// The page: from the welcome into a call and back.

import { Audio, Trouble } from "./audio.js";
import { Call } from "./call.js";
import * as captions from "./captions.js";
import { chosen, keepChoices, readChoices } from "./choices.js";
import { CodecLoader } from "./loader.js";
import * as view from "./view.js";
import { AGAIN, ENDINGS, MICROPHONE, NOT_ANSWERED, TOKEN_WRONG } from "./words.js";

const LEVELS_MS = 45;
const FACTS_MS = 500;
const { parts } = view;

const page = await (await fetch("page/facts.json")).json();
const loader = new CodecLoader(page);
let call = null;

prepare();

function prepare() {
  const kept = readChoices();
  const place = page.places.find(({ code }) => code === kept.place)?.code ?? page.locale;
  view.showPlaces(page.places, place);
  placeChosen();
  parts.token.value = kept.token;
  parts.code.hidden = !page.token;
  parts.token.required = page.token;
  loader.onchange = view.showCodecState;
  parts.place.addEventListener("change", placeChosen);
  parts.form.addEventListener("change", () => keepChoices(parts.place.value));
  parts.form.addEventListener("submit", (event) => (event.preventDefault(), start()));
  parts.mute.addEventListener("click", toggleMute);
  parts.hangUp.addEventListener("click", () => call?.hangUp());
  parts.rateNow.addEventListener("change", ({ target }) => changeRate(target.value));
  if (!page.token || kept.token) prefetch();
  document.getElementById("rates").addEventListener("change", prefetch);
}

function placeChosen() {
  view.showNumbers(page.places.find(({ code }) => code === parts.place.value) ?? page.places[0]);
  keepChoices(parts.place.value);
}

function prefetch() {
  if (chosen("codec") !== "server") loader.prefetch(chosen("rate"), parts.token.value);
}

async function start() {
  view.showNotice("");
  view.showState("opening");
  let audio = null;
  try {
    view.showStatus("microphone");
    audio = await Audio.open();
    view.showStatus("codec");
    const codec = await loader.take(chosen("rate"), parts.token.value, chosen("codec"));
    view.showStatus("calling");
    dial(audio, codec);
  } catch (error) {
    audio?.close();
    ended(error instanceof Trouble ? error.message : String(error));
  }
}

function dial(audio, codec) {
  const hello = { rate: chosen("rate"), locale: parts.place.value };
  call = new Call(audio, codec, hello, parts.token.value);
  call.onwelcome = ({ again, rates }) => (again ? calledAgain() : answered(codec, rates));
  call.onresumed = () => back(AGAIN.same);
  call.onwish = changeRate;
  call.oncaption = captions.hears;
  call.onturn = (turn) => (captions.turn(turn), view.showTurn(turn));
  call.onmore = captions.more;
  call.oncut = captions.cut;
  call.onbroken = () => (captions.note(AGAIN.trying), view.showStatus("again"));
  call.onended = over;
  audio.onlost = () => call?.hangUp(MICROPHONE.lost);
  codec.onfailure = (reason) => call?.hangUp(`The codec failed in this page (${reason}).`);
  call.start();
}

function answered(codec, rates) {
  captions.clear();
  view.showRates(codec.sound === "tokens" && rates.length > 1, chosen("rate"));
  view.showMuted(false);
  view.showWay(
    codec.sound === "tokens"
      ? "Sound travels as codec tokens, coded and decoded in this page."
      : "Sound travels as samples; the server does the coding.",
  );
  view.showState("talking");
  watch(call, performance.now());
}

function calledAgain() {
  captions.newCall();
  back(AGAIN.done);
}

function back(words) {
  captions.note(words);
  view.showStatus("listening");
}

async function changeRate(rate) {
  const running = call;
  const codec = await loader.take(rate, parts.token.value, "page");
  const works = codec.sound === "tokens" && running === call;
  if (works) running?.change(rate, codec);
  view.showRates(true, works ? rate : chosen("rate"));
}

/** Redraws while the call lasts: levels twenty times a second, numbers twice. */
function watch(running, began) {
  let [drawn, told] = [0, 0];
  const draw = (now) => {
    if (call !== running) return;
    requestAnimationFrame(draw);
    if (now - drawn < LEVELS_MS) return;
    drawn = now;
    view.showLevels(running.levels);
    if (now - told >= FACTS_MS) {
      told = now;
      view.showBits(running.levels, running.up.at(now), running.down.at(now));
      view.showTime((now - began) / 1000);
    }
    if (document.body.dataset.status !== "again") view.showStatus(statusOf(running));
  };
  requestAnimationFrame(draw);
}

function statusOf(running) {
  if (running.speaking) return "speaking";
  return parts.mute.getAttribute("aria-pressed") === "true" ? "muted" : "listening";
}

function toggleMute() {
  const muted = parts.mute.getAttribute("aria-pressed") !== "true";
  view.showMuted(muted);
  call?.mute(muted);
}

function over({ code, told, answered: was }) {
  const kilobytes = Math.round((call.up.bytes + call.down.bytes) / 1000);
  call = null;
  if (!was) return ended(refusal(code, told));
  const why = code === 1006 ? AGAIN.failed : (ENDINGS[code] ?? told);
  return ended(`${why} Its sound took ${kilobytes} kB.`);
}

function refusal(code, told) {
  if (code === 1000) return "";
  if (code === 1006) return page.token ? TOKEN_WRONG : NOT_ANSWERED;
  return ENDINGS[code] ?? told ?? NOT_ANSWERED;
}

function ended(text) {
  const called = document.body.dataset.state === "talking";
  view.showState("idle");
  view.showStatus(called ? "ended" : "idle");
  view.showNotice(text);
}
