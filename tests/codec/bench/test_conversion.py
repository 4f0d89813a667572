"""``bench convert``: fair pairs, honest nulls, and a report that names what stands beside what."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from codec.bench.conversion import (
    ConversionBench,
    Judge,
    Judged,
    pair_up,
    run_conversion,
    summary,
)
from codec.bench.manifest import Clip, write_manifest
from codec.bench.metrics.intrusive import UnscoredError, Wave
from codec.bench.metrics.words import WordErrors
from codec.errors import SecoustiError


def clips_of(**counts: int) -> list[Clip]:
    """That many clips of each speaker."""
    return [
        Clip(f"{speaker}{number}", Path(f"{speaker}{number}.wav"), "", speaker)
        for speaker, count in counts.items()
        for number in range(count)
    ]


def level(one: Wave, other: Wave) -> float:
    """A judge of voices that goes by loudness, and knows nothing of silence."""
    if not one.any() or not other.any():
        raise UnscoredError("silence")
    return float(1 - abs(np.abs(one).mean() - np.abs(other).mean()))


def test_pairs_are_of_two_speakers_and_even_over_them() -> None:
    pairs = pair_up(clips_of(a=3, b=3, c=3), 6)
    assert all(words.speaker != voice.speaker for words, voice, _ in pairs)
    assert sorted(words.speaker for words, _, _ in pairs) == list("aabbcc")
    assert sorted(voice.speaker for _, voice, _ in pairs) == list("aabbcc")
    assert len({(words.id, voice.id) for words, voice, _ in pairs}) == 6


def test_the_other_clip_is_of_the_same_voice() -> None:
    pairs = pair_up(clips_of(a=1, b=2), 2)
    for _, voice, other in pairs:
        assert (other is None) == (voice.speaker == "a")
        assert other is None or (other.speaker == voice.speaker and other.id != voice.id)


def test_one_speaker_is_not_enough() -> None:
    with pytest.raises(SecoustiError, match="two or more"):
        pair_up(clips_of(a=4), 2)


def test_a_missing_ear_is_null_with_its_reason() -> None:
    deaf = Judge(None, None)
    wave = np.ones(1_600, np.float32)
    row = summary([deaf(wave, wave, wave, deaf.heard(wave))])
    assert (row["to_voice"], row["to_content"], row["nearer_voice"], row["wer"]) == (None,) * 4
    assert set(deaf.missing) == {"similarity", "wer"}
    assert not Judge(level, lambda _: "").missing


def test_silence_has_no_voice_to_compare() -> None:
    silence, sound = np.zeros(9, np.float32), np.ones(9, np.float32)
    judged = Judge(level, None)(silence, sound, sound, None)
    assert judged == Judged(None)


def test_means_and_intervals_are_over_pairs() -> None:
    rows = [Judged(0.8, 0.6, WordErrors(1, 4)), Judged(0.4, 0.6, WordErrors(0, 4))]
    row = summary(rows)
    assert (row["n"], row["to_voice"], row["nearer_voice"], row["wer"]) == (2, 0.6, 0.5, 0.125)
    assert row["ci95"]["to_voice"] == [0.4, 0.8]


def test_a_run_reports_every_system(tmp_path: Path, speech: np.ndarray) -> None:
    clips = []
    for speaker, gain in (("a", 1.0), ("b", 0.5)):
        for number in range(2):
            file = tmp_path / f"{speaker}{number}.wav"
            soundfile.write(file, gain * speech[: 16_000 + 1_600 * number], 16_000)
            clips.append(Clip(f"{speaker}{number}", file, "", speaker))
    write_manifest(tmp_path / "m.tsv", clips)
    heard: list[int] = []

    def recognise(wave: Wave) -> str:
        heard.append(len(wave))
        return "two words"

    out = tmp_path / "r.json"
    bench = ConversionBench(tmp_path / "m.tsv", ("low",), pairs=2, json=out, command="x")
    run_conversion(bench, Judge(level, recognise))
    report = json.loads(out.read_text())
    assert set(report["systems"]) == {
        "as recorded", "same speaker", "low coded", "low converted",
    }  # fmt: skip
    assert report["systems"]["as recorded"]["wer"] is None
    assert report["systems"]["low converted"]["wer"] == 0
    assert report["systems"]["low converted"]["n"] == 2
    assert report["systems"]["same speaker"]["to_voice"] > 0.95
    assert report["pairs"] == [
        {"content": "a0", "voice": "b0"}, {"content": "b0", "voice": "a0"},
    ]  # fmt: skip
    assert len(heard) == 6  # each pair: the original, coded and converted
