// The native wire `secousti.v1`, a browser's end: docs/protocol.md is the specification.

const VERSION = 1;
const PROTOCOL = "secousti.v1";
const TOKEN = "secousti.token.";

/** One connection. `onevent(event)` gets control messages, `onsound(bytes)` what is binary,
 * `onclosed({code, reason, told})` the end: `told` is the server's own last word, if any. */
export class Line {
  onevent = () => {};
  onsound = () => {};
  onclosed = () => {};
  #socket;
  #told = null;

  /** `first` is the hello or the resume. */
  constructor(first, token) {
    const address = new URL("call", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    address.hash = "";
    this.#socket = new WebSocket(address, token ? [PROTOCOL, TOKEN + token] : [PROTOCOL]);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onopen = () => this.tell({ version: VERSION, ...first });
    this.#socket.onmessage = ({ data }) => this.#heard(data);
    this.#socket.onclose = ({ code, reason }) => this.onclosed({ code, reason, told: this.#told });
  }

  /** Sends a control message, if the line is open. */
  tell(event) {
    this.send(JSON.stringify(event));
  }

  /** Sends a message as it is, if the line is open. */
  send(message) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(message);
  }

  /** Says bye; the server closes. */
  hangUp() {
    this.tell({ type: "bye", reason: "" });
    if (this.#socket.readyState !== WebSocket.OPEN) this.#socket.close();
  }

  #heard(data) {
    if (typeof data !== "string") return this.onsound(new Uint8Array(data));
    const event = JSON.parse(data);
    if (event.type === "error") this.#told = event.message;
    if (event.type === "bye") this.#told = event.reason;
    return this.onevent(event);
  }
}
