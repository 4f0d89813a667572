"""How long a silence is waited for: the words' odds, the caller's own pauses, the limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent.listen.patience import Patience
from voice_agent.listen.settings import ListenSettings

SETTINGS = ListenSettings()
WINDOW_MS = 32
TURN_S = 4.0
odds = st.floats(-3.0, 3.0)
speech = st.floats(0.0, 60.0)


def waits_ms(patience: Patience, words: float = 0.0, spoken_s: float = TURN_S) -> int:
    """The first silence that ends a turn of so much speech."""
    return next(ms for ms in range(0, 5_000, WINDOW_MS) if patience.is_over(ms, spoken_s, words))


def patience(pauses_ms: list[float] = (), turns_s: list[float] = (), **settings: float) -> Patience:
    made = Patience(ListenSettings(**settings))
    for ms in pauses_ms:
        made.paused(ms)
    for spoken_s in turns_s:
        made.ended(spoken_s)
    return made


@given(odds, odds, st.lists(st.floats(0.0, 9_000.0), max_size=20), st.lists(speech, max_size=9))
def test_finished_words_never_wait_longer_than_unfinished_ones(
    one: float, other: float, pauses: list[float], turns: list[float]
) -> None:
    caller = patience(pauses, turns)
    assert waits_ms(caller, max(one, other)) <= waits_ms(caller, min(one, other))


@given(odds, speech, st.lists(st.floats(0.0, 9_000.0), max_size=30), st.lists(speech, max_size=30))
def test_no_turn_ends_before_the_shortest_or_after_the_longest_silence(
    words: float, spoken_s: float, pauses: list[float], turns: list[float]
) -> None:
    silence = waits_ms(patience(pauses, turns), words, spoken_s)
    assert SETTINGS.shortest_ms <= silence < SETTINGS.longest_ms + WINDOW_MS


@given(odds)
def test_a_silence_that_ends_a_turn_still_does_when_it_is_longer(words: float) -> None:
    caller = patience()
    first = waits_ms(caller, words)
    assert all(caller.is_over(ms, TURN_S, words) for ms in range(first, 4_000, WINDOW_MS))


def test_a_caller_who_searches_for_words_is_let_alone_and_one_who_does_not_is_answered() -> None:
    slow, quick = patience([1_300.0] * 6, [4.0] * 2), patience([220.0] * 6, [4.0] * 6)
    assert waits_ms(quick) < waits_ms(patience()) < waits_ms(slow)


def test_who_answers_briefly_is_answered_sooner_than_who_tells_at_length() -> None:
    brief, telling = patience(turns_s=[1.0] * 5), patience(turns_s=[9.0] * 5)
    assert waits_ms(brief, spoken_s=1.0) < waits_ms(telling, spoken_s=1.0)
    assert waits_ms(telling, spoken_s=9.0) < waits_ms(telling, spoken_s=1.0)


def test_who_pauses_often_is_given_more_time_at_each_pause() -> None:
    fluent, halting = patience(turns_s=[5.0] * 4), patience([350.0] * 12, [5.0] * 4)
    assert waits_ms(fluent) < waits_ms(halting)


def test_an_end_that_was_none_makes_more_patient() -> None:
    hasty = patience([600.0] * 3, [4.0] * 3)
    before = waits_ms(hasty)
    hasty.ended(4.0)
    hasty.went_on(900.0)
    assert waits_ms(hasty, spoken_s=0.0) > before


def test_a_turn_that_was_ended_too_soon_counts_once_and_whole() -> None:
    hasty, patient = patience(), patience()
    hasty.ended(3.0)
    hasty.went_on(700.0)
    patient.paused(700.0)
    for spoken_s in (0.5, 2.0, 5.0):  # of its rest
        assert waits_ms(hasty, spoken_s=spoken_s) == waits_ms(patient, spoken_s=3.0 + spoken_s)
    hasty.ended(2.0)
    patient.ended(5.0)
    assert waits_ms(hasty) == waits_ms(patient)


@pytest.mark.parametrize("words", [-3.0, 0.0, 3.0])
def test_silence_alone_may_decide(words: float) -> None:
    assert waits_ms(patience([1_500.0] * 9, silence_ms=704), words) == 704
