"""A recording of one caller turn, read and judged before a call is made with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from codec.audio import read_audio
from codec.errors import SecoustiError
from codec.rates import SAMPLE_RATE_HZ
from secousti.files import existing

SHORTEST_S, LONGEST_S = 0.3, 120.0  # a word; more than anyone says before drawing an answer
QUIETEST_PEAK = 0.001  # -60 dB of full scale: below it a turn holds nothing to hear


@dataclass(frozen=True)
class CallerTurn:
    """One turn: ``wav`` float32 [T] at 16 kHz."""

    path: Path
    wav: np.ndarray

    @property
    def seconds(self) -> float:
        return len(self.wav) / SAMPLE_RATE_HZ


def read_turn(path: Path) -> CallerTurn:
    """The turn in a sound file of any rate and channel count.

    Raises :class:`SecoustiError` where the file is missing, is no sound, or could not be a turn:
    shorter than 0.3 s, longer than 120 s, or silent.
    """
    refuse_length(path, stated_seconds(existing(path, "a sound file")))
    wav = read_audio(path).numpy()
    refuse_length(path, len(wav) / SAMPLE_RATE_HZ)
    peak = float(np.abs(wav).max(initial=0.0))
    if peak < QUIETEST_PEAK:
        raise SecoustiError(f"{path} is silent: a caller turn with speech in it was expected")
    return CallerTurn(path, wav)


def stated_seconds(path: Path) -> float:
    """Length by the file's header, or one second where only reading it can tell."""
    try:
        return float(soundfile.info(str(path)).duration)
    except soundfile.LibsndfileError:
        return 1.0


def refuse_length(path: Path, seconds: float) -> None:
    if not SHORTEST_S <= seconds <= LONGEST_S:
        raise SecoustiError(
            f"{path} lasts {seconds:.2f} s: a caller turn lasts {SHORTEST_S} to {LONGEST_S:.0f} s; "
            "give one file per turn"
        )
