"""One figure of a load beside its aim, and all of them as a table and as JSON."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rich.table import Table

from codec.bench.report import machine
from secousti.bench.scrape import Scrape


@dataclass(frozen=True)
class Figure:
    """``n`` values of one load, their quantiles in ``unit``; None: there was nothing to measure.

    ``aims`` is the most that a quantile may be, by its name.
    """

    name: str
    load: str
    unit: str
    n: int
    p50: float | None = None
    p95: float | None = None
    most: float | None = None
    aims: dict[str, float] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether it is within its aims; None where it has none, or nothing was measured."""
        found = [(getattr(self, name), aim) for name, aim in self.aims.items()]
        if not found or any(value is None for value, _ in found):
            return None
        return all(value <= aim for value, aim in found)


def of_values(
    name: str, load: str, unit: str, values: Sequence[float], scale: float = 1.0, **aims: float
) -> Figure:
    """The quantiles of ``values`` times ``scale``."""
    if not values:
        return Figure(name, load, unit, 0, aims=aims)
    p50, p95, most = (round(float(scale * np.percentile(values, q)), 1) for q in (50, 95, 100))
    return Figure(name, load, unit, len(values), p50, p95, most, aims)


def of_histogram(name: str, load: str, counted: Scrape, metric: str, **labels: str) -> Figure:
    """The same of a server's histogram of seconds, in ms, between the edges of its buckets."""

    def ms(q: float) -> float | None:
        seconds = counted.quantile(metric, q, **labels)
        return None if seconds is None else round(1000 * seconds, 1)

    n = round(counted.value(f"{metric}_count", **labels))
    return Figure(name, load, "ms", n, ms(0.5), ms(0.95))


def table(figures: Sequence[Figure]) -> Table:
    """For a person at a terminal, 80 columns wide."""
    shown = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    shown.add_column("")
    for heading in ("n", "p50", "p95", "most", "aim"):
        shown.add_column(heading, justify="right", no_wrap=True)
    load = ""
    for row in figures:
        if row.load != load:
            load = row.load
            shown.add_row(f"[bold]{load}[/bold]")
        numbers = ("" if value is None else f"{value:g}" for value in (row.p50, row.p95, row.most))
        shown.add_row(f"  {row.name}, {row.unit}", str(row.n), *numbers, _aims(row))
    return shown


def _aims(figure: Figure) -> str:
    """The aims in the order of the columns, and whether they are met."""
    if not figure.aims:
        return ""
    words = ", ".join(f"{name} {aim:g}" for name, aim in figure.aims.items())
    return f"{words} " + {True: "met", False: "missed", None: "?"}[figure.met]


def surroundings() -> dict[str, Any]:
    """The command, and the machine with what else ran on it."""
    return {
        "command": shlex.join(["secousti", *sys.argv[1:]]),
        "machine": {
            **machine(),
            "cores_usable": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0,
            "load_average": round(os.getloadavg()[0], 1),
        },
    }
