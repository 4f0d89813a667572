"""A mind without sentence vectors or endpoint, and a clock that tests turn by hand."""

from __future__ import annotations

import pytest

from voice_agent.think import Mind, ThinkSettings


class Clock:
    """Call time in seconds, moved by the test."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def mind() -> Mind:
    return Mind.load(ThinkSettings(use_vectors=False))
