"""The fallback voice takes any text, again and again, and cannot hold up the process."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from codec.errors import SecoustiError
from voice_agent.speak import pico
from voice_agent.speak.pico import PicoSpeaker


def spoken(text: str, pace: float = 1.0) -> np.ndarray:
    return np.concatenate(list(PicoSpeaker().speak(text, pace)))


@pytest.mark.parametrize(
    "text", ["Hello.", "日本", "x" * 2000, "<volume level='0'>", "\x00 \ud7ff"]
)
def test_it_takes_any_text(text: str) -> None:
    pcm = spoken(text)
    assert pcm.dtype == np.float32 and pcm.ndim == 1
    assert np.isfinite(pcm).all() and np.abs(pcm).max(initial=0) <= 1


def test_it_speaks_often_and_side_by_side() -> None:
    """In one process the engine hung within 30 calls; see the module."""
    with ThreadPoolExecutor(2) as pool:
        lengths = set(map(len, pool.map(spoken, ["Hello there."] * 40)))
    assert min(lengths) > 8_000


def test_a_slow_pace_is_slower() -> None:
    assert len(spoken("Hello there, my friend.", 1.4)) > 1.2 * len(
        spoken("Hello there, my friend.")
    )


@pytest.mark.parametrize("program", ["raise SystemExit(3)", "import time; time.sleep(60)"])
def test_an_engine_that_fails_or_hangs_is_an_error_in_time(
    monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(pico, "_PROGRAM", program)
    monkeypatch.setattr(pico, "DEADLINE_S", 0.5)
    began = time.monotonic()
    with pytest.raises(SecoustiError, match="fallback voice did not speak"):
        spoken("Hello.")
    assert time.monotonic() - began < 30
