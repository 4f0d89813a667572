"""The two operating points: every number that fixes the bits on the wire stands here.

A token stream is a sequence of *packets*. A packet holds ``tokens_per_packet`` tokens, 40 bits in
both rates, so that it is always whole bytes; at the packets that :meth:`Rate.carries_voice` names,
a 16-bit voice codeword (the paralinguistic side channel) goes before the tokens. Nothing else is on
the token stream: position alone says what a byte means, which needs an ordered, reliable carrier.
"""

from __future__ import annotations

from dataclasses import dataclass

from codec.errors import SecoustiError

SAMPLE_RATE_HZ = 16_000
HOP_SAMPLES = 160  # 10 ms, one mel or STFT frame
PACKET_BITS = 40
VOICE_BITS = 16
VOICE_PERIOD_MS = 1280  # one voice codeword each 1.28 s: 12.5 bps
VOICE_FIRST_MS = 320  # the first one as soon as a little speech has been heard
DELAY_SAMPLES = 640  # output lags input by 40 ms (30 ms overlap-add + 10 ms look-ahead)


@dataclass(frozen=True)
class Rate:
    """One operating point: ``token_samples`` per token, ``levels`` of its one FSQ codebook."""

    name: str
    wire_id: int
    token_samples: int
    levels: tuple[int, ...]
    token_bits: int

    @property
    def tokens_per_packet(self) -> int:
        return PACKET_BITS // self.token_bits

    @property
    def packet_samples(self) -> int:
        return self.tokens_per_packet * self.token_samples

    @property
    def packet_ms(self) -> float:
        return 1000 * self.packet_samples / SAMPLE_RATE_HZ

    @property
    def token_hz(self) -> float:
        return SAMPLE_RATE_HZ / self.token_samples

    @property
    def nominal_bps(self) -> float:
        """Bits per second of an endless stream, voice codewords included."""
        return self.token_hz * self.token_bits + 1000 * VOICE_BITS / VOICE_PERIOD_MS

    def carries_voice(self, packet_index: int) -> bool:
        """Whether packet ``packet_index`` (from 0 at stream start) begins with a voice codeword."""
        at_ms = packet_index * self.packet_ms
        return at_ms % VOICE_PERIOD_MS == VOICE_FIRST_MS

    def packet_bytes(self, packet_index: int) -> int:
        voice_bits = VOICE_BITS if self.carries_voice(packet_index) else 0
        return (PACKET_BITS + voice_bits) // 8


LOW = Rate("low", 1, token_samples=640, levels=(4, 4, 4, 4, 4), token_bits=10)
HIGH = Rate("high", 2, token_samples=320, levels=(4,) * 10, token_bits=20)
RATES = {rate.name: rate for rate in (LOW, HIGH)}


def rate_named(name: str) -> Rate:
    """The rate of that name; raises :class:`SecoustiError` for any other word."""
    if name not in RATES:
        raise SecoustiError(f"unknown rate {name!r}: choose one of {', '.join(RATES)}")
    return RATES[name]
