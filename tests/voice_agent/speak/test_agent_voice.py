"""The agent can be understood, starts early, stops when told, and always has a voice."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from jiwer import wer

from codec.errors import SecoustiError
from voice_agent import assets
from voice_agent.listen.backends import Moonshine
from voice_agent.speak import SpeakSettings, Voice

SENTENCE = "It sounds like the deadlines keep piling up, and you have not slept well in weeks."
TWO = "That must feel exhausting. Would you tell me a little more about it?"


@pytest.fixture(scope="module")
def voice() -> Voice:
    return Voice.load()


@pytest.fixture(scope="module")
def recogniser() -> Moonshine:
    return Moonshine(None)


def plain(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalpha() or c == " ")


@pytest.mark.parametrize("text", [SENTENCE, TWO])
def test_the_recogniser_understands_the_voice(
    voice: Voice, recogniser: Moonshine, text: str
) -> None:
    heard = recogniser.transcribe(np.concatenate(list(voice.speak(text)))).text
    assert wer(plain(text), plain(heard)) <= 0.15


def test_speech_comes_in_pieces_of_good_sound(voice: Voice) -> None:
    pieces = list(voice.speak(SENTENCE))
    assert len(pieces) > 3
    assert len(pieces[0]) < 0.35 * 16_000
    for piece in pieces:
        assert piece.dtype == np.float32 and piece.ndim == 1
        assert np.isfinite(piece).all() and np.abs(piece).max() <= 1
    assert 3 < sum(map(len, pieces)) / 16_000 < 8


def test_speech_begins_at_once(voice: Voice) -> None:
    first = next(iter(voice.speak(SENTENCE)))
    assert np.flatnonzero(np.abs(first) > 0.003)[0] <= 0.01 * 16_000


def test_a_slow_pace_is_slower(voice: Voice) -> None:
    plain_s, slow_s = (sum(map(len, voice.speak(SENTENCE, pace))) for pace in (1.0, 1.3))
    assert slow_s > 1.15 * plain_s


@pytest.mark.parametrize("text", ["", "   ", "...", "?!"])
def test_nothing_to_say_is_no_sound(voice: Voice, text: str) -> None:
    assert list(voice.speak(text)) == []


def test_closing_the_generator_stops_the_work() -> None:
    made: list[int] = []

    class Endless:
        name, sample_rate_hz = "endless", 22_050

        def speak(self, sentence: str, pace: float) -> Iterator[np.ndarray]:
            while True:
                made.append(1)
                yield np.zeros(4000, np.float32)

    speech = Voice(Endless(), SpeakSettings()).speak("On and on.")
    next(speech)
    done = len(made)
    speech.close()
    assert len(made) == done
    assert next(speech, None) is None


def test_calls_side_by_side_each_get_their_whole_sentence(
    voice: Voice, recogniser: Moonshine
) -> None:
    def say(text: str) -> np.ndarray:
        return np.concatenate(list(voice.speak(text)))

    with ThreadPoolExecutor(4) as pool:
        spoken = list(pool.map(say, [SENTENCE, TWO, SENTENCE, TWO]))
    heard = [plain(recogniser.transcribe(pcm).text) for pcm in spoken]
    assert wer([plain(SENTENCE), plain(TWO)] * 2, heard) <= 0.15


def test_without_the_piper_voice_pico_speaks(
    monkeypatch: pytest.MonkeyPatch, recogniser: Moonshine
) -> None:
    absent = dataclasses.replace(assets.PIPER_VOICE, folder="no_such_carrier/data")
    monkeypatch.setattr(assets, "PIPER_VOICE", absent)
    fallback = Voice.load()
    assert fallback.name == "pico"
    heard = recogniser.transcribe(np.concatenate(list(fallback.speak(SENTENCE)))).text
    assert wer(plain(SENTENCE), plain(heard)) <= 0.25


def test_without_any_voice_the_package_to_install_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("PIPER_VOICE", "PICO_VOICE"):
        absent = dataclasses.replace(getattr(assets, name), folder="no_such_carrier/data")
        monkeypatch.setattr(assets, name, absent)
    with pytest.raises(SecoustiError, match="pip install py-nanotts"):
        Voice.load()


def test_a_voice_the_user_named_is_not_silently_replaced(tmp_path: Path) -> None:
    with pytest.raises(SecoustiError, match="is not a Piper voice"):
        Voice.load(SpeakSettings(voice=tmp_path / "mine.onnx"))
