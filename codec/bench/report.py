"""What a benchmark leaves behind: a JSON file and a table on the terminal."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from rich.table import Table

from codec.bench.metrics.scorer import METRICS
from codec.bench.runner import SystemResult
from codec.errors import SecoustiError

CONVENTIONS = {
    "signals": "16 kHz mono, fixed delay removed, clipped to [-1, 1], cut to the shorter, no gain",
    "bps": "bits sent over seconds of audio, all clips together",
    "coded_bps": "the same after range coding, for files; null where a codec has none",
    "pesq_wb": "ITU-T P.862.2 at 16 kHz",
    "pesq_nb": "ITU-T P.862 at 8 kHz",
    "wer": "lower-case words, errors over words said; compare with the system 'original'",
    "spk_sim": "cosine of Resemblyzer embeddings, decoded against original",
    "dnsmos": "DNSMOS P.835 overall",
    "ci95": "95 % percentile bootstrap over clips, 1000 resamples",
    "failed": "clips refused by the codec or without a value in some metric, see 'unscored'",
}
HEADINGS = {  # two lines each, so that all of them fit into 80 columns
    "pesq_wb": "PESQ\nWB",
    "pesq_nb": "PESQ\nNB",
    "stoi": "STOI",
    "estoi": "ESTOI",
    "wer": "WER\n%",
    "spk_sim": "spk\nsim",
    "dnsmos": "DNS\nMOS",
    "distillmos": "Dist.\nMOS",
}


def machine() -> dict[str, str | int]:
    """The machine and the libraries that the numbers depend on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "secousti": _version("secousti"),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }


def system_json(result: SystemResult) -> dict[str, Any]:
    """One system under the stable keys; a metric that did not run is ``null``."""
    scores = {name: _rounded(result.values.get(name)) for name in METRICS}
    return {
        "bps": round(result.bps, 1),
        "coded_bps": None if result.coded_bps is None else round(result.coded_bps, 1),
        **scores,
        "n": result.n,
        "failed": result.failed,
        "unscored": result.unscored,
        "ci95": {name: [_rounded(end) for end in ends] for name, ends in result.ci95.items()},
        "family": result.system.family,
        "streaming": result.system.streaming,
        "delay_samples": result.system.delay_samples,
        "sample_rate_hz": result.system.sample_rate_hz,
        "note": result.system.note,
    }


def read_report(path: Path) -> dict[str, Any]:
    """A report written earlier; raises :class:`SecoustiError` if ``path`` is not one."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SecoustiError(f"cannot read {path}: {error.strerror}") from None
    except ValueError:
        raise SecoustiError(f"{path} is not JSON: expected a report of the benchmark") from None
    if not isinstance(report, dict) or not isinstance(report.get("systems"), dict):
        raise SecoustiError(f"{path} has no 'systems': expected a report of the benchmark")
    return report


def write_json(path: Path, report: dict[str, Any]) -> None:
    """Write ``report``; raises :class:`SecoustiError` where ``path`` cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise SecoustiError(f"cannot write {path}: {error.strerror}") from None


def table(systems: Mapping[str, Mapping[str, Any]]) -> Table:
    """One line for each of a report's systems, with only the metrics that ran.

    Behind the bits of a codec stands in brackets what range coding leaves of them.
    """
    columns = [name for name in METRICS if any(row[name] is not None for row in systems.values())]
    grid = Table(box=None, pad_edge=False, collapse_padding=True)
    grid.add_column("system", no_wrap=True)
    for heading in ("bps", *(HEADINGS[name] for name in columns), "n", "fail"):
        grid.add_column(heading, justify="right", no_wrap=True)
    for name, row in systems.items():
        cells = [_cell(column, row[column]) for column in columns]
        grid.add_row(name, _bits(row), *cells, str(row["n"]), str(row["failed"]))
    return grid


def _bits(row: Mapping[str, Any]) -> str:
    """Bits per second sent, and in brackets what range coding leaves of them."""
    coded = row.get("coded_bps")
    return f"{row['bps']:,.0f}" + (f" ({coded:,.0f})" if coded is not None else "")


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{100 * value:.1f}" if name == "wer" else f"{value:.2f}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "source tree"


def _processor() -> str:
    """The processor's name, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
