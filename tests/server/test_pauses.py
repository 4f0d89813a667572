"""A process that serves does not look through its models again and again."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator

import pytest

from server.pauses import SWITCH_S, keep_pauses_short


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    interval = sys.getswitchinterval()
    yield
    gc.unfreeze()
    sys.setswitchinterval(interval)


def test_what_is_loaded_is_not_looked_through_again() -> None:
    loaded = [[number] for number in range(1000)]
    assert any(item is loaded for item in gc.get_objects())
    keep_pauses_short()
    assert not any(item is loaded for item in gc.get_objects())
    assert gc.isenabled()


def test_a_circle_that_is_made_later_is_still_freed() -> None:
    keep_pauses_short()
    circle: list[object] = []
    circle.append(circle)
    del circle
    assert gc.collect() >= 1


def test_the_event_loop_gets_its_turn_soon() -> None:
    keep_pauses_short()
    assert sys.getswitchinterval() == pytest.approx(SWITCH_S)
