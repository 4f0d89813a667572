// What was said: the caller's words while they come, the agent's as they are spoken.

const list = document.getElementById("captions");
const WHO = { caller: "You", agent: "Agent", page: "" };

new ResizeObserver(() => (list.scrollTop = list.scrollHeight)).observe(list);

let hearing = null; // the caller's line that still changes
const spoken = new Map(); // the agent's lines by generation

export function clear() {
  list.replaceChildren();
  newCall();
}

/** Generations count from 1 again. */
export function newCall() {
  hearing = null;
  spoken.clear();
}

/** The caller's words so far. */
export function hears(text) {
  hearing ??= line("caller");
  hearing.setAttribute("aria-busy", "true"); // read out when they are complete
  write(hearing, text);
}

/** One turn: what was heard for good, and what is said to it. */
export function turn({ heard, said, generation }) {
  if (heard) {
    hearing ??= line("caller");
    hearing.removeAttribute("aria-busy");
    write(hearing, heard);
  }
  hearing = null;
  if (!generation || !said) return;
  const item = line("agent");
  write(item, said);
  spoken.set(generation, item);
}

/** The reply that is being spoken goes on. */
export function more({ said }) {
  const item = [...spoken.values()].at(-1);
  if (item) write(item, `${item.querySelector("p").textContent} ${said}`);
}

/** The caller spoke into this reply. */
export function cut(generation) {
  spoken.get(generation)?.classList.add("cut");
}

/** A word of the page's own. */
export function note(text) {
  write(line("page"), text);
}

function line(who) {
  const item = document.createElement("li");
  item.className = who;
  const name = document.createElement("span");
  name.className = "who";
  name.textContent = WHO[who];
  item.append(name, document.createElement("p"));
  list.append(item);
  return item;
}

function write(item, text) {
  const near = list.scrollHeight - list.scrollTop - list.clientHeight < 160;
  item.querySelector("p").textContent = text;
  if (near) list.scrollTop = list.scrollHeight; // not while somebody reads further up
}
