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

from codec.bench.lineup import Lineup, clip_outcome, load_cast, workers
from codec.bench.manifest import Clip, read_manifest
from codec.bench.plot import draw
from codec.bench.report import (
    CONVENTIONS,
    machine,
    read_report,
    system_json,
    table,
    write_json,
)
from codec.bench.runner import summarise
from codec.errors import SecoustiError


@dataclass(frozen=True)
class CodecBench:
    """What to run, on what, and where the results go; ``None`` means all clips, no file."""

    manifest: Path
    lineup: Lineup
    most: int | None = None
    jobs: int = 1
    reuse: Path | None = None
    json: Path | None = None
    plot: Path | None = None
    command: str = ""


def run_codec_bench(bench: CodecBench) -> dict[str, Any]:
    """Run every system over every clip; writes the files asked for and returns the report.

    The JSON file is written anew after every system, so that an interrupted run leaves what it has.
    Raises :class:`SecoustiError` for a malformed manifest, unknown names or missing weights, or an
    earlier report on other clips.
    """
    clips = read_manifest(bench.manifest)[: bench.most]
    described = describe_clips(clips)
    report: dict[str, Any] = {
        "systems": earlier_systems(bench.reuse, described) if bench.reuse else {},
        "clips": described,
        "skipped": list(load_cast(bench.lineup).missing),
        "conventions": CONVENTIONS,
        "machine": machine(),
        "command": bench.command,
    }
    _measure(bench, clips, report)
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


def _measure(bench: CodecBench, clips: Sequence[Clip], report: dict[str, Any]) -> None:
    """Run the line-up into ``report`` with a progress bar each, saving after each."""
    console = Console(stderr=True)
    for message in report["skipped"]:
        console.print(message, style="yellow", highlight=False)
    with clip_progress(console) as progress, workers(bench.jobs) as mapper:
        for name, system in load_cast(bench.lineup).systems.items():
            work = partial(clip_outcome, bench.lineup, name)
            outcomes = progress.track(mapper(work, clips), len(clips), description=name)
            report["systems"][name] = system_json(summarise(system, list(outcomes)))
            if bench.json:
                write_json(bench.json, report)


def clip_progress(console: Console) -> Progress:
    """A bar for each system, counted in clips."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )
