"""How long a silence is waited for: the words' odds, the caller's own pauses, the limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent.listen.patience import Patience
from voice_agent.listen.settings import ListenSettings

SETTINGS = ListenSettings()
WINDOW_MS = 32
odds = st.floats(-3.0, 3.0)


def waits_ms(patience: Patience, words: float = 0.0) -> int:
    """The first silence that ends a turn."""
    return next(ms for ms in range(0, 5_000, WINDOW_MS) if patience.is_over(ms, words))


def patience(pauses_ms: list[float] = (), ends: int = 0, **settings: float) -> Patience:
    made = Patience(ListenSettings(**settings))
    for ms in pauses_ms:
        made.paused(ms)
    for _ in range(ends):
        made.ended()
    return made


@given(odds, odds, st.lists(st.floats(0.0, 9_000.0), max_size=20), st.integers(0, 9))
def test_finished_words_never_wait_longer_than_unfinished_ones(
    one: float, other: float, pauses: list[float], ends: int
) -> None:
    caller = patience(pauses, ends)
    assert waits_ms(caller, max(one, other)) <= waits_ms(caller, min(one, other))


@given(odds, st.lists(st.floats(0.0, 9_000.0), max_size=30), st.integers(0, 30))
def test_no_turn_ends_before_the_shortest_or_after_the_longest_silence(
    words: float, pauses: list[float], ends: int
) -> None:
    silence = waits_ms(patience(pauses, ends), words)
    assert SETTINGS.shortest_ms <= silence < SETTINGS.longest_ms + WINDOW_MS


@given(odds)
def test_a_silence_that_ends_a_turn_still_does_when_it_is_longer(words: float) -> None:
    caller = patience()
    first = waits_ms(caller, words)
    assert all(caller.is_over(ms, words) for ms in range(first, 4_000, WINDOW_MS))


def test_a_caller_who_searches_for_words_is_let_alone_and_one_who_does_not_is_answered() -> None:
    slow, quick = patience([1_300.0] * 6, ends=2), patience([220.0] * 6, ends=6)
    assert waits_ms(quick) < waits_ms(patience()) < waits_ms(slow)


def test_an_end_that_was_none_makes_more_patient() -> None:
    hasty = patience([600.0] * 3, ends=3)
    before = waits_ms(hasty)
    hasty.ended()
    hasty.went_on(900.0)
    assert waits_ms(hasty) > before


@pytest.mark.parametrize("words", [-3.0, 0.0, 3.0])
def test_silence_alone_may_decide(words: float) -> None:
    assert waits_ms(patience([1_500.0] * 9, silence_ms=704), words) == 704
