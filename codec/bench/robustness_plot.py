"""Plots of a robustness report: losses, bit errors, noise, inputs, and the long stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from codec.errors import SecoustiError

Row = Mapping[str, Any]

METRIC_LABELS = {
    "pesq_wb": "PESQ-WB",
    "stoi": "STOI",
    "distillmos": "DistillMOS",
    "wer": "word error, %",
}
COLOURS = {"high": "#c2410c", "low": "#1d4ed8", "uncoded": "#6b7280"}
CONCEALMENT_STYLES = {"prior": ("-", "o"), "repeat": ("--", "s"), "silence": (":", "^")}
FAMILY_TITLES = {"loss": "packets lost alone", "bursts": "packets lost in bursts of about 3"}
INPUTS = (
    ("clean", 0.0, "clean"),
    ("gain", -20.0, "20 dB quieter"),
    ("gain", -10.0, "10 dB quieter"),
    ("gain", 10.0, "10 dB louder, clipped"),
    ("telephone", 0.0, "telephone (G.711)"),
    ("two talkers", 0.0, "two talkers"),
)
GRID_COLOUR = "#e5e7eb"


def draw_all(report: Row, folder: Path) -> list[Path]:
    """Draw every plot that ``report`` has numbers for into ``folder``; returns their paths.

    Raises :class:`SecoustiError` without matplotlib or for a folder that cannot be written.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise SecoustiError("the plots need matplotlib: pip install 'secousti[bench]'") from None
    plots: dict[str, Callable[[Row], Any]] = {
        "losses": _losses,
        "bit-errors": _bit_errors,
        "noise": _noise,
        "inputs": _inputs,
        "stream": _stream,
    }
    drawn = []
    for name, plot in plots.items():
        figure = plot(report)
        if figure is not None:
            drawn.append(folder / f"{name}.png")
            _save(figure, drawn[-1])
    return drawn


def _save(figure: Any, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
    except OSError as error:
        raise SecoustiError(f"cannot write the plot {path}: {error}") from None


def _losses(report: Row) -> Any:
    """Metrics by rows, kinds of loss by columns; colour is the rate, line the concealment."""
    metrics = _measured(report)
    figure, panels = _panels(len(metrics), 2, report, "Lost packets", height=2.6)
    for row, metric in enumerate(metrics):
        for column, family in enumerate(FAMILY_TITLES):
            axes = panels[row][column]
            for rate in report["streams"]:
                for how, (line, marker) in CONCEALMENT_STYLES.items():
                    cases = _line(report, rate, family, how)
                    points = _points([*_line(report, rate, "clean", ""), *cases], metric)
                    axes.plot(*points, line, marker=marker, color=COLOURS[rate], markersize=5)
            _label(axes, metric, "packets lost, %" if row == len(metrics) - 1 else "")
            if row == 0:
                axes.set_title(FAMILY_TITLES[family], loc="left", fontsize=10)
    handles = [_mark(f"{rate} rate", "-", "", COLOURS[rate]) for rate in report["streams"]]
    handles += [
        _mark(f"concealed by {how}", line, marker, "#374151")
        for how, (line, marker) in CONCEALMENT_STYLES.items()
    ]
    panels[0][1].legend(handles=handles, frameon=False, fontsize=8)
    return figure


def _bit_errors(report: Row) -> Any:
    figure, panels = _panels(1, len(_measured(report)), report, "Bit errors on the packets")
    for axes, metric in zip(panels[0], _measured(report), strict=True):
        for rate in report["streams"]:
            levels, values = _points(_line(report, rate, "bits", ""), metric)
            axes.plot(levels, values, "-o", color=COLOURS[rate], markersize=5, label=f"{rate} rate")
            clean = _points(_line(report, rate, "clean", ""), metric)[1]
            for value in clean:
                axes.axhline(value, color=COLOURS[rate], linewidth=0.8, linestyle=":")
        axes.set_xscale("log")
        _label(axes, metric, "share of bits flipped")
    panels[0][0].legend(frameon=False, fontsize=8, title="dotted: none flipped", title_fontsize=8)
    return figure


def _noise(report: Row) -> Any:
    title = f"Noise before the codec ({report['noise']}), against the clean recording"
    figure, panels = _panels(1, len(_measured(report)), report, title)
    for axes, metric in zip(panels[0], _measured(report), strict=True):
        for system in ("uncoded", *report["streams"]):
            levels, values = _points(_line(report, system, "noise", ""), metric)
            axes.plot(levels, values, "-o", color=COLOURS[system], markersize=5, label=system)
        axes.invert_xaxis()
        _label(axes, metric, "speech over noise, dB")
    panels[0][0].legend(frameon=False, fontsize=8)
    return figure


def _inputs(report: Row) -> Any:
    """One line of dots for each kind of input."""
    title = "Level, line and a second talker"
    figure, panels = _panels(1, len(_measured(report)), report, title)
    for column, (axes, metric) in enumerate(zip(panels[0], _measured(report), strict=True)):
        for system in ("uncoded", *report["streams"]):
            for place, (family, level, _) in enumerate(INPUTS):
                cases = [c for c in _line(report, system, family, "") if c["level"] == level]
                _, values = _points(cases, metric)
                axes.plot(values, [place] * len(values), "o", color=COLOURS[system], markersize=7)
        axes.set_yticks(range(len(INPUTS)), [name if not column else "" for *_, name in INPUTS])
        axes.set_ylim(len(INPUTS) - 0.5, -0.5)
        _dress(axes)
        axes.set_xlabel(METRIC_LABELS[metric])
    marks = [_mark(name, "", "o", COLOURS[name]) for name in ("uncoded", *report["streams"])]
    figure.legend(handles=marks, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return figure


def _stream(report: Row) -> Any:
    """Level and STOI of every minute of the long stream, or ``None`` if none was run."""
    streams = {rate: found for rate, found in report["streams"].items() if "minutes" in found}
    if not streams:
        return None
    figure, panels = _panels(1, 2, report, "The same minute of speech again and again, no reset")
    for rate, found in streams.items():
        minutes = range(1, len(found["minutes"]) + 1)
        gains = [row["level_out_db"] - row["level_in_db"] for row in found["minutes"]]
        likeness = [row["stoi"] for row in found["minutes"]]
        style = {"color": COLOURS[rate], "markersize": 5, "label": f"{rate} rate"}
        panels[0][0].plot(minutes, gains, "-o", **style)
        panels[0][1].plot(minutes, likeness, "-o", **style)
    panels[0][0].set_ylabel("level out over level in, dB")
    panels[0][0].set_ylim(-6, 6)
    panels[0][1].set_ylabel("STOI")
    panels[0][1].set_ylim(0, 1)
    for axes in panels[0]:
        _dress(axes)
        axes.set_xlabel("minute")
        axes.set_xticks(list(minutes))
    panels[0][0].legend(frameon=False, fontsize=8)
    return figure


def _measured(report: Row) -> list[str]:
    """The metrics that have at least one value."""
    return [m for m in METRIC_LABELS if any(case.get(m) is not None for case in report["cases"])]


def _line(report: Row, system: str, family: str, variant: str) -> list[Row]:
    return [
        case
        for case in report["cases"]
        if (case["system"], case["family"], case["variant"]) == (system, family, variant)
    ]


def _points(cases: Sequence[Row], metric: str) -> tuple[list[float], list[float]]:
    """Levels and values in order of level, without cases that have no value; error in percent."""
    scale = 100 if metric == "wer" else 1
    found = sorted((c["level"], scale * c[metric]) for c in cases if c[metric] is not None)
    return [level for level, _ in found], [value for _, value in found]


def _panels(rows: int, columns: int, report: Row, title: str, height: float = 3.4) -> Any:
    """A figure and its panels ``[rows][columns]``, titled with what it was measured on."""
    from matplotlib.figure import Figure

    if not rows or not columns:
        raise SecoustiError("the report has no value to plot: pip install pesq pystoi, then rerun")
    size = (3.6 * columns + 0.6, height * rows + 0.5)
    figure = Figure(figsize=size, dpi=150, layout="constrained")
    clips = report["clips"]
    on = f"{clips['count']} clips, {clips['seconds'] / 60:.1f} min, {clips['speakers']} speakers"
    figure.suptitle(f"{title}\n{on}", x=0.02, ha="left", fontsize=10)
    return figure, figure.subplots(
        rows, columns, squeeze=False, sharey="row" if rows > 1 else False
    )


def _label(axes: Any, metric: str, below: str) -> None:
    axes.set_ylabel(METRIC_LABELS[metric])
    axes.set_xlabel(below)
    if metric == "wer":
        axes.set_ylim(bottom=0)
    _dress(axes)


def _dress(axes: Any) -> None:
    axes.grid(color=GRID_COLOUR, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _mark(label: str, line: Any, marker: str, colour: str) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], color=colour, linestyle=line or "none", marker=marker, label=label)
