"""Reports as one HTML page: plots drawn as SVG in the page itself, no request leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from numbers import Real
from typing import Any

from voice_agent.evaluate.report import Report, Score, Table

BAR_PX, ROW_PX, LABEL_PX, VALUE_PX = 320, 26, 230, 260
AXES = {
    "confusion": "rows: gold, columns: predicted",
    "transitions": "rows: one reply, columns: the next",
}
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; color: #1d2530;
  padding: 0 1rem }
h1 { font-size: 1.6rem }
h2 { margin-top: 2.5rem; border-top: 1px solid #d8dee6; padding-top: 1rem }
.meta, .note { color: #5b6675; font-size: .9rem }
table { border-collapse: collapse; margin: .5rem 0 }
td, th { padding: .2rem .6rem; text-align: right; font-size: .85rem } th { font-weight: 600 }
th:first-child { text-align: left } code { background: #f1f4f8; padding: .1rem .3rem }
svg text { font: 13px system-ui, sans-serif; fill: #1d2530 } .wide { overflow-x: auto }
"""


def page(reports: Sequence[Report]) -> str:
    """One self-contained HTML document."""
    parts = "".join(_section(report) for report in reports)
    contents = "".join(f'<li><a href="#{_anchor(r)}">{escape(_title(r))}</a></li>' for r in reports)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>Secousti: evaluation</title><style>{STYLE}</style>"
        f"<h1>Secousti: what was measured</h1><ul>{contents}</ul>{parts}</html>\n"
    )


def _title(report: Report) -> str:
    return f"{report.suite} on {report.data or 'given data'}, {report.mode}"


def _anchor(report: Report) -> str:
    return "".join(c if c.isalnum() else "-" for c in _title(report).lower())


def _section(report: Report) -> str:
    meta = f"n = {report.n}, seed {report.seed}, {report.seconds:.1f} s"
    command = f"<p class=meta><code>{escape(report.command)}</code></p>" if report.command else ""
    notes = "".join(f"<p class=note>{escape(note)}</p>" for note in report.notes)
    tables = "".join(_table(name, table) for name, table in report.tables.items())
    return (
        f'<h2 id="{_anchor(report)}">{escape(_title(report))}</h2><p class=meta>{meta}</p>'
        f"{command}{_plot(report.scores)}{notes}{tables}"
    )


def _plot(scores: dict[str, Score]) -> str:
    """A bar for every score, its interval as a whisker and its aim as a mark."""
    rows = "".join(_bar(n, name, score) for n, (name, score) in enumerate(scores.items()))
    width, height = LABEL_PX + BAR_PX + VALUE_PX, ROW_PX * len(scores) + 8
    return f'<svg role="img" width="{width}" height="{height}">{rows}</svg>'


def _bar(row: int, name: str, score: Score) -> str:
    top, middle = row * ROW_PX + 6, row * ROW_PX + 15
    label = f'<text x="0" y="{top + 13}">{escape(name)}</text>'
    most = _scale(score)
    shown = "undefined" if score.value is None else f"{score.value:.3f} on 0-{most:g}"
    verdict = {None: "", True: f" (aim {score.aim}: met)", False: f" (aim {score.aim}: missed)"}
    words = escape(shown + verdict[score.met])
    text = f'<text x="{LABEL_PX + BAR_PX + 10}" y="{top + 13}">{words}</text>'
    if score.value is None:
        return label + text
    track = f'<rect x="{LABEL_PX}" y="{top}" width="{BAR_PX}" height="18" fill="#f1f4f8"/>'
    colour = {None: "#8aa4c8", True: "#5a9e78", False: "#c87f6a"}[score.met]
    width = f"{_x(score.value, most) - LABEL_PX:.1f}"
    bar = f'<rect x="{LABEL_PX}" y="{top}" width="{width}" height="18" fill="{colour}"/>'
    return label + track + bar + _whisker(score, most, middle) + _aim(score, most, top) + text


def _scale(score: Score) -> float:
    """The value at the right end: the next of 1, 5, 25, 100 that holds all of the row."""
    aim = float(score.aim.split()[1]) if score.aim else 0.0
    most = max(abs(value or 0.0) for value in (score.value, score.high, aim))
    return next((end for end in (1.0, 5.0, 25.0, 100.0) if most <= end), most)


def _x(value: float, most: float) -> float:
    return LABEL_PX + BAR_PX * max(0.0, value) / most


def _whisker(score: Score, most: float, middle: float) -> str:
    if score.low is None or score.high is None:
        return ""
    a, b = _x(score.low, most), _x(score.high, most)
    return f'<path d="M{a:.1f} {middle}H{b:.1f}" stroke="#1d2530" stroke-width="2"/>'


def _aim(score: Score, most: float, top: float) -> str:
    if not score.aim:
        return ""
    x = _x(float(score.aim.split()[1]), most)
    return f'<path d="M{x:.1f} {top - 2}v22" stroke="#1d2530" stroke-dasharray="3 2"/>'


def _table(name: str, table: Table) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    square = table.rows == table.columns  # a confusion: shade by share of its row
    body = "".join(
        f"<tr><th>{escape(row)}</th>{''.join(_cell(c, cells, square) for c in cells)}</tr>"
        for row, cells in zip(table.rows, table.cells, strict=True)
    )
    note = f" ({AXES[name]})" if name in AXES else ""
    return (
        f"<h3>{escape(name)}{note}</h3><div class=wide><table><tr><th></th>{head}</tr>{body}"
        "</table></div>"
    )


def _cell(value: Any, row: Sequence[Any], square: bool) -> str:
    shown = "" if value is None else escape(str(value))
    if not square or not isinstance(value, Real):
        return f"<td>{shown}</td>"
    part = float(value) / max(1.0, float(sum(row)))
    return f'<td style="background: rgba(90, 130, 190, {0.7 * part:.2f})">{shown}</td>'
