"""Between a wire's sound and the house's: tokens through the engine's slot, samples resampled.

A line hears one packet of the wire as float32 at 16 kHz, and cuts the sound of one reply into
frames of the wire. Lengths are in samples at 16 kHz whatever is on the wire.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from typing import Protocol, cast

import numpy as np

from codec.rates import DELAY_SAMPLES, SAMPLE_RATE_HZ, Rate, rate_named
from server.engine import Slot
from server.parts import Pcm
from server.scripts import Framer, ScriptShelf
from server.wires import native
from server.wires.concealing import Concealer
from server.wires.sound import Cutter, PcmSound, Resampler, Sound

PIECE_SAMPLES = 16_000


class Line(Protocol):
    """One caller's sound, both ways."""

    frame_samples: int  # of one frame that goes to the caller
    delay_samples: int  # by which what is heard lags its place in the caller's stream
    muted: bool  # replies are text alone, and have no frames

    @property
    def rate(self) -> native.RateName | None:
        """The rate of the replies that begin now; None where they are samples."""
        ...

    def samples(self, packets: Sequence[bytes | None]) -> int:
        """How long these packets of the caller last."""
        ...

    async def hear(self, packet: bytes | None) -> Pcm:
        """The next packet of the caller as float32 ``[T]``; packets must come in order. None: it
        is lost, and what it was is made up."""
        ...

    def switch(self, rate: native.RateName) -> None:
        """Packets that are counted from now on, and replies that begin, are of ``rate``.

        Raises:
            SecoustiError: there is no codec for it.
        """
        ...

    def restart(self, rate: native.RateName) -> None:
        """The next packet that is heard is the first of a stream of ``rate``."""
        ...

    def frames(self, sound: AsyncIterator[Pcm]) -> AsyncGenerator[bytes]:
        """The frames of one reply's ``sound``, the last one filled up with silence."""
        ...

    def prepared(self, text: str) -> Sequence[bytes] | None:
        """The frames of this very text where they are rendered already."""
        ...


def line_for(sound: Sound, slot: Slot, shelf: ScriptShelf) -> Line:
    """The line of a call that holds ``slot``."""
    return TokenLine(slot, shelf) if isinstance(sound, Rate) else PcmLine(sound)


class TokenLine:
    """Codec packets: the engine decodes and encodes them, pre-rendered texts go out as they are."""

    delay_samples = DELAY_SAMPLES
    muted = False

    def __init__(self, slot: Slot, shelf: ScriptShelf) -> None:
        self._slot, self._shelf = slot, shelf
        self._take(cast(native.RateName, slot.rate))

    def samples(self, packets: Sequence[bytes | None]) -> int:
        return len(packets) * self.frame_samples

    async def hear(self, packet: bytes | None) -> Pcm:
        return await self._slot.decode(packet)

    def switch(self, rate: native.RateName) -> None:
        self._slot.speak_at(rate)
        self._take(rate)

    def restart(self, rate: native.RateName) -> None:
        self._slot.hear_at(rate)

    def _take(self, rate: native.RateName) -> None:
        self.rate: native.RateName = rate
        self.frame_samples = rate_named(rate).packet_samples

    async def frames(self, sound: AsyncIterator[Pcm]) -> AsyncGenerator[bytes]:
        self._slot.restart_reply()
        framer = Framer(self.frame_samples)
        async for chunk in sound:
            for frame in framer.push(chunk):
                yield await self._slot.encode(frame)
        for frame in framer.finish():
            yield await self._slot.encode(frame)

    def prepared(self, text: str) -> Sequence[bytes] | None:
        return self._shelf.packets(self.rate, text)


class PcmLine:
    """Samples: no codec between the voice and the caller, so nothing is lost but bandwidth."""

    delay_samples = 0  # the resampler answers late but does not shift
    muted = False
    rate = None

    def __init__(self, sound: PcmSound) -> None:
        self._sound = sound
        self.frame_samples = sound.frame_ms * SAMPLE_RATE_HZ // 1000
        self._ear = Resampler(sound.up.rate_hz, SAMPLE_RATE_HZ)
        self._concealer = Concealer(sound.up.rate_hz)
        self._counted = self._heard = sound.up.rate_hz * sound.frame_ms // 1000

    def samples(self, packets: Sequence[bytes | None]) -> int:
        up, total = self._sound.up, 0
        for packet in packets:
            if packet is not None:
                self._counted = len(packet) // up.sample_bytes
            total += round(self._counted * SAMPLE_RATE_HZ / up.rate_hz)
        return total

    async def hear(self, packet: bytes | None) -> Pcm:
        if packet is None:  # as long as the last one
            came = self._concealer.lost(self._heard)
        else:
            came = self._concealer.came(self._sound.up.decode(packet))
            self._heard = len(came)
        heard = []
        for piece in pieces(came):
            heard.append(self._ear.push(piece))
            if len(piece) == PIECE_SAMPLES:  # a client that sends much at once holds nobody up
                await asyncio.sleep(0)
        return np.concatenate(heard)

    def switch(self, rate: native.RateName) -> None:
        """Samples have no rate that a codec would care for."""

    restart = switch

    async def frames(self, sound: AsyncIterator[Pcm]) -> AsyncGenerator[bytes]:
        down = self._sound.down
        size = down.bytes_of(self._sound.frame_ms)
        mouth, cutter = Resampler(SAMPLE_RATE_HZ, down.rate_hz), Cutter(size)
        async for chunk in sound:
            for piece in pieces(chunk):
                for frame in cutter.push(down.encode(mouth.push(piece))):
                    yield frame
        silence = down.encode(np.zeros(size // down.sample_bytes, np.float32))
        for frame in cutter.push(down.encode(mouth.finish())) + cutter.finish(silence):
            yield frame

    def prepared(self, text: str) -> Sequence[bytes] | None:
        return () if self.muted else None


def pieces(pcm: Pcm) -> Iterator[Pcm]:
    """``pcm`` in pieces whose resampling takes the event loop well under a millisecond."""
    for start in range(0, max(1, len(pcm)), PIECE_SAMPLES):
        yield pcm[start : start + PIECE_SAMPLES]
