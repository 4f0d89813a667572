"""Reports: aims, files, and the page that needs nothing from outside."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from codec.errors import SecoustiError
from voice_agent.evaluate.page import page
from voice_agent.evaluate.report import (
    Report,
    Score,
    grid,
    read_reports,
    scored,
    summary,
    write_reports,
)

REPORT = Report(
    suite="stage",
    n=3,
    scores={"accuracy": Score(0.5, 0.4, 0.6, ">= 0.7"), "B": Score(None, aim="<= 0.36")},
    tables={"confusion": grid(("a", "b"), ("a", "b"), ((2, 1), (0, 3)))},
    notes=("a <note>",),
    seed=7,
    seconds=1.5,
)


def test_aims_are_met_missed_or_not_set() -> None:
    assert Score(0.8, aim=">= 0.7").met is True
    assert Score(0.4, aim="<= 0.36").met is False
    assert Score(None, aim=">= 1").met is False
    assert Score(0.1).met is None


def test_a_report_survives_its_file(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    write_reports(path, [REPORT])
    assert read_reports(path) == [REPORT]
    with pytest.raises(SecoustiError, match="cannot be written"):
        write_reports(tmp_path / "no" / "r.json", [REPORT])


@pytest.mark.parametrize("text", ["", "[]", '{"reports": [{"suite": "x"}]}', '{"reports": [1]}'])
def test_other_files_are_no_reports(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(SecoustiError, match="not a report"):
        read_reports(path)


def test_the_page_is_whole_and_escaped() -> None:
    html = page([REPORT, REPORT])
    assert "a &lt;note&gt;" in html
    assert html.count("<svg") == 2
    assert "undefined (aim &lt;= 0.36: missed)" in html
    assert not re.search(r"(?:src|href)=\"(?!#)", html)
    assert "//" not in html.replace("</", "")


def test_the_terminal_says_what_was_missed() -> None:
    told = summary(REPORT)
    assert "n = 3" in told
    assert "[0.400, 0.600]  aim >= 0.7: MISSED" in told
    assert "undefined" in told


def test_a_score_comes_with_its_interval() -> None:
    score = scored([1.0, 0.0, 1.0, 0.0], lambda v: sum(v) / len(v), 3, ">= 0.4")
    assert score.value == 0.5
    assert score.low is not None and score.high is not None
    assert score.low <= 0.5 <= score.high
