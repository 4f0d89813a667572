// What the person chose before the call, kept for next time on this device alone.

const KEY = "secousti";

/** The form's choices and those of the address: `#token=...` is taken out of sight at once. */
export function readChoices() {
  const kept = stored();
  for (const [name, value] of Object.entries(kept)) {
    const radio = document.querySelector(`input[name="${name}"][value="${value}"]`);
    if (radio) radio.checked = true;
  }
  const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
  if (token) history.replaceState(null, "", location.pathname + location.search);
  return { place: kept.place, token };
}

export function chosen(name) {
  return document.querySelector(`input[name="${name}"]:checked`).value;
}

export function keepChoices(place) {
  const now = { rate: chosen("rate"), codec: chosen("codec"), place };
  try {
    localStorage.setItem(KEY, JSON.stringify(now));
  } catch {
    // a private window keeps nothing, and need not
  }
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}
