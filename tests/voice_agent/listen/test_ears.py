"""The real ears on real sound: the bundled caller is understood, noise is not taken for speech."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
from jiwer import wer

import secousti
from voice_agent.listen import Ears, ListenSettings, TurnEnded
from voice_agent.listen.activity import WINDOW_SAMPLES, VoiceActivity

CALLER = Path(secousti.__file__).parent / "data" / "caller"
SAID = {
    "turn-1.ogg": "hi um i don't really know where to start it's work we have a deadline every "
    "week now and my manager keeps adding more and i'm just not sleeping any more",
    "turn-2.ogg": "last night i snapped at my partner over nothing i keep thinking i'm failing at "
    "everything at work and at home and i don't know who to talk to about it",
    "turn-3.ogg": "yes i think i'd like to try something maybe something small that i can do in "
    "the evening before i go to bed",
}


@pytest.fixture(scope="module")
def ears() -> Ears:
    return Ears.load(ListenSettings(workers=2, recognise_deadline_s=60))


def caller(name: str) -> np.ndarray:
    """The turn and two seconds of silence after it, float32 [T]."""
    speech, rate_hz = soundfile.read(CALLER / name, dtype="float32")
    assert rate_hz == 16_000
    return np.concatenate([speech, np.zeros(32_000, np.float32)])


def turns_of(ears: Ears, audio: np.ndarray) -> list[TurnEnded]:
    listener = ears.listener()
    events = [e for at in range(0, len(audio), 640) for e in listener.push(audio[at : at + 640])]
    return [event for event in events if isinstance(event, TurnEnded)]


def plain(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalpha() or c in " '").replace(
        "anymore", "any more"
    )


@pytest.mark.parametrize("name", SAID)
def test_the_bundled_caller_is_understood(ears: Ears, name: str) -> None:
    """A stranger who pauses for half a second after a whole sentence may be answered too soon."""
    turns = turns_of(ears, caller(name))
    assert 1 <= len(turns) <= 2
    assert wer(SAID[name], plain(" ".join(ended.turn.text for ended in turns))) <= 0.1
    assert turns[-1].endpoint_ms < 1400
    assert turns[-1].turn.asr_conf > 0.5


def test_callers_side_by_side_hear_what_each_hears_alone(ears: Ears) -> None:
    """The recogniser's runtime is not thread-safe; the pool has to be."""
    alone = {name: turns_of(ears, caller(name))[0].turn for name in SAID}
    names = [*SAID, *SAID]
    with ThreadPoolExecutor(len(names)) as pool:
        together = list(pool.map(lambda name: turns_of(ears, caller(name))[0].turn, names))
    assert together == [alone[name] for name in names]


def test_noise_is_no_turn(ears: Ears) -> None:
    rng = np.random.default_rng(0)
    noise = 0.02 * rng.standard_normal(64_000).astype(np.float32)
    assert turns_of(ears, noise) == []


def test_activity_is_high_in_speech_and_low_in_silence() -> None:
    stream = VoiceActivity.load().stream()
    audio = caller("turn-1.ogg")
    whole = audio[: len(audio) // WINDOW_SAMPLES * WINDOW_SAMPLES].reshape(-1, WINDOW_SAMPLES)
    probabilities = np.array([stream.step(window) for window in whole])
    loud = np.sqrt(np.square(whole).mean(1)) > 0.03
    assert probabilities[loud].mean() > 0.8
    assert probabilities[-40:].max() < 0.2
