"""The agent's voice: text in, speech at 16 kHz out, in pieces that can be played at once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import soxr
from numpy.typing import NDArray

from codec.errors import SecoustiError
from codec.rates import SAMPLE_RATE_HZ
from voice_agent import assets
from voice_agent.speak.phonemes import Pronouncer
from voice_agent.speak.pico import PicoSpeaker
from voice_agent.speak.piper import PiperVoice
from voice_agent.speak.settings import SpeakSettings
from voice_agent.speak.spell import sentences_of

_log = logging.getLogger(__name__)

QUIET = 0.003  # -50 dB of full scale: below it nothing has begun for a listener
ONSET_MS = 10  # kept before the first sound: soft beginnings

Pcm = NDArray[np.float32]


class Speaker(Protocol):
    """Speaks one sentence of spelled-out words."""

    name: str
    sample_rate_hz: int

    def speak(self, sentence: str, pace: float) -> Iterator[Pcm]:
        """Pieces of speech, float32 ``[T]`` at ``sample_rate_hz``."""
        ...


class PiperSpeaker:
    """A Piper voice behind the English pronouncer."""

    def __init__(self, name: str, voice: PiperVoice, pronounce: Pronouncer) -> None:
        self.name = name
        self.sample_rate_hz = voice.sample_rate_hz
        self._voice = voice
        self._pronounce = pronounce

    @classmethod
    def load(cls, path: Path | None, threads: int) -> PiperSpeaker:
        """The voice at ``path`` (.onnx), else the carried one; raises :class:`SecoustiError`."""
        if path is None:
            model, config = assets.locate(assets.PIPER_VOICE)
        else:
            model, config = path, path.with_name(path.name + ".json")
        return cls(model.stem, PiperVoice.load(model, config, threads), Pronouncer.load())

    def speak(self, sentence: str, pace: float) -> Iterator[Pcm]:
        return self._voice.speak(self._pronounce(sentence), pace)


class Voice:
    """One voice for all calls. Thread-safe."""

    def __init__(self, speaker: Speaker, settings: SpeakSettings) -> None:
        self._speaker = speaker
        self._settings = settings

    @property
    def name(self) -> str:
        """Which voice speaks, for ``doctor`` and the call log."""
        return self._speaker.name

    @classmethod
    def load(cls, settings: SpeakSettings | None = None) -> Voice:
        """Load the Piper voice, or Pico where the carried one does not start.

        Raises :class:`SecoustiError` when neither starts, or a voice the settings name does not.
        """
        chosen = settings or SpeakSettings()
        try:
            return cls(PiperSpeaker.load(chosen.voice, chosen.threads), chosen)
        except SecoustiError as error:
            if chosen.voice is not None or not chosen.fallback:
                raise
            _log.warning("%s; speaking with the fallback voice", error)
            return cls(PicoSpeaker(), chosen)

    def speak(self, text: str, pace: float = 1.0) -> Iterator[Pcm]:
        """Speech of ``text`` in pieces, float32 ``[T]`` at 16 kHz; the first comes early.

        What is quiet before the first sound is left out: a voice begins some 40 ms late.

        ``pace`` multiplies the length of sounds: 1.15 is slow. Close the generator to stop; then
        nothing more is computed. Text without words gives no piece.
        """
        for number, piece in enumerate(self._pieces(text, pace)):
            yield _from_onset(piece) if number == 0 else piece

    def _pieces(self, text: str, pace: float) -> Iterator[Pcm]:
        resample = soxr.ResampleStream(
            self._speaker.sample_rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32"
        )
        gap = np.zeros(
            self._settings.sentence_gap_ms * self._speaker.sample_rate_hz // 1000, np.float32
        )
        spoke = False
        for sentence in sentences_of(text):
            if spoke:
                yield from _heard(resample.resample_chunk(gap))
            for piece in self._speaker.speak(sentence, pace * self._settings.pace):
                spoke = True
                yield from _heard(resample.resample_chunk(piece))
        if spoke:
            yield from _heard(resample.resample_chunk(np.zeros(0, np.float32), last=True))


def _from_onset(pcm: Pcm) -> Pcm:
    """``pcm`` without what is quiet before its first sound."""
    sound = np.flatnonzero(np.abs(pcm) > QUIET)
    onset = int(sound[0]) if len(sound) else 0
    return pcm[max(0, onset - ONSET_MS * SAMPLE_RATE_HZ // 1000) :]


def _heard(pcm: Pcm) -> Iterator[Pcm]:
    """``pcm`` if the resampler gave any, within full scale."""
    if pcm.size:
        yield np.clip(pcm, -1.0, 1.0)
