"""One run of ``secousti bench robustness``: what losses, noise, levels and time do to the codec.

Quality is always measured against the clean recording, so that noise counts as harm; beside it
stands the same sound uncoded, which says how much of the harm the codec had no part in. With two
talkers the mixture itself is the reference, and no words are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from codec.audio import read_audio
from codec.bench.manifest import Clip, read_manifest
from codec.bench.metrics.intrusive import Wave
from codec.bench.metrics.scorer import ClipScores, Scorer, load_scorer
from codec.bench.metrics.statistics import mean
from codec.bench.metrics.words import Recognise, word_error_rate
from codec.bench.peers.secousti import load_rate
from codec.bench.report import CONVENTIONS, machine, write_json
from codec.bench.robustness_channel import Case, channel_cases, decode_cases
from codec.bench.robustness_plot import draw_all
from codec.bench.robustness_sound import degraded, load_noises, sound_cases
from codec.bench.robustness_stream import drift, long_stream, measure_signals
from codec.bench.session import clip_progress, describe_clips
from codec.codec import Codec
from codec.entropy.prior import prior_of

METRICS = ("pesq_wb", "stoi", "wer")
UNCODED = "uncoded"


@dataclass(frozen=True)
class RobustnessBench:
    """What to run, on what, and where the results go; the fields are the command's options."""

    manifest: Path
    rates: tuple[str, ...] = ("low", "high")
    metrics: tuple[str, ...] = METRICS
    weights: Path | None = None
    noise: Path | None = None
    most: int | None = None
    minutes: int = 10  # of the long stream; 0 leaves it out
    json: Path | None = None
    plots: Path | None = None
    recognise: Recognise | None = None
    command: str = ""


Scored = dict[tuple[str, Case], list[ClipScores]]
"""System (a rate, or ``uncoded``) and case -> the scores of every clip."""


def run_robustness(bench: RobustnessBench) -> dict[str, Any]:
    """Run everything; writes the files asked for and returns the report.

    Raises :class:`SecoustiError` for a malformed manifest or noise table, unknown names, or
    missing weights.
    """
    clips = read_manifest(bench.manifest)[: bench.most]
    codecs = {rate: load_rate(rate, bench.weights) for rate in bench.rates}
    scorer = load_scorer(bench.metrics, bench.recognise)
    waves = [read_audio(clip.file).numpy() for clip in clips]
    notes = Console(stderr=True)
    for message in scorer.missing:
        notes.print(message, style="yellow", highlight=False)
    with clip_progress(notes) as progress:
        scored = _score_clips(bench, codecs, scorer, list(zip(clips, waves, strict=True)), progress)
        streams = {name: _streams(codec, waves, bench, progress) for name, codec in codecs.items()}
    report: dict[str, Any] = {
        "cases": [
            _case_json(system, case, scores, bench.metrics)
            for (system, case), scores in scored.items()
        ],
        "streams": streams,
        "clips": describe_clips(clips),
        "noise": bench.noise.name if bench.noise else "generated",
        "skipped": list(scorer.missing),
        "conventions": {name: CONVENTIONS[name] for name in ("signals", "pesq_wb", "wer")},
        "machine": machine(),
        "command": bench.command,
    }
    if bench.json:
        write_json(bench.json, report)
    if bench.plots:
        for plot in draw_all(report, bench.plots):
            print(plot)
    Console().print(table(report["cases"]))
    return report


def _score_clips(
    bench: RobustnessBench,
    codecs: dict[str, Codec],
    scorer: Scorer,
    pairs: Sequence[tuple[Clip, Wave]],
    progress: Progress,
) -> Scored:
    noises, scored = load_noises(bench.noise), Scored()
    steps = len(pairs) * (len(codecs) * (len(channel_cases()) + len(sound_cases())))
    task = progress.add_task("cases", total=steps)
    for place, (clip, wave) in enumerate(pairs):
        other = pairs[(place + 1) % len(pairs)][1]
        sounds = {c: degraded(c, clip.id, wave, other, noises) for c in sound_cases()}
        for case, sound in sounds.items():
            scored.setdefault((UNCODED, case), []).append(
                _score(scorer, case, clip, wave, sound, sound)
            )
        for rate, codec in codecs.items():
            for case, sound, decoded in _decoded(codec, clip, wave, sounds):
                scores = _score(scorer, case, clip, wave, sound, decoded)
                scored.setdefault((rate, case), []).append(scores)
                progress.advance(task)
    return scored


def _decoded(
    codec: Codec, clip: Clip, wave: Wave, sounds: dict[Case, Wave]
) -> Iterator[tuple[Case, Wave, Wave]]:
    """(case, what the codec was given, what came out) of every case."""
    cases, tokens = channel_cases(), codec.encode(torch.from_numpy(wave))
    decoded = decode_cases(codec, prior_of(codec.rate.name), tokens, cases, clip.id)
    yield from zip(cases, [wave] * len(cases), decoded, strict=True)
    batch = torch.from_numpy(np.stack(list(sounds.values())))
    heard = codec.decode(codec.encode(batch)).numpy()
    yield from zip(sounds, sounds.values(), heard, strict=True)


def _score(
    scorer: Scorer, case: Case, clip: Clip, clean: Wave, given: Wave, decoded: Wave
) -> ClipScores:
    """Against the clean recording; a mixture of talkers is its own reference, without words."""
    if case.family == "two talkers":
        return scorer.score(given, decoded, "")
    return scorer.score(clean, decoded, clip.transcript)


def _streams(
    codec: Codec, waves: Sequence[Wave], bench: RobustnessBench, progress: Progress
) -> dict[str, Any]:
    """The signals that are no clips, and the long stream."""
    found: dict[str, Any] = {"signals": measure_signals(codec)}
    if bench.minutes:
        task = progress.add_task(f"{bench.minutes} min, {codec.rate.name}", total=bench.minutes)
        rows = long_stream(codec, waves, bench.minutes, partial(progress.advance, task))
        found |= {"minutes": rows, "drift": drift(rows)}
    return found


def _case_json(
    system: str, case: Case, scores: Sequence[ClipScores], metrics: Sequence[str]
) -> dict[str, Any]:
    values: dict[str, float | None] = dict.fromkeys(metrics)
    for name in metrics:
        found = [clip.values[name] for clip in scores if name in clip.values]
        if found:
            values[name] = round(mean(found), 4)
    words = [clip.words for clip in scores if clip.words is not None]
    if words:
        values["wer"] = round(word_error_rate(words), 4)
    where = {"system": system, "family": case.family, "level": case.level, "variant": case.variant}
    unscored = sum(bool(clip.unscored) for clip in scores)
    return where | values | {"n": len(scores), "unscored": unscored}


def table(cases: Sequence[dict[str, Any]]) -> Table:
    """One line for each case and system."""
    grid = Table(box=None, pad_edge=False)
    for heading in ("system", "case", "level", "concealed by", "PESQ-WB", "STOI", "WER %"):
        grid.add_column(heading, justify="left" if heading in ("system", "case") else "right")
    for case in cases:
        wer = "-" if case.get("wer") is None else f"{100 * case['wer']:.1f}"
        numbers = ["-" if case.get(n) is None else f"{case[n]:.2f}" for n in ("pesq_wb", "stoi")]
        level = f"{case['level']:g}"
        grid.add_row(case["system"], case["family"], level, case["variant"], *numbers, wer)
    return grid
