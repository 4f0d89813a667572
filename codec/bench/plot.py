"""PESQ-WB against bit rate: what the benchmark measured, and what papers print, told apart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codec.bench.published import PUBLISHED, Published
from codec.errors import SecoustiError

OURS = "Secousti"
COLOURS = {
    OURS: "#c2410c",
    "Opus": "#1d4ed8",
    "Codec2": "#15803d",
    "Speex": "#7e22ce",
    "AMR-WB": "#0e7490",
    "Lyra V2": "#a16207",
}
OTHER_COLOUR = "#374151"
PUBLISHED_COLOUR = "#9ca3af"
KBPS_TICKS = (0.25, 0.5, 1, 2, 4, 8, 16)
KBPS_LIMITS = (0.2, 18)
PESQ_LIMITS = (1.0, 4.6)
# Where a name stands beside its family's last point, in typographic points.
LABEL_OFFSET = (8, 4)
LABEL_OFFSETS = {
    "AMR-WB": (12, -12),
    "Codec2": (7, -11),
    "Mimi": (9, -4),
    "WavTokenizer": (-9, 5),
    "BigCodec": (9, -3),
    "SecoustiCodec (paper)": (9, -4),
    "EnCodec": (-9, -3),
}


def draw(report: Mapping[str, Any], path: Path) -> None:
    """Draw ``report`` (as the benchmark writes it) into ``path``; its suffix picks the format.

    Raises :class:`SecoustiError` without matplotlib, without a PESQ-WB value in the report, or for
    a file that cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise SecoustiError("the plot needs matplotlib: pip install 'secousti[bench]'") from None
    families = measured_families(report)
    if not families:
        raise SecoustiError("the report has no PESQ-WB value to plot: pip install pesq, then rerun")
    figure = Figure(figsize=(9, 5.6), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    for codec in PUBLISHED:
        _draw_published(axes, codec)
    for family, systems in families.items():
        _draw_family(axes, family, systems)
    _dress(axes, report)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise SecoustiError(f"cannot write the plot {path}: {error}") from None


def measured_families(report: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """Systems that have a PESQ-WB and a rate inside the plot, by family, in order of rate."""
    families: dict[str, list[Mapping[str, Any]]] = {}
    for system in sorted(report["systems"].values(), key=lambda system: system["bps"]):
        low, high = KBPS_LIMITS
        if system["pesq_wb"] is not None and low <= system["bps"] / 1000 <= high:
            families.setdefault(system["family"], []).append(system)
    return families


def _draw_family(axes: Any, family: str, systems: list[Mapping[str, Any]]) -> None:
    """A line through one family's points with their 95 % intervals."""
    colour = COLOURS.get(family, OTHER_COLOUR)
    kbps = [system["bps"] / 1000 for system in systems]
    pesq = [system["pesq_wb"] for system in systems]
    ends = [system["ci95"]["pesq_wb"] for system in systems]
    below = [value - low for value, (low, _) in zip(pesq, ends, strict=True)]
    above = [high - value for value, (_, high) in zip(pesq, ends, strict=True)]
    streaming = all(system["streaming"] for system in systems)
    axes.errorbar(
        kbps,
        pesq,
        yerr=(below, above),
        color=colour,
        marker="*" if family == OURS else "o",
        markersize=15 if family == OURS else 6.5,
        markerfacecolor=colour if streaming else "white",
        linewidth=2.2 if family == OURS else 1.5,
        elinewidth=1,
        zorder=4 if family == OURS else 3,
    )
    _label(axes, family, (kbps[-1], pesq[-1]), colour, bold=family == OURS)


def _draw_published(axes: Any, codec: Published) -> None:
    kbps, pesq = zip(*codec.points, strict=True)
    axes.plot(
        kbps,
        pesq,
        color=PUBLISHED_COLOUR,
        marker="D",
        markersize=5,
        markerfacecolor=PUBLISHED_COLOUR if codec.streaming else "white",
        linestyle=":",
        linewidth=1.2,
        zorder=2,
    )
    _label(axes, codec.name, codec.points[-1], "#6b7280")


def _label(axes: Any, text: str, at: tuple[float, float], colour: str, bold: bool = False) -> None:
    from matplotlib.patheffects import withStroke

    offset = LABEL_OFFSETS.get(text, LABEL_OFFSET)
    axes.annotate(
        text,
        at,
        xytext=offset,
        textcoords="offset points",
        horizontalalignment="left" if offset[0] > 0 else "right",
        color=colour,
        fontsize=11 if bold else 9,
        fontweight="bold" if bold else "normal",
        path_effects=[withStroke(linewidth=3, foreground="white")],
        zorder=5,
    )


def _dress(axes: Any, report: Mapping[str, Any]) -> None:
    """Axes, grid, legend and the sentence that says on what it was measured."""
    axes.set_xscale("log")
    axes.set_xlim(*KBPS_LIMITS)
    axes.set_ylim(*PESQ_LIMITS)
    axes.set_xticks(KBPS_TICKS, [f"{tick:g}" for tick in KBPS_TICKS])
    axes.minorticks_off()
    axes.grid(color="#e5e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("bit rate, kbps, every bit sent")
    axes.set_ylabel("PESQ-WB (P.862.2)")
    axes.set_title(_title(report), loc="left", fontsize=11)
    axes.legend(handles=_legend(), loc="upper left", frameon=False, fontsize=8.5)


def _title(report: Mapping[str, Any]) -> str:
    clips = report.get("clips", {})
    if not clips:
        return "Quality against bit rate"
    return (
        f"Quality against bit rate: {clips['count']} clips, {clips['seconds'] / 60:.1f} min, "
        f"{clips['speakers']} speakers"
    )


def _legend() -> list[Any]:
    from matplotlib.lines import Line2D

    def mark(label: str, marker: str, colour: str, filled: bool, line: Any) -> Any:
        face = colour if filled else "white"
        return Line2D(
            [], [], color=colour, marker=marker, markerfacecolor=face, linestyle=line, label=label
        )

    return [
        mark("measured here, with 95 % interval", "o", OTHER_COLOUR, True, "-"),
        mark("published, streaming (other test set)", "D", PUBLISHED_COLOUR, True, ":"),
        mark("published, not streaming (other test set)", "D", PUBLISHED_COLOUR, False, ":"),
    ]
