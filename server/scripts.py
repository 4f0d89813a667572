"""Pre-rendered scripts: token packets per rate that are sent as they are, with nothing in between.

What a caller in danger must hear does not depend on the voice or on the encoder: the packets lie on
disk beside the agent's data, or, for the server's own apology, are made while everything works.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch

from codec.rates import DELAY_SAMPLES, SAMPLE_RATE_HZ, rate_named
from server.parts import Pcm, StreamCodec, Voice

log = logging.getLogger(__name__)


class ScriptShelf:
    """Packets by rate and script id."""

    def __init__(self) -> None:
        self._packets: dict[tuple[str, str], tuple[bytes, ...]] = {}

    def put(self, rate: str, script_id: str, packets: Sequence[bytes]) -> None:
        """Keeps one script of one rate."""
        self._packets[rate, script_id] = tuple(packets)

    def packets(self, rate: str, script_id: str | None) -> tuple[bytes, ...] | None:
        """The script's packets from packet 0, or None where it was not rendered."""
        return None if script_id is None else self._packets.get((rate, script_id))

    def render(
        self,
        script_id: str,
        sentences: Sequence[str],
        voice: Voice,
        codecs: Mapping[str, StreamCodec],
        gap_ms: int,
    ) -> None:
        """Speaks a script once and keeps it for every rate that has not got it (blocking)."""
        missing = [rate for rate in codecs if (rate, script_id) not in self._packets]
        if not missing:
            return
        speech = [
            pcm for sentence in sentences for pcm in (*voice.speak(sentence), silence(gap_ms))
        ]
        for rate in missing:
            self.put(rate, script_id, encode_whole(codecs[rate], rate, speech))


def encode_whole(codec: StreamCodec, rate: str, speech: Sequence[Pcm]) -> list[bytes]:
    """One stream's packets of the whole ``speech``, the codec's delay flushed out."""
    framer = Framer(rate_named(rate).packet_samples)
    encoder = codec.stream_encoder(1)
    frames = [frame for chunk in speech for frame in framer.push(chunk)] + list(framer.finish())
    with torch.inference_mode():
        return [encoder.step(torch.from_numpy(frame[None]), [0])[0] for frame in frames]


class Framer:
    """Cuts speech of any chunking into the frames one packet takes."""

    def __init__(self, frame_samples: int) -> None:
        self._size = frame_samples
        self._rest = np.zeros(0, np.float32)

    def push(self, pcm: Pcm) -> Iterator[Pcm]:
        """The whole frames that ``pcm``, float32 ``[T]``, completes."""
        self._rest = np.concatenate([self._rest, pcm.astype(np.float32, copy=False)])
        while len(self._rest) >= self._size:
            frame, self._rest = self._rest[: self._size], self._rest[self._size :]
            yield frame

    def finish(self) -> Iterator[Pcm]:
        """The last frames: silence that brings out the decoder's delay, to a whole packet."""
        missing = -(len(self._rest) + DELAY_SAMPLES) % self._size
        yield from self.push(np.zeros(DELAY_SAMPLES + missing, np.float32))


def silence(ms: int) -> Pcm:
    """Float32 zeros of that length."""
    return np.zeros(ms * SAMPLE_RATE_HZ // 1000, np.float32)
