"""One run of ``secousti bench codec``: progress while it runs, files and a table at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import soundfile
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from codec.bench.manifest import Clip, read_manifest
from codec.bench.metrics.scorer import METRICS, Scorer, load_scorer
from codec.bench.metrics.words import Recognise
from codec.bench.peers import find_peers
from codec.bench.peers.base import System
from codec.bench.peers.secousti import secousti_systems
from codec.bench.plot import draw
from codec.bench.report import CONVENTIONS, machine, read_report, system_json, table, write_json
from codec.bench.runner import Original, run_system
from codec.errors import SecoustiError


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
    reuse: Path | None = None
    json: Path | None = None
    plot: Path | None = None
    command: str = ""


def run_codec_bench(bench: CodecBench, recognise: Recognise | None = None) -> dict[str, Any]:
    """Run every system over every clip; writes the files asked for and returns the report.

    The JSON file is written anew after every system, so that an interrupted run leaves what it has.
    Raises :class:`SecoustiError` for a malformed manifest, unknown names or missing weights, or an
    earlier report on other clips.
    """
    clips = read_manifest(bench.manifest)[: bench.most]
    found = find_peers(bench.peers, bench.lyra)
    scorer = load_scorer(bench.metrics or METRICS, recognise)
    report: dict[str, Any] = {
        "systems": {},
        "clips": describe_clips(clips),
        "skipped": [*found.missing, *scorer.missing],
        "conventions": CONVENTIONS,
        "machine": machine(),
        "command": bench.command,
    }
    if bench.reuse:
        report["systems"] = earlier_systems(bench.reuse, report["clips"])
    systems: list[System] = [
        Original(),
        *secousti_systems(bench.rates, bench.weights),
        *found.systems,
    ]
    _measure(report, systems, clips, scorer, bench.json)
    if bench.plot:
        draw(report, bench.plot)
    Console().print(table(report["systems"]))
    return report


def describe_clips(clips: Sequence[Clip]) -> dict[str, Any]:
    """What the numbers rest on: how many clips, seconds and speakers, and which."""
    seconds = sum(soundfile.info(clip.file).duration for clip in clips)
    return {
        "count": len(clips),
        "seconds": round(seconds, 1),
        "speakers": len({clip.speaker for clip in clips}),
        "ids_sha256": sha256("\n".join(clip.id for clip in clips).encode()).hexdigest(),
    }


def earlier_systems(path: Path, clips: Mapping[str, Any]) -> dict[str, Any]:
    """The systems of an earlier report; raises :class:`SecoustiError` if its clips were others."""
    earlier = read_report(path)
    if earlier.get("clips") != clips:
        raise SecoustiError(f"{path} was measured on other clips: run it again on this manifest")
    systems: dict[str, Any] = earlier["systems"]
    return systems


def _measure(
    report: dict[str, Any],
    systems: Sequence[System],
    clips: Sequence[Clip],
    scorer: Scorer,
    json: Path | None,
) -> None:
    """Run ``systems`` into ``report`` with a progress bar each, saving after each."""
    console = Console(stderr=True)
    for message in report["skipped"]:
        console.print(message, style="yellow", highlight=False)
    with _progress(console) as progress:
        for system in systems:
            tick = partial(progress.advance, progress.add_task(system.name, total=len(clips)))
            report["systems"][system.name] = system_json(run_system(system, clips, scorer, tick))
            if json:
                write_json(json, report)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )
