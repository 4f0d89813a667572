"""The plot: what goes into it, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codec.bench.plot import COLOURS, draw, measured_families
from codec.bench.published import PUBLISHED
from codec.errors import SecoustiError


def system(family: str, bps: float, pesq_wb: float | None) -> dict[str, Any]:
    interval = {} if pesq_wb is None else {"pesq_wb": [pesq_wb - 0.1, pesq_wb + 0.1]}
    return {
        "family": family,
        "bps": bps,
        "pesq_wb": pesq_wb,
        "ci95": interval,
        "streaming": True,
    }


REPORT = {
    "systems": {
        "original": system("Original", 256_000, 4.64),
        "opus-12": system("Opus", 12_000, 3.5),
        "opus-6": system("Opus", 6_000, 1.8),
        "secousti-high": system("Secousti", 1_030, 2.0),
        "codec2-700": system("Codec2", 700, None),
    },
    "clips": {"count": 3, "seconds": 90.0, "speakers": 2},
}


def test_families_are_in_order_of_rate_without_what_has_no_value() -> None:
    families = measured_families(REPORT)
    assert set(families) == {"Opus", "Secousti"}
    assert [point["bps"] for point in families["Opus"]] == [6_000, 12_000]


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_draws_into_a_new_folder(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "plots" / f"R.{suffix}"
    draw(REPORT, path)
    assert path.stat().st_size > 10_000


def test_refuses_an_empty_report_and_an_unknown_format(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(SecoustiError, match="no PESQ-WB value"):
        draw({"systems": {}}, tmp_path / "R.png")
    with pytest.raises(SecoustiError, match="cannot write the plot"):
        draw(REPORT, tmp_path / "R.docx")


def test_published_points_are_in_order_and_never_share_a_measured_colour() -> None:
    for codec in PUBLISHED:
        assert list(codec.points) == sorted(codec.points)
        assert codec.source.startswith("arXiv ")
        assert codec.name not in COLOURS
