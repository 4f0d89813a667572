// The page's parts on the screen. Nothing here knows of lines or sound.

import { STATUS, STRATEGIES } from "./words.js";

const $ = (id) => document.getElementById(id);
const QUIET_DB = -54;

export const parts = {
  form: $("start"),
  call: $("call"),
  place: $("place"),
  code: $("code"),
  token: $("token"),
  mute: $("mute"),
  hangUp: $("hang-up"),
  rateNow: $("rate-now"),
};

/** `idle` shows the welcome, `opening` the way into a call, `talking` the call. */
export function showState(state) {
  const moved = document.body.dataset.state !== state;
  document.body.dataset.state = state;
  parts.call.disabled = state === "opening";
  if (!moved) return;
  if (state === "talking") $("status").focus();
  if (state === "idle") parts.call.focus();
}

export function showStatus(key, more = "") {
  const text = STATUS[key] + more;
  document.body.dataset.status = key;
  if ($("status").textContent !== text) $("status").textContent = text;
  parts.call.textContent = { idle: "Start the call", ended: "Call again" }[key] ?? `${text}\u2026`;
}

/** A sentence that must not be missed; an empty one takes it away. */
export function showNotice(text) {
  $("notice").hidden = !text;
  $("notice").textContent = text;
}

export function showPlaces(places, chosen) {
  parts.place.replaceChildren(
    ...places.map(({ code, name }) => new Option(name, code, false, code === chosen)),
  );
}

/** The numbers of one place, wherever they stand. */
export function showNumbers(place) {
  for (const link of document.querySelectorAll("a[data-call]")) {
    link.textContent = place[link.dataset.call];
    link.href = `tel:${place[link.dataset.call].replaceAll(" ", "")}`;
  }
}

export function showCodecState(text) {
  $("codec-state").textContent = text;
}

export function showWay(text) {
  $("way").textContent = text;
}

/** The choice of rate within a call, where there is one. */
export function showRates(open, rate) {
  parts.rateNow.hidden = !open;
  parts.rateNow.querySelector(`[value="${rate}"]`).checked = true;
}

export function showTime(seconds) {
  const minutes = Math.floor(seconds / 60);
  $("time").textContent = `${minutes}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}

export function showMuted(muted) {
  parts.mute.setAttribute("aria-pressed", String(muted));
  parts.mute.textContent = muted ? "Microphone on" : "Microphone off";
}

/** Where the conversation stands. */
export function showTurn({ stage, strategy, risk }) {
  for (const item of $("stages").children) {
    if (item.dataset.stage === stage) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
  $("strategy").textContent = STRATEGIES[strategy] ?? strategy;
  document.body.dataset.risk = risk;
}

/** Loudness (RMS, full scale 1) of both, some twenty times a second. */
export function showLevels({ caller, agent }) {
  const [mine, its] = [shown(caller), shown(agent)];
  $("caller-level").firstElementChild.style.transform = `scaleX(${mine})`;
  $("agent-level").firstElementChild.style.transform = `scaleX(${its})`;
  $("orb").style.transform = `scale(${1 + 0.2 * its})`;
  $("ring").style.transform = `scale(${1 + 0.4 * mine})`;
}

/** What changes too often to be read out: numbers, twice a second. */
export function showBits(levels, up, down) {
  for (const [who, bits] of [
    ["caller", up],
    ["agent", down],
  ]) {
    $(`${who}-level`).setAttribute("aria-valuenow", Math.round(100 * shown(levels[who])));
    $(`${who}-bits`).textContent = `${(bits / 1000).toFixed(bits < 10_000 ? 2 : 0)} kbit/s`;
  }
}

function shown(level) {
  const decibels = 20 * Math.log10(Math.max(level, 1e-6));
  return Math.min(1, Math.max(0, 1 - decibels / QUIET_DB)).toFixed(3);
}
