"""One run of ``secousti bench speed``: a table, the ratios, and a JSON file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from codec.bench.report import machine, write_json
from codec.bench.speed import (
    BY_PROCESSOR,
    PARTS,
    Steps,
    Timing,
    one_thread,
    time_codec,
    time_peer,
)
from codec.codec import Codec
from codec.errors import SecoustiError


def run_speed_bench(
    codecs: Sequence[Codec], peers: Sequence[str], seconds: int, json: Path | None, command: str
) -> dict[str, Any]:
    """Time ``codecs`` and ``peers`` on one thread; prints, writes ``json`` and returns the report.

    Each codec is timed as it is and, where that is another, by PyTorch's own steps. A peer whose
    package is missing is skipped with a message.
    """
    notes = Console(stderr=True)
    ours = [twin for codec in codecs for twin in with_twin(codec)]
    jobs: list[Callable[[], Timing]] = [partial(time_codec, codec, seconds) for codec in ours]
    jobs += [partial(time_peer, peer, seconds) for peer in peers]
    timings = []
    with one_thread(), notes.status("timing on one thread"):
        for job in jobs:
            try:
                timings.append(job())
            except SecoustiError as missing:
                notes.print(str(missing), style="yellow", highlight=False)
    compared = ratios(timings)
    report = {
        "systems": {timing.name: timing_json(timing) for timing in timings},
        "ratios": compared,
        "threads": 1,
        "clock": "processor time of the thread" if BY_PROCESSOR else "wall time",
        "seconds": seconds,
        "machine": machine(),
        "command": command,
    }
    if json:
        write_json(json, report)
    show(timings, compared)
    return report


def with_twin(codec: Codec) -> list[Codec]:
    """``codec`` and, if it runs by another backend, the same model stepped by PyTorch."""
    return [codec] if codec.backend.name == "torch" else [codec, Codec(codec.model, "torch")]


def timing_json(timing: Timing) -> dict[str, Any]:
    """One system: real-time factors, and the spread of its steps in milliseconds."""
    streams = {str(batch): round(count, 1) for batch, count in timing.streams.items()}
    return {
        "rtf_whole": _factors(timing.whole),
        "rtf_steps": _factors(timing.steps),
        "step_audio_ms": timing.steps.step_ms,
        "step_ms": {part: _spread(timing.steps, part) for part in PARTS},
        "steps": len(timing.steps.encode),
        "parameters": timing.parameters,
        "note": timing.note,
        **({"streams_per_core": streams} if streams else {}),
    }


def ratios(timings: Sequence[Timing]) -> dict[str, dict[str, dict[str, float]]]:
    """``peer / ours`` -> the peer's real-time factor over ours, whole and in steps, each part."""
    ours = [timing for timing in timings if timing.name.startswith("secousti-")]
    peers = [timing for timing in timings if timing not in ours]
    return {
        f"{peer.name} / {own.name}": {
            "whole": _quotients(peer.whole, own.whole),
            "steps": _quotients(peer.steps, own.steps),
        }
        for own in ours
        for peer in peers
    }


def show(timings: Sequence[Timing], compared: dict[str, dict[str, dict[str, float]]]) -> None:
    """Print the table, the callers that a core carries, and two lines for each ratio."""
    grid = Table(box=None, pad_edge=False)
    for heading in ("system", "size", "step", "RTF enc", "dec", "both", "median", "p99"):
        left = heading in ("system", "step")
        grid.add_column(heading, justify="left" if left else "right", no_wrap=True)
    for timing in timings:
        size = f"{timing.parameters / 1e6:.1f} M"
        grid.add_row(timing.name, size, "whole", *_cells(timing.whole))
        spread = [f"{value:.1f} ms" for value in _spread(timing.steps, "both").values()]
        grid.add_row("", "", f"{timing.steps.step_ms:g} ms", *_cells(timing.steps), *spread)
    console = Console()
    console.print(grid)
    for timing in timings:
        if timing.streams:
            each = ", ".join(f"{count:.0f} by {batch}" for batch, count in timing.streams.items())
            console.print(f"{timing.name}, callers on one core: {each}", highlight=False)
    for names, ways in compared.items():
        for way, parts in ways.items():
            each = ", ".join(f"{part} {value:.2f}x" for part, value in parts.items())
            console.print(f"{names}, {way}: {each}", highlight=False)


def _factors(steps: Steps) -> dict[str, float]:
    return {part: round(steps.real_time_factor(part), 5) for part in PARTS}


def _cells(steps: Steps) -> list[str]:
    return [f"{steps.real_time_factor(part):.3f}" for part in PARTS]


def _quotients(peer: Steps, own: Steps) -> dict[str, float]:
    pairs = {part: (peer.real_time_factor(part), own.real_time_factor(part)) for part in PARTS}
    return {part: round(theirs / ours, 2) for part, (theirs, ours) in pairs.items()}


def _spread(steps: Steps, part: str) -> dict[str, float]:
    return {
        "median": round(steps.percentile_ms(part, 50), 3),
        "p99": round(steps.percentile_ms(part, 99), 3),
    }
