"""A long turn is recognised in pieces; nothing said is lost between them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from voice_agent.listen.activity import WINDOW_SAMPLES
from voice_agent.listen.words import TurnWords

WINDOWS_PER_S = 16_000 / WINDOW_SAMPLES


def windows(seconds: float, level: float = 0.1) -> list[np.ndarray]:
    return [np.full(WINDOW_SAMPLES, level, np.float32)] * round(seconds * WINDOWS_PER_S)


def words_of(scene: Callable, **settings) -> tuple[TurnWords, list[float]]:
    made = scene(**settings)
    return TurnWords(made.pool, made.settings), made.recogniser.seconds


def test_a_short_piece_is_heard_again_with_what_follows(scene: Callable) -> None:
    words, seconds = words_of(scene)
    for window in windows(2):
        words.add(window)
    words.probe()
    assert words.wait().text
    words.resume()
    for window in windows(1):
        words.add(window)
    words.wait()
    assert np.allclose(seconds, [2, 3], atol=0.1)


def test_a_long_piece_is_final_at_a_pause(scene: Callable) -> None:
    words, seconds = words_of(scene)
    for window in windows(7):
        words.add(window)
    words.probe()
    words.resume()
    for window in windows(1):
        words.add(window)
    found = words.wait()
    assert found.text == "I had a hard day. I had a hard day."
    assert np.allclose(seconds, [7, 1], atol=0.1)


def test_speech_without_a_pause_is_cut_at_its_quietest(scene: Callable) -> None:
    words, seconds = words_of(scene, longest_piece_ms=4000)
    for window in [*windows(3), *windows(0.2, 0.001), *windows(2)]:
        words.add(window)
    words.wait()
    assert len(seconds) == 2
    assert 3.0 <= seconds[0] <= 3.3
    assert np.isclose(sum(seconds), 5.2, atol=0.1)


def test_words_of_a_failing_recogniser_are_nothing(scene: Callable) -> None:
    def broken(_: np.ndarray) -> str:
        raise OSError("gone")

    words, _ = words_of(scene, act=broken)
    for window in windows(1):
        words.add(window)
    assert words.wait().confidence == 0
