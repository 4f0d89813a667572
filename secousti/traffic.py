"""What a call costs on its way: token bits, and the websocket bytes that carry them."""

from __future__ import annotations

from dataclasses import dataclass

from codec import SAMPLE_RATE_HZ, Rate


@dataclass
class Traffic:
    """What went one way. ``rate`` is that of the packets counted next; ``wire_bytes`` counts
    websocket frames with their headers."""

    rate: Rate
    packets: int = 0
    samples: int = 0
    token_bits: int = 0
    wire_bytes: int = 0

    @property
    def seconds(self) -> float:
        """Duration of the sound that was carried."""
        return self.samples / SAMPLE_RATE_HZ

    @property
    def bps(self) -> float:
        """Token bits per second of sound, voice side channel included."""
        return self.token_bits / self.seconds if self.packets else 0.0

    @property
    def wire_bps(self) -> float:
        """Websocket bits per second of sound, control messages included."""
        return 8 * self.wire_bytes / self.seconds if self.packets else 0.0

    def count(self, message: bytes | str, masked: bool) -> None:
        """Counts one message with its frame header (RFC 6455 section 5.2)."""
        payload = message.encode() if isinstance(message, str) else message
        length = 2 if len(payload) < 126 else 4 if len(payload) < 65_536 else 10
        self.wire_bytes += length + (4 if masked else 0) + len(payload)

    def tokens(self, packets: tuple[bytes, ...]) -> None:
        """Counts the packets of one message."""
        self.packets += len(packets)
        self.samples += len(packets) * self.rate.packet_samples
        self.token_bits += 8 * sum(map(len, packets))
