"""One run of ``secousti bench codec``: progress while it runs, files and a table at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import soundfile
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from codec.bench.manifest import Clip, read_manifest
from codec.bench.metrics.scorer import METRICS, load_scorer
from codec.bench.metrics.words import Recognise
from codec.bench.peers import find_peers
from codec.bench.peers.base import System
from codec.bench.peers.secousti import secousti_systems
from codec.bench.plot import draw
from codec.bench.report import CONVENTIONS, machine, system_json, table, write_json
from codec.bench.runner import Original, SystemResult, run_system


@dataclass(frozen=True)
class CodecBench:
    """What to run and where the results go; ``None`` means all metrics, all clips, no file."""

    manifest: Path
    rates: Sequence[str]
    peers: Sequence[str]
    metrics: Sequence[str] | None = None
    weights: Path | None = None
    lyra: Path | None = None
    most: int | None = None
    json: Path | None = None
    plot: Path | None = None
    command: str = ""


def run_codec_bench(bench: CodecBench, recognise: Recognise | None = None) -> dict[str, Any]:
    """Run every system over every clip; writes the files asked for and returns the report.

    The JSON file is written anew after every system, so that an interrupted run leaves what it has.
    Raises :class:`SecoustiError` for a malformed manifest, unknown names or missing weights.
    """
    clips = read_manifest(bench.manifest)[: bench.most]
    found = find_peers(bench.peers, bench.lyra)
    systems: list[System] = [Original(), *secousti_systems(bench.rates, bench.weights)]
    systems += found.systems
    scorer = load_scorer(bench.metrics or METRICS, recognise)
    skipped = [*found.missing, *scorer.missing]
    notes = Console(stderr=True)
    for message in skipped:
        notes.print(message, style="yellow", highlight=False)
    results: list[SystemResult] = []
    report: dict[str, Any] = {
        "systems": {},
        "clips": describe_clips(clips),
        "skipped": skipped,
        "conventions": CONVENTIONS,
        "machine": machine(),
        "command": bench.command,
    }
    with _progress(notes) as progress:
        for system in systems:
            tick = partial(progress.advance, progress.add_task(system.name, total=len(clips)))
            results.append(run_system(system, clips, scorer, tick))
            report["systems"][system.name] = system_json(results[-1])
            if bench.json:
                write_json(bench.json, report)
    if bench.plot:
        draw(report, bench.plot)
    Console().print(table(results))
    return report


def describe_clips(clips: Sequence[Clip]) -> dict[str, float | int]:
    """How many clips, seconds and speakers the numbers rest on."""
    seconds = sum(soundfile.info(clip.file).duration for clip in clips)
    speakers = {clip.speaker for clip in clips}
    return {"count": len(clips), "seconds": round(seconds, 1), "speakers": len(speakers)}


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )
