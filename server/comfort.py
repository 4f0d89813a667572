"""The comfort tone: two soft notes by which a caller hears that the line is still open.

It is for wires of samples: the codec knows speech, and takes 24 dB and more of it away.
"""

from __future__ import annotations

import numpy as np

from codec.rates import SAMPLE_RATE_HZ
from server.parts import Pcm

TONE_TEXT = "…"  # how captions and logs write it
NOTES_HZ = (330.0, 440.0)  # a fourth, inside every telephone's band
NOTE_S, PAUSE_S = 0.35, 0.05
LEVEL = 0.06  # amplitude: well below speech


def comfort_tone() -> Pcm:
    """Float32 ``[T]`` at 16 kHz, each note rising and falling smoothly so that nothing clicks."""
    times = np.arange(round(NOTE_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    swell = np.sin(np.pi * times / NOTE_S) ** 2
    pause = np.zeros(round(PAUSE_S * SAMPLE_RATE_HZ))
    notes = [LEVEL * swell * np.sin(2 * np.pi * hz * times) for hz in NOTES_HZ]
    return np.concatenate([part for note in notes for part in (note, pause)]).astype(np.float32)
