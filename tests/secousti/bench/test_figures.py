"""Figures stand beside their aims, and nothing that was not measured is taken for met."""

from __future__ import annotations

import json

import pytest
from rich.console import Console

from secousti.__main__ import main
from secousti.bench.calls import Load, Measured, Plan
from secousti.bench.conversing import BargeIn, Tally
from secousti.bench.figure import of_values, table
from secousti.bench.figures import figures
from secousti.bench.fullness import Fullness, Refusal
from secousti.bench.scrape import Scrape

MIB = 2**20


def test_an_aim_is_met_missed_or_not_measured():
    assert of_values("wait", "1 call", "ms", [0.5] * 9, 1000, p50=600, p95=900).met is True
    assert of_values("wait", "1 call", "ms", [0.5] * 8 + [2.0] * 2, 1000, p95=900).met is False
    assert of_values("wait", "1 call", "ms", [], 1000, p95=900).met is None
    assert of_values("wait", "1 call", "ms", [0.5], 1000).met is None


def measured(refusal, harmed=0):
    def load(wires, mib):
        tallies = [Tally(0.0, 60.0, 24.0, [0.5], [BargeIn(0.3, 0.05)], late=[0.001]) for _ in wires]
        return Load(wires, tallies, [[] for _ in wires], Scrape({}), mib * MIB, 60.0, 3.0)

    full = Fullness(4, 4, {"native": refusal}, harmed)
    plan = Plan(4, 60.0, ["native", "twilio"])
    together = load(["native", "twilio"] * 2, 1230)
    return Measured(plan, {"slots": 4}, 1100 * MIB, [load(["native"], 1200)], together, full)


def test_every_figure_has_its_row():
    rows = {(row.name, row.load): row for row in figures(measured(Refusal(1013, 60, 0.0)))}
    assert rows["voice to voice", "1 native"].met
    assert rows["voice to voice", "4 calls"].n == 4
    assert rows["noticed to silence", "4 calls, twilio"].met
    assert rows["memory of a further call", "4 calls to 1"].p50 == 10.0
    assert rows["memory", "no call yet"].met
    assert rows["caller speaks", "1 native"].p50 == 40.0
    assert rows["waited for a processor", "1 native"].p50 == 5.0
    assert rows["gap between 20 ms frames", "4 calls, twilio"].met is None
    assert rows["refused without a word", "4 of 4, + 1"].met


@pytest.mark.parametrize(
    ("refusal", "harmed"), [(Refusal(1006, None, 0.0), 0), (Refusal(1013, 60, 0.0), 1)]
)
def test_rudeness_and_harm_are_seen(refusal, harmed):
    assert any(row.met is False for row in figures(measured(refusal, harmed)))


def test_the_table_fits_a_terminal():
    console = Console(width=80, record=True)
    console.print(table(figures(measured(Refusal(1013, 60, 0.0)))))
    assert max(map(len, console.export_text().splitlines())) <= 80


@pytest.mark.parametrize(
    "words", [["--sessions", "0"], ["--speech", "2"], ["--audio", "nowhere.wav"]], ids=str
)
def test_what_cannot_be_is_told_at_once(words, capsys):
    try:
        assert main(["bench", "calls", *words]) == 2
    except SystemExit as exit_:
        assert exit_.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_the_command_prints_and_writes_what_it_measured(tmp_path, monkeypatch, capsys):
    async def measure(plan, wavs, show):
        show("measuring")
        assert plan.sessions == 4 and len(wavs) == 3
        return measured(Refusal(1013, 60, 0.0))

    monkeypatch.setattr("secousti.bench.calls.measure", measure)
    assert main(["bench", "calls", "--json", str(tmp_path / "r.json")]) == 0
    assert "voice to voice" in capsys.readouterr().out
    told = json.loads((tmp_path / "r.json").read_text())
    assert told["load"]["caller_speech_share"] == 0.4
    assert {"n", "p50", "p95", "met"} <= set(told["figures"][0])
    assert told["refusals"]["native"]["code"] == 1013
