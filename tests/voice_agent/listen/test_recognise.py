"""A recogniser that raises, hangs or is slow costs words, never a call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from voice_agent.listen.recognise import (
    MOST_REPLACEMENTS,
    NOTHING,
    Hypothesis,
    RecogniserPool,
    judged,
)

HANGING, SPEECH, BROKEN = (np.full(16_000, kind, np.float32) for kind in (0, 1, 2))


class Counted:
    """Answers with which instance it is; on ``HANGING`` blocks while ``gate`` is closed."""

    made = 0
    gate = threading.Event()

    def __init__(self) -> None:
        Counted.made += 1
        self.number = Counted.made

    def transcribe(self, pcm: np.ndarray) -> Hypothesis:
        if not pcm.any():
            Counted.gate.wait(120)
        if pcm[0] == BROKEN[0]:
            raise RuntimeError("the model broke")
        return Hypothesis(f"instance {self.number}", 0.9)


@pytest.fixture
def pool_of() -> Iterator[Callable[[float], RecogniserPool]]:
    """Makes a pool of one worker with that deadline in seconds."""
    Counted.made, Counted.gate = 0, threading.Event()
    yield lambda deadline_s: RecogniserPool(Counted, 1, deadline_s)
    Counted.gate.set()


def heard(pool: RecogniserPool, *pieces: np.ndarray) -> list[str]:
    return [found.text for found in pool.results([pool.submit(piece) for piece in pieces])]


def patient(pool: RecogniserPool) -> RecogniserPool:
    """The same pool with a long deadline: a new worker takes a moment on a busy machine."""
    pool._deadline_s = 60
    return pool


def test_an_error_is_nothing_and_the_next_piece_is_heard(pool_of: Callable) -> None:
    assert heard(pool_of(60), BROKEN, SPEECH) == ["", "instance 1"]


def test_a_hanging_recogniser_is_replaced(pool_of: Callable) -> None:
    pool = pool_of(0.2)
    assert heard(pool, HANGING) == [""]
    assert heard(patient(pool), SPEECH) == ["instance 2"]


def test_what_was_given_up_is_not_waited_for_again(pool_of: Callable) -> None:
    pool = pool_of(0.2)
    hanging = pool.submit(HANGING)
    assert pool.results([hanging]) == [NOTHING]
    assert patient(pool).results([hanging]) == [NOTHING]


def test_replacing_has_an_end(pool_of: Callable) -> None:
    pool = pool_of(0.05)
    for _ in range(8):
        assert heard(pool, HANGING) == [""]
    assert Counted.made <= 1 + MOST_REPLACEMENTS


def test_a_worker_that_was_given_up_does_not_come_back(pool_of: Callable) -> None:
    pool = pool_of(0.2)
    heard(pool, HANGING)
    Counted.gate.set()
    assert set(heard(patient(pool), *[SPEECH] * 20)) == {"instance 2"}


def test_a_recogniser_that_does_not_start_is_told_at_once() -> None:
    def broken() -> Counted:
        raise ValueError("no weights")

    with pytest.raises(ValueError, match="no weights"):
        RecogniserPool(broken, 2, 1.0)


@pytest.mark.parametrize("raw", ["", " \n", "...", "♪", "\x01", " You."])
def test_text_that_stands_for_no_speech_is_nothing(raw: str) -> None:
    assert judged(raw, 2.0) == NOTHING


def test_a_looping_decoder_is_not_trusted() -> None:
    spoken = judged("I had a hard day", 2.0)
    looped = judged("I had a hard day " * 20, 2.0)
    assert spoken == Hypothesis("I had a hard day", 0.9)
    assert looped.confidence < 0.2
