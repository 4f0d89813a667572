// Large files: fetched in pieces, checked by what the server says of them, kept for next time.

const PIECE = 262_144; // the server gives each answer a few seconds
const AT_ONCE = 4;
const KEPT = "secousti-1";

/** The bytes of `url`; `told` has its `bytes` and `sha256`, `progress` hears of each piece. */
export async function fetchWhole(url, told, headers = {}, progress = () => {}) {
  const key = `${url}?sha256=${told.sha256}`;
  const shelf = await caches.open(KEPT).catch(() => null); // a private window may have none
  const kept = await shelf?.match(key);
  if (kept) {
    const bytes = new Uint8Array(await kept.arrayBuffer());
    if (await fits(bytes, told)) return (progress(told.bytes), bytes);
  }
  const bytes = await fetchPieces(url, told.bytes, headers, progress);
  if (!(await fits(bytes, told))) throw new Error(`${url} did not arrive whole`);
  await forgetOthers(shelf, url);
  await shelf?.put(key, new Response(bytes)).catch(() => {}); // no room: fetched again next time
  return bytes;
}

/** Unpacks gzip. */
export async function gunzip(bytes) {
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}

async function fetchPieces(url, size, headers, progress) {
  const whole = new Uint8Array(size);
  let next = 0;
  const worker = async () => {
    while (next < size) {
      const first = next;
      next += PIECE;
      const last = Math.min(next, size) - 1;
      const answer = await fetch(url, { headers: { ...headers, Range: `bytes=${first}-${last}` } });
      if (!answer.ok) throw new Error(`${url}: HTTP ${answer.status}`);
      const piece = new Uint8Array(await answer.arrayBuffer());
      if (piece.length !== last - first + 1) throw new Error(`${url} came as another piece`);
      whole.set(piece, first);
      progress(piece.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return whole;
}

async function fits(bytes, told) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return bytes.length === told.bytes && hex === told.sha256;
}

/** Older versions of the same file. */
async function forgetOthers(shelf, url) {
  const path = new URL(url, location.href).pathname;
  for (const request of (await shelf?.keys()) ?? []) {
    if (new URL(request.url).pathname === path) await shelf.delete(request);
  }
}
