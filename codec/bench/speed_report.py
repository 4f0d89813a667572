"""One run of ``secousti bench speed``: a table, the ratios, and a JSON file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from codec.bench.report import machine, write_json
from codec.bench.speed import PARTS, Steps, Timing, one_thread, time_codec, time_peer
from codec.codec import Codec
from codec.errors import SecoustiError


def run_speed_bench(
    codecs: Sequence[Codec], peers: Sequence[str], seconds: int, json: Path | None, command: str
) -> dict[str, Any]:
    """Time ``codecs`` and ``peers`` on one thread; prints, writes ``json`` and returns the report.

    A peer whose package is missing is skipped with a message.
    """
    notes = Console(stderr=True)
    jobs: list[Callable[[], Timing]] = [partial(time_codec, codec, seconds) for codec in codecs]
    jobs += [partial(time_peer, peer, seconds) for peer in peers]
    timings = []
    with one_thread(), notes.status("timing on one thread"):
        for job in jobs:
            try:
                timings.append(job())
            except SecoustiError as missing:
                notes.print(str(missing), style="yellow", highlight=False)
    report = {
        "systems": {timing.name: timing_json(timing) for timing in timings},
        "ratios": ratios(timings),
        "threads": 1,
        "seconds": seconds,
        "machine": machine(),
        "command": command,
    }
    if json:
        write_json(json, report)
    show(timings, report["ratios"])
    return report


def timing_json(timing: Timing) -> dict[str, Any]:
    """One system: real-time factors, and the spread of its steps in milliseconds."""
    return {
        "rtf": {part: round(timing.whole.real_time_factor(part), 5) for part in PARTS},
        "step_audio_ms": timing.steps.step_ms,
        "step_ms": {part: _spread(timing.steps, part) for part in PARTS},
        "steps": len(timing.steps.encode),
        "parameters": timing.parameters,
        "note": timing.note,
    }


def ratios(timings: Sequence[Timing]) -> dict[str, dict[str, float]]:
    """``peer / ours`` -> how many times the peer's real-time factor is ours, for each part."""
    ours = [timing for timing in timings if timing.name.startswith("secousti-")]
    peers = [timing for timing in timings if timing not in ours]
    return {
        f"{peer.name} / {own.name}": {part: _ratio(peer, own, part) for part in PARTS}
        for own in ours
        for peer in peers
    }


def show(timings: Sequence[Timing], compared: dict[str, dict[str, float]]) -> None:
    """Print the table and one line for each ratio."""
    grid = Table(box=None, pad_edge=False)
    for heading in (
        "system",
        "parameters",
        "RTF encode",
        "decode",
        "both",
        "step",
        "median",
        "p99",
    ):
        grid.add_column(heading, justify="left" if heading == "system" else "right")
    for timing in timings:
        factors = [f"{timing.whole.real_time_factor(part):.3f}" for part in PARTS]
        spread = [f"{value:.1f} ms" for value in _spread(timing.steps, "both").values()]
        step = f"{timing.steps.step_ms:g} ms"
        grid.add_row(timing.name, f"{timing.parameters / 1e6:.1f} M", *factors, step, *spread)
    console = Console()
    console.print(grid)
    for names, parts in compared.items():
        each = ", ".join(f"{part} {value:.1f}x" for part, value in parts.items())
        console.print(f"{names}: {each}", highlight=False)


def _spread(steps: Steps, part: str) -> dict[str, float]:
    return {
        "median": round(steps.percentile_ms(part, 50), 3),
        "p99": round(steps.percentile_ms(part, 99), 3),
    }


def _ratio(peer: Timing, own: Timing, part: str) -> float:
    return round(peer.whole.real_time_factor(part) / own.whole.real_time_factor(part), 2)
