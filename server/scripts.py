"""Pre-rendered replies: token packets by rate and text, sent as they are, with nothing in between.

What a caller in danger must hear depends on no voice and no encoder: the agent's archive has its
packets, and behind them its sound, which needs the encoder but no voice. What the server itself
says is rendered at start-up, while everything works, for when something does not.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import torch

from codec.rates import DELAY_SAMPLES, SAMPLE_RATE_HZ, rate_named
from server.comfort import TONE_TEXT, comfort_tone
from server.parts import Pcm, StreamCodec, Voice
from voice_agent.speak.archive import ScriptArchive

log = logging.getLogger(__name__)

SAME_SHARE = (
    0.5  # of probe packets; another machine's arithmetic flips few, other weights nearly all
)


class ScriptShelf:
    """What need not be spoken live: the archive, and texts rendered by this server."""

    def __init__(self, archive: ScriptArchive | None = None) -> None:
        self._archive = archive or ScriptArchive({})
        self._packets: dict[tuple[str, str], tuple[bytes, ...]] = {}
        self._sounds: dict[str, Pcm] = {TONE_TEXT: comfort_tone()}
        self._foreign: set[str] = set()

    def packets(self, rate: str, text: str) -> Sequence[bytes] | None:
        """The packets of this very text, from packet 0, or None where it was not rendered."""
        own = self._packets.get((rate, text))
        if own is not None or rate in self._foreign:
            return own
        return self._archive.packets(rate, text)

    def sound(self, text: str) -> Pcm | None:
        """This very text as float32 ``[T]`` at 16 kHz, or None where it was not rendered."""
        own = self._sounds.get(text)
        return self._archive.audio(text) if own is None else own

    def has(self, text: str) -> bool:
        """Whether :meth:`sound` has this very text, without reading it."""
        return text in self._sounds or text in self._archive

    def put(self, rate: str, text: str, packets: Sequence[bytes]) -> None:
        """Keeps one text's packets, from packet 0, for one rate."""
        self._packets[rate, text] = tuple(packets)

    def distrust_foreign(self, probe: str, codecs: Mapping[str, StreamCodec]) -> None:
        """Leaves the archive's packets of a rate unused when its codec makes others of ``probe``.

        Tokens mean nothing under other weights. A codec that fails here is no reason to distrust.
        """
        sound = self._archive.audio(probe)
        for rate, codec in codecs.items():
            stored = self._archive.packets(rate, probe)
            if sound is None or stored is None:
                continue
            made = encode_whole(codec, rate, [sound])
            same = sum(a == b for a, b in zip(stored, made, strict=False))
            if same < SAME_SHARE * len(stored):
                log.warning("scripts were rendered with other %s weights: run 'make scripts'", rate)
                self._foreign.add(rate)

    def render(
        self, sentences: Sequence[str], voice: Voice, codecs: Mapping[str, StreamCodec], gap_ms: int
    ) -> None:
        """Speaks a text once and keeps it, as sound and for every rate (blocking)."""
        text, sound = " ".join(sentences), self.spoken(sentences, voice, gap_ms)
        for rate in codecs:
            if self.packets(rate, text) is None:
                self.put(rate, text, encode_whole(codecs[rate], rate, [sound]))

    def spoken(self, sentences: Sequence[str], voice: Voice, gap_ms: int) -> Pcm:
        """A text as float32 ``[T]`` at 16 kHz, spoken the first time it is wanted (blocking)."""
        text = " ".join(sentences)
        if text not in self._sounds:
            speech: list[Pcm] = []
            for sentence in sentences:
                speech += [*voice.speak(sentence), silence(gap_ms)]
            self._sounds[text] = np.concatenate(speech)
        return self._sounds[text]


def encode_whole(codec: StreamCodec, rate: str, speech: Iterable[Pcm]) -> list[bytes]:
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
