"""One run of ``secousti bench convert``: whose voice is heard after conversion, and which words.

Every pair takes the words of one speaker's clip and the voice of another speaker's. Similarity is
told beside what it must be read against: the two speakers as recorded (no conversion at all), the
first one's clip merely coded, and two recordings of one and the same speaker (all there is to
reach). Word error counts against the words the recogniser hears in the uncoded clip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from codec.audio import read_audio
from codec.bench.manifest import Clip, read_manifest
from codec.bench.metrics.intrusive import UnscoredError, Wave
from codec.bench.metrics.speaker import Similarity, load_similarity
from codec.bench.metrics.statistics import bootstrap, mean
from codec.bench.metrics.words import Recognise, WordErrors, word_error_rate, word_errors
from codec.bench.peers.secousti import load_rate
from codec.bench.report import machine, write_json
from codec.bench.session import describe_clips
from codec.codec import Codec
from codec.conversion import convert
from codec.errors import SecoustiError

CONVENTIONS = {
    "to_voice": "cosine of Resemblyzer embeddings, output against the voice asked for",
    "to_content": "the same against the speaker of the words",
    "nearer_voice": "share of pairs whose output is nearer to the voice asked for",
    "wer": "words heard in the output against the words heard in the uncoded clip",
    "ci95": "95 % percentile bootstrap over pairs, 1000 resamples",
}
SIMILARITIES = ("to_voice", "to_content", "nearer_voice")


@dataclass(frozen=True)
class Judged:
    """One output: cosine similarities and words; ``None`` where there was nothing to judge by."""

    to_voice: float | None
    to_content: float | None = None
    words: WordErrors | None = None
    heard: str | None = None

    @property
    def nearer_voice(self) -> float | None:
        """1 where the output is nearer to the voice asked for, else 0."""
        if self.to_voice is None or self.to_content is None:
            return None
        return float(self.to_voice > self.to_content)


@dataclass(frozen=True)
class Judge:
    """Compares outputs with the recordings they came from; either ear may be missing."""

    similarity: Similarity | None
    recognise: Recognise | None

    def heard(self, wave: Wave) -> str | None:
        """The words in ``wave`` float32 ``[T]``."""
        return self.recognise(wave) if self.recognise else None

    def __call__(self, output: Wave, content: Wave, voice: Wave, said: str | None) -> Judged:
        """``said``: the words heard in ``content``."""
        heard = self.heard(output)
        words = None if said is None or heard is None else word_errors(said, heard)
        return Judged(self.alike(output, voice), self.alike(output, content), words, heard)

    def alike(self, one: Wave, other: Wave) -> float | None:
        """Cosine of the two voices, ``None`` for silence and without a judge of voices."""
        try:
            return self.similarity(one, other) if self.similarity else None
        except UnscoredError:
            return None

    @property
    def missing(self) -> dict[str, str]:
        """Why a measure is null."""
        reasons = {}
        if self.similarity is None:
            reasons["similarity"] = "not installed: pip install resemblyzer"
        if self.recognise is None:
            reasons["wer"] = "no recogniser is installed"
        return reasons


def load_judge(recognise: Recognise | None) -> Judge:
    """A judge with the ears that are installed."""
    return Judge(load_similarity(), recognise)


@dataclass(frozen=True)
class ConversionBench:
    """What to convert and where the numbers go; the fields are the command's options."""

    manifest: Path
    rates: tuple[str, ...] = ("low", "high")
    weights: Path | None = None
    pairs: int = 12
    json: Path | None = None
    command: str = ""


def run_conversion(bench: ConversionBench, judge: Judge) -> dict[str, Any]:
    """Convert and judge every pair; writes the file asked for and returns the report.

    Raises :class:`SecoustiError` for a malformed manifest, one with a single speaker, an unknown
    rate or missing weights.
    """
    pairs = pair_up(read_manifest(bench.manifest), bench.pairs)
    codecs = {rate: load_rate(rate, bench.weights) for rate in bench.rates}
    found: dict[str, list[Judged]] = {}
    for pair in track(pairs, "converting", console=Console(stderr=True)):
        for system, judged in _judge_pair(codecs, judge, *pair).items():
            found.setdefault(system, []).append(judged)
    systems = {system: summary(outputs) for system, outputs in found.items()}
    report = {
        "systems": systems,
        "pairs": [{"content": a.id, "voice": b.id} for a, b, _ in pairs],
        "clips": describe_clips([clip for a, b, _ in pairs for clip in (a, b)]),
        "missing": judge.missing,
        "conventions": CONVENTIONS,
        "machine": machine(),
        "command": bench.command,
    }
    if bench.json:
        write_json(bench.json, report)
    Console().print(table(systems))
    return report


Pair = tuple[Clip, Clip, Clip | None]
"""The words, the voice, and another clip of that voice where there is one."""


def pair_up(clips: Sequence[Clip], most: int) -> list[Pair]:
    """Up to ``most`` pairs of different speakers, evenly over the speakers.

    Raises :class:`SecoustiError` when the clips are all of one speaker.
    """
    by_speaker: dict[str, list[Clip]] = {}
    for clip in clips:
        by_speaker.setdefault(clip.speaker, []).append(clip)
    if len(by_speaker) < 2:
        raise SecoustiError("the manifest names one speaker: conversion needs clips of two or more")
    speakers = list(by_speaker.values())
    pairs: list[Pair] = []
    for number in range(most):
        at, lap = number % len(speakers), number // len(speakers)
        voices = speakers[(at + 1 + lap % (len(speakers) - 1)) % len(speakers)]
        words = speakers[at]
        other = voices[(lap + 1) % len(voices)] if len(voices) > 1 else None
        pairs.append((words[lap % len(words)], voices[lap % len(voices)], other))
    return pairs


def _judge_pair(
    codecs: dict[str, Codec], judge: Judge, content: Clip, voice: Clip, other: Clip | None
) -> dict[str, Judged]:
    """Every system on one pair."""
    a, b = read_audio(content.file), read_audio(voice.file)
    said = judge.heard(a.numpy())
    found = {"as recorded": Judged(judge.alike(a.numpy(), b.numpy()))}
    if other is not None:
        same = judge.alike(read_audio(other.file).numpy(), b.numpy())
        found["same speaker"] = Judged(same)
    for rate, codec in codecs.items():
        coded = codec.decode(codec.encode(a))[0]
        for kind, output in (("coded", coded), ("converted", convert(codec, a, b))):
            found[f"{rate} {kind}"] = judge(output.numpy(), a.numpy(), b.numpy(), said)
    return found


def summary(outputs: Sequence[Judged]) -> dict[str, Any]:
    """Means with their intervals; a measure that no output has is null."""
    row: dict[str, Any] = {"n": len(outputs), "wer": None, "ci95": {}}
    for name in SIMILARITIES:
        values = [value for o in outputs if (value := getattr(o, name)) is not None]
        row[name] = round(mean(values), 4) if values else None
        if values:
            row["ci95"][name] = [round(end, 4) for end in bootstrap(values, mean)]
    words = [o.words for o in outputs if o.words is not None]
    if words:
        row["wer"] = round(word_error_rate(words), 4)
        row["ci95"]["wer"] = [round(end, 4) for end in bootstrap(words, word_error_rate)]
    return row


def table(systems: dict[str, dict[str, Any]]) -> Table:
    """One line for each system."""
    grid = Table(box=None, pad_edge=False)
    grid.add_column("")
    for heading in ("to voice", "to content", "nearer voice", "WER %", "pairs"):
        grid.add_column(heading, justify="right")
    for name, row in systems.items():
        alike = ["-" if row[key] is None else f"{row[key]:.3f}" for key in SIMILARITIES]
        wer = "-" if row["wer"] is None else f"{100 * row['wer']:.1f}"
        grid.add_row(name, *alike, wer, str(row["n"]))
    return grid
