"""A recogniser that raises, hangs or is slow costs words, never a call."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

from voice_agent.listen.recognise import NOTHING, Hypothesis, RecogniserPool, judged

SECOND = np.ones(16_000, np.float32)


class Counted:
    """Answers with which instance it is; blocks while ``gate`` is closed and the audio is zero."""

    made = 0
    gate = threading.Event()

    def __init__(self) -> None:
        Counted.made += 1
        self.number = Counted.made

    def transcribe(self, pcm: np.ndarray) -> Hypothesis:
        if not pcm.any():
            Counted.gate.wait(30)
        if pcm[0] == 2:
            raise RuntimeError("the model broke")
        return Hypothesis(f"instance {self.number}", 0.9)


@pytest.fixture
def make() -> Callable[..., RecogniserPool]:
    Counted.made, Counted.gate = 0, threading.Event()
    yield lambda workers=1, deadline_s=0.2: RecogniserPool(Counted, workers, deadline_s)
    Counted.gate.set()


def test_an_error_is_nothing_and_the_next_piece_is_heard(make: Callable) -> None:
    pool = make()
    assert pool.result(pool.submit(2 * SECOND)) == NOTHING
    assert pool.result(pool.submit(SECOND)).text == "instance 1"


def test_a_hanging_recogniser_is_replaced(make: Callable) -> None:
    pool = make()
    assert pool.result(pool.submit(0 * SECOND)) == NOTHING
    pool = pool_with_patience(pool)
    assert pool.result(pool.submit(SECOND)).text == "instance 2"


def test_replacing_has_an_end(make: Callable) -> None:
    pool = make(deadline_s=0.05)
    for _ in range(8):
        assert pool.result(pool.submit(0 * SECOND)) == NOTHING
    assert Counted.made <= 5


def test_a_worker_that_was_given_up_does_not_come_back(make: Callable) -> None:
    pool = make()
    pool.result(pool.submit(0 * SECOND))
    Counted.gate.set()
    pool = pool_with_patience(pool)
    heard = {pool.result(pool.submit(SECOND)).text for _ in range(20)}
    assert heard == {"instance 2"}


def test_a_recogniser_that_does_not_start_is_told_at_once() -> None:
    def broken() -> Counted:
        raise ValueError("no weights")

    with pytest.raises(ValueError, match="no weights"):
        RecogniserPool(broken, 2, 1.0)


def pool_with_patience(pool: RecogniserPool) -> RecogniserPool:
    """The same pool, waiting longer: a new worker takes a moment on a busy machine."""
    pool._deadline_s = 5.0
    return pool


@pytest.mark.parametrize("raw", ["", " \n", "...", "♪", "\x01", " You."])
def test_text_that_stands_for_no_speech_is_nothing(raw: str) -> None:
    assert judged(raw, 2.0) == NOTHING


def test_a_looping_decoder_is_not_trusted() -> None:
    spoken = judged("I had a hard day", 2.0)
    looped = judged("I had a hard day " * 20, 2.0)
    assert spoken == Hypothesis("I had a hard day", 0.9)
    assert looped.confidence < 0.2
