"""When a turn starts and ends, for every way its audio may come in."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent.listen import (
    Listener,
    Partial,
    SpeechDismissed,
    SpeechStarted,
    TurnEnded,
    TurnPaused,
)
from voice_agent.listen.events import ListenEvent

RATE_HZ = 16_000
WINDOW_S = 0.032


def tone(seconds: float, level: float = 0.1) -> np.ndarray:
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (level * np.sin(2 * np.pi * 200 * t)).astype(np.float32)


def quiet(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def hear(listener: Listener, *parts: np.ndarray, chunk: int = 640) -> list[ListenEvent]:
    """Events of the audio, pushed in chunks, but for those whose time is the recogniser's."""
    audio = np.concatenate(parts)
    events = [
        event
        for at in range(0, len(audio), chunk)
        for event in listener.push(audio[at : at + chunk])
    ]
    return decided(events)


def decided(events: list[ListenEvent]) -> list[ListenEvent]:
    return [event for event in events if not isinstance(event, Partial | TurnPaused)]


def test_a_turn_is_told_with_its_times_words_and_measures(scene: Callable) -> None:
    started, ended = hear(scene().listener(), quiet(1.0), tone(2.0), quiet(1.5))
    assert isinstance(started, SpeechStarted) and isinstance(ended, TurnEnded)
    assert started.t == pytest.approx(1.0, abs=WINDOW_S)
    turn = ended.turn
    assert turn.text == "I had a hard day."
    assert (turn.t_start, turn.t_end) == pytest.approx((1.0, 3.0), abs=2 * WINDOW_S)
    assert turn.pause_before == pytest.approx(1.0, abs=WINDOW_S)
    assert turn.energy == pytest.approx(0.1 / np.sqrt(2), rel=0.1)
    assert turn.rate == pytest.approx(5 / 2.0, rel=0.1)
    assert 0 < turn.asr_conf <= 1


@pytest.mark.parametrize(
    ("text", "endpoint_ms"),
    [("I had a hard day.", 800), ("I had a hard day,", 928), ("I had a hard day and", 1536)],
)
def test_an_open_sentence_is_given_more_time(
    scene: Callable, text: str, endpoint_ms: float
) -> None:
    _, ended = hear(scene(text).listener(), tone(2.0), quiet(2.0))
    assert isinstance(ended, TurnEnded)
    assert ended.endpoint_ms == pytest.approx(endpoint_ms, abs=32)


def test_a_pause_for_thought_does_not_end_the_turn(scene: Callable) -> None:
    events = hear(scene().listener(), tone(1.0), quiet(0.3), tone(1.0), quiet(1.5))
    assert [type(event) for event in events] == [SpeechStarted, TurnEnded]


@given(st.lists(st.integers(0, 4000), min_size=1, max_size=30))
def test_events_do_not_depend_on_the_chunking(scene: Callable, sizes: list[int]) -> None:
    audio = np.concatenate([quiet(0.3), tone(1.2), quiet(1.5), tone(0.7), quiet(1.5)])
    whole = hear(scene().listener(), audio, chunk=len(audio))
    listener, events, at = scene().listener(), [], 0
    for size in [*sizes, len(audio)]:
        events += listener.push(audio[at : at + size])
        at += size
    pieces = decided(events)
    assert [timeless(event) for event in pieces] == [timeless(event) for event in whole]


def timeless(event: ListenEvent) -> ListenEvent:
    """The event without the wall time in it."""
    return dataclasses.replace(event, recognise_ms=0) if isinstance(event, TurnEnded) else event


@pytest.mark.parametrize(
    "pcm",
    [
        quiet(3),
        np.full(48_000, np.nan, np.float32),
        np.full(48_000, np.inf, np.float32),
        np.full(48_000, -1e9, np.float32),
        np.zeros(0, np.float32),
        tone(3, level=50.0),
    ],
    ids=["silence", "nan", "inf", "huge", "empty", "clipped"],
)
def test_no_audio_makes_it_raise(scene: Callable, pcm: np.ndarray) -> None:
    listener = scene().listener()
    hear(listener, pcm)
    listener.flush()
    assert any(isinstance(e, TurnEnded) for e in hear(listener, quiet(2), tone(1), quiet(2)))


def test_a_click_is_no_speech_and_a_short_noise_is_dismissed(scene: Callable) -> None:
    listener = scene(text="").listener()
    assert hear(listener, quiet(0.5), tone(0.03), quiet(1.0)) == []
    started, dismissed = hear(listener, tone(0.15), quiet(1.5))
    assert isinstance(started, SpeechStarted)
    assert dismissed == SpeechDismissed(started.t, "")


def test_long_sound_without_words_is_a_turn_without_trust(scene: Callable) -> None:
    _, ended = hear(scene(text="").listener(), tone(1.0), quiet(1.5))
    assert isinstance(ended, TurnEnded)
    assert (ended.turn.text, ended.turn.asr_conf) == ("", 0)


@pytest.mark.parametrize(("over_agent", "kind"), [(True, SpeechDismissed), (False, TurnEnded)])
def test_mm_hm_over_the_agent_is_no_turn(scene: Callable, over_agent: bool, kind: type) -> None:
    listener = scene(text="Mm-hm, yeah.").listener()
    listener.agent_speaking = over_agent
    started, ended = hear(listener, tone(0.4), quiet(1.5))
    assert started == SpeechStarted(0.0, over_agent)
    assert isinstance(ended, kind)


def test_words_over_the_agent_are_a_turn(scene: Callable) -> None:
    listener = scene(text="Wait, stop please.").listener()
    listener.agent_speaking = True
    assert isinstance(hear(listener, tone(0.8), quiet(1.5))[-1], TurnEnded)


def test_the_pause_is_counted_from_the_agents_last_word(scene: Callable) -> None:
    listener = scene().listener()
    listener.agent_speaking = True
    hear(listener, quiet(3.0))
    listener.agent_speaking = False
    ended = hear(listener, quiet(0.5), tone(1.0), quiet(1.5))[-1]
    assert isinstance(ended, TurnEnded)
    assert ended.turn.pause_before == pytest.approx(0.5, abs=2 * WINDOW_S)


def test_an_endless_turn_is_cut(scene: Callable) -> None:
    listener = scene(longest_turn_ms=4000, longest_piece_ms=2000).listener()
    events = hear(listener, tone(9.0))
    ends = [event.turn.t_start for event in events if isinstance(event, TurnEnded)]
    assert ends == pytest.approx([0.0, 4.0], abs=3 * WINDOW_S)


def test_flush_ends_a_running_turn_and_only_that(scene: Callable) -> None:
    listener = scene().listener()
    hear(listener, tone(1.0))
    (ended,) = listener.flush()
    assert isinstance(ended, TurnEnded) and ended.turn.text
    assert listener.flush() == []


def test_partials_come_while_the_turn_runs(scene: Callable) -> None:
    listener = scene("I had a hard day and").listener()
    found = listener.push(np.concatenate([tone(1.0), quiet(0.5)]))
    deadline = time.monotonic() + 5
    while len(found) < 2 and time.monotonic() < deadline:
        found += listener.push(quiet(0))
    assert found[1:] == [Partial("I had a hard day and")]


def test_a_turn_that_may_be_over_is_announced_as_it_will_end(scene: Callable) -> None:
    listener = scene().listener()
    found = listener.push(np.concatenate([tone(1.0), quiet(0.3)]))
    deadline = time.monotonic() + 5
    while len(found) < 3 and time.monotonic() < deadline:
        found += listener.push(quiet(0))
    *_, paused = found
    assert isinstance(paused, TurnPaused) and paused.turn.text == "I had a hard day."
    (ended,) = decided(listener.push(quiet(2.0)))
    assert isinstance(ended, TurnEnded) and ended.turn.text == paused.turn.text


@pytest.mark.parametrize(("text", "announced"), [("I had a day,", True), ("I had a", False)])
def test_a_sentence_that_is_open_by_its_last_word_is_not_announced(
    scene: Callable, text: str, announced: bool
) -> None:
    listener = scene(text).listener()
    found = listener.push(np.concatenate([tone(1.0), quiet(0.3)]))
    deadline = time.monotonic() + 5
    while not any(isinstance(e, Partial) for e in found) and time.monotonic() < deadline:
        found += listener.push(quiet(0))
    assert any(isinstance(event, TurnPaused) for event in found) is announced


def test_two_callers_do_not_hear_each_other(scene: Callable) -> None:
    shared = scene()
    first, second = shared.listener(), shared.listener()
    for _ in range(20):
        heard_first = hear(first, tone(0.064), chunk=512)
        assert hear(second, quiet(0.064), chunk=512) == []
        assert all(isinstance(event, SpeechStarted) for event in heard_first)
    assert isinstance(hear(first, quiet(1.5))[-1], TurnEnded)
    assert second.flush() == []
