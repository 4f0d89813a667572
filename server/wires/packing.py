"""What stands in the native wire's binary messages: packets by their place, or plain samples."""

from __future__ import annotations

from codec.errors import SecoustiError
from codec.packets import split_packets
from codec.rates import Rate
from server.wires.closing import CloseCode, ProtocolError
from server.wires.sound import PcmFormat, PcmSound, Sound

# 1 KiB of tokens is 8 s of speech at the high rate: more than any live sender batches.
BINARY_BYTES = 1024
PCM = PcmSound(PcmFormat("pcm16", 16_000), PcmFormat("pcm16", 16_000), frame_ms=20)


class PacketSplitter:
    """Cuts binary messages into packets by position alone, from packet 0 of a stream."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self.index = 0

    def split(self, data: bytes) -> tuple[bytes, ...]:
        """The packets of one message.

        Raises:
            ProtocolError: it is empty, over ``BINARY_BYTES`` or ends inside a packet.
        """
        _check_size(data)
        try:
            packets = split_packets(self._rate, self.index, data)
        except SecoustiError as error:
            raise ProtocolError(CloseCode.BAD_PAYLOAD, str(error)) from None
        self.index += len(packets)
        return tuple(packets)

    def skip(self, packets: int) -> None:
        """So many packets did not come: what follows stands after them."""
        self.index += packets


class PcmSplitter:
    """Takes binary messages of 16-bit samples as they are; the same faults as of packets."""

    def split(self, data: bytes) -> tuple[bytes, ...]:
        """The one piece of one message; raises as :meth:`PacketSplitter.split`."""
        _check_size(data)
        if len(data) % PCM.up.sample_bytes:
            raise ProtocolError(CloseCode.BAD_PAYLOAD, "half a sample: send whole 16-bit samples")
        return (data,)


def splitter_of(sound: Sound) -> PacketSplitter | PcmSplitter:
    """A splitter at the start of a stream of ``sound``."""
    return PacketSplitter(sound) if isinstance(sound, Rate) else PcmSplitter()


def _check_size(data: bytes) -> None:
    if len(data) > BINARY_BYTES:
        raise ProtocolError(
            CloseCode.TOO_BIG,
            f"a binary message of {len(data)} bytes: send at most {BINARY_BYTES}",
        )
    if not data:
        raise ProtocolError(
            CloseCode.BAD_PAYLOAD, "an empty binary message: send at least one packet"
        )
