// Codec packets: which bits of a binary message mean what. Position in the stream alone says so.

const PACKET_BYTES = 5;
const VOICE_BYTES = 2;

/** Whether packet `index` of a stream begins with a voice codeword. */
export function carriesVoice(facts, index) {
  const behind = index - facts.voice_first_packet;
  return behind >= 0 && behind % facts.voice_period_packets === 0;
}

/** Cuts messages into packets, from packet 0 of a stream, and reads them. */
export class PacketReader {
  #facts;
  #index = 0;

  constructor(facts) {
    this.#facts = facts;
  }

  /** Packets `{codes, voice}` of one message (Uint8Array); `voice` is null between codewords. */
  read(bytes) {
    const packets = [];
    let at = 0;
    while (at < bytes.length) {
      const voiced = carriesVoice(this.#facts, this.#index);
      const size = PACKET_BYTES + (voiced ? VOICE_BYTES : 0);
      if (at + size > bytes.length) throw new Error("the stream of packets is out of step");
      const body = bytes.subarray(at + size - PACKET_BYTES, at + size);
      const voice = voiced ? (bytes[at] << 8) | bytes[at + 1] : null;
      packets.push({ codes: this.#codes(body), voice });
      at += size;
      this.#index += 1;
    }
    return packets;
  }

  #codes(body) {
    const { tokens_per_packet: count, token_bits: bits } = this.#facts;
    let value = body.reduce((sum, byte) => sum * 256 + byte, 0); // below 2^40, exact
    const codes = new Array(count);
    for (let k = count - 1; k >= 0; k -= 1) {
      codes[k] = value % 2 ** bits;
      value = Math.floor(value / 2 ** bits);
    }
    return codes;
  }
}

/** Writes packets one after the other, from packet 0 of a stream. */
export class PacketWriter {
  #facts;
  #index = 0;

  constructor(facts) {
    this.#facts = facts;
  }

  /** The bytes of the next packet; `voice` is written only where the stream carries it. */
  write(codes, voice) {
    const voiced = carriesVoice(this.#facts, this.#index);
    this.#index += 1;
    let value = codes.reduce((sum, code) => sum * 2 ** this.#facts.token_bits + code, 0);
    const bytes = new Uint8Array(PACKET_BYTES + (voiced ? VOICE_BYTES : 0));
    for (let k = bytes.length - 1; k >= bytes.length - PACKET_BYTES; k -= 1) {
      bytes[k] = value % 256;
      value = Math.floor(value / 256);
    }
    if (voiced) bytes.set([voice >> 8, voice & 255]);
    return bytes;
  }
}
