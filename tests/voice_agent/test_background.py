"""A thread that may wait has a lower priority, and takes nobody else's away."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from voice_agent.background import NICER, in_background
from voice_agent.listen.recognise import NOTHING, RecogniserPool

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a thread has no priority here")


def niceness(_: object = None) -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_only_the_thread_that_says_so_gives_way() -> None:
    before = niceness()
    with ThreadPoolExecutor(1, initializer=in_background) as pool:
        assert pool.submit(niceness).result() == min(19, before + NICER)
    assert niceness() == before


def test_recognisers_give_way() -> None:
    found: list[int] = []

    class Noting:
        def transcribe(self, pcm: object) -> object:
            found.append(niceness())
            return NOTHING

    pool = RecogniserPool(Noting, workers=1, deadline_s=10.0)  # type: ignore[arg-type]
    pool.submit(None).result()  # type: ignore[arg-type]
    assert found == [min(19, niceness() + NICER)]
