"""SVOX Pico, the voice that always starts: plainer, 2 MB, no dictionary, spoken in one piece.

It runs in a process of its own for each sentence (about 70 ms). Its engine reads memory it has not
cleared: py-nanotts 0.1.1 called 200 times in one process hung inside C within 30 calls, holding the
whole interpreter, and never did so with fresh memory. A process also can be stopped.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from codec.errors import SecoustiError
from voice_agent import assets

DEADLINE_S = 10.0  # a long sentence takes well under a second

_PROGRAM = """
import sys
from py_nanotts import NanoTTS
text = sys.stdin.buffer.read().decode()
sys.stdout.buffer.write(NanoTTS().speak(text, voice="en-US", speed=float(sys.argv[1])))
"""


class PicoSpeaker:
    """Speaks sentences; thread-safe, for calls share nothing."""

    name = "pico"
    sample_rate_hz = 16_000

    def __init__(self) -> None:
        """Raises :class:`SecoustiError` when the package is missing or damaged."""
        assets.locate(assets.PICO_VOICE)

    def speak(self, sentence: str, pace: float) -> Iterator[NDArray[np.float32]]:
        """The sentence as one piece, float32 ``[T]`` at ``sample_rate_hz``.

        Raises :class:`SecoustiError` when the engine fails or is overdue.
        """
        command = [sys.executable, "-c", _PROGRAM, str(1 / pace)]
        try:
            spoken = subprocess.run(
                command,
                input=sentence.encode(),
                capture_output=True,
                check=True,
                timeout=DEADLINE_S,
            )
        except (subprocess.SubprocessError, OSError) as error:
            raise SecoustiError(
                f"the fallback voice did not speak ({type(error).__name__}): "
                "run 'pip install --force-reinstall py-nanotts==0.1.1'"
            ) from error
        yield np.frombuffer(spoken.stdout, "<i2").astype(np.float32) / np.float32(32768)
