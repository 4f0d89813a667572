"""The script archive: rendered once, found by its words, readable with nothing else at work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from codec import RATES, Codec, SecoustiError
from codec.model import seeded_model
from voice_agent.scripts import every_script
from voice_agent.speak.archive import ScriptArchive, render
from voice_agent.speak.settings import SpeakSettings
from voice_agent.speak.voice import Voice


class Beeper:
    """A voice whose sound is as long as its text: 0.05 s a letter."""

    name, sample_rate_hz = "beeper", 16_000

    def speak(self, sentence: str, pace: float) -> Iterator[np.ndarray]:
        t = np.arange(800 * len(sentence)) / 16_000
        yield (0.3 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)


@pytest.fixture
def beeper() -> Voice:
    return Voice(Beeper(), SpeakSettings())


@pytest.fixture(scope="module")
def codecs() -> list[Codec]:
    return [Codec(seeded_model(rate)) for rate in RATES.values()]


def test_a_line_comes_back_as_audio_and_as_tokens(
    tmp_path: Path, beeper: Voice, codecs: list[Codec]
) -> None:
    path = tmp_path / "s.zip"
    assert render(["Stay with me."], beeper, codecs, path) == 1
    archive = ScriptArchive.load(path)
    audio = archive.audio("Stay with me.")
    assert audio is not None
    assert np.abs(audio[3000:9000]).max() == pytest.approx(0.3, rel=0.2)
    for codec in codecs:
        packets = archive.packets(codec.rate.name, "Stay with me.")
        assert packets is not None
        assert len(packets) * codec.rate.packet_samples >= len(audio)
        decoder = codec.stream_decoder(1)
        sound = torch.cat([decoder.step([packet], [0]) for packet in packets], dim=1)
        assert sound.shape[1] >= len(audio)


def test_changed_words_are_not_found_and_only_they_are_spoken_again(
    tmp_path: Path, beeper: Voice, codecs: list[Codec]
) -> None:
    path = tmp_path / "s.zip"
    render(["One.", "Two."], beeper, codecs, path)
    assert "Three." not in ScriptArchive.load(path)
    assert render(["One.", "Three."], beeper, codecs, path) == 1
    archive = ScriptArchive.load(path)
    assert "One." in archive
    assert "Three." in archive
    assert archive.audio("Two.") is None
    assert archive.packets("low", "Two.") is None


def test_rendering_again_without_a_change_leaves_the_same_file(
    tmp_path: Path, beeper: Voice, codecs: list[Codec]
) -> None:
    path = tmp_path / "s.zip"
    render(["One.", "Two."], beeper, codecs, path)
    before = path.read_bytes()
    assert render(["Two.", "One."], beeper, codecs, path) == 0
    assert path.read_bytes() == before


def test_a_damaged_archive_is_told_and_a_missing_one_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "s.zip"
    assert ScriptArchive.load(path).audio("One.") is None
    path.write_bytes(b"PK not really")
    with pytest.raises(SecoustiError, match="damaged"):
        ScriptArchive.load(path)


def test_every_crisis_script_of_every_locale_is_in_the_package() -> None:
    archive = ScriptArchive.load()
    missing = [name for name, text in every_script().items() if text not in archive]
    assert missing == [], "run 'make scripts'"


def test_a_packaged_script_says_something_at_both_rates() -> None:
    archive = ScriptArchive.load()
    text = next(iter(every_script().values()))
    assert all(archive.packets(rate, text) for rate in RATES)
