"""Every suite by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from voice_agent.evaluate.report import Report
from voice_agent.evaluate.suites.boundary import run_boundary
from voice_agent.evaluate.suites.corpus import run_corpus
from voice_agent.evaluate.suites.crisis import run_crisis
from voice_agent.evaluate.suites.esc import run_esc
from voice_agent.evaluate.suites.esrp import run_esrp
from voice_agent.evaluate.suites.matching import run_matching
from voice_agent.evaluate.suites.mi import run_mi
from voice_agent.evaluate.suites.options import Options
from voice_agent.evaluate.suites.personas import run_personas
from voice_agent.evaluate.suites.practice import run_practice
from voice_agent.evaluate.suites.stage import run_stage
from voice_agent.evaluate.suites.strategy import run_metrics, run_strategy
from voice_agent.evaluate.suites.thinking import run_thinking
from voice_agent.evaluate.suites.tom import run_tom


@dataclass(frozen=True)
class Suite:
    """``uses_endpoint``: whether an LLM endpoint has a say in what is measured. ``ablates``: it can
    measure the agent without each of its parts as well. ``refits``: it can fit what it measures to
    the data, and measure that too. ``data``: what ``--data`` is called in the
    help, "" for a suite that reads none."""

    name: str
    about: str
    run: Callable[[Path, Options], Report]
    uses_endpoint: bool = False
    ablates: bool = False
    refits: bool = False
    data: str = "F"


_ALL = (
    Suite(
        "strategy",
        "which move comes next: proficiency Q and preference bias B",
        run_strategy,
        refits=True,
    ),
    Suite("strategy-metrics", "the same numbers from given predictions", run_metrics),
    Suite("stage", "exploration, insight or action, and when it changes", run_stage),
    Suite("crisis", "danger heard, and false alarms, by level, trap and language", run_crisis),
    Suite("boundary", "boundaries kept warmly, ordinary talk not refused", run_boundary, True),
    Suite("mi", "motivational-interviewing codes of sentences", run_mi),
    Suite("esc", "whole talks on role cards: seven ratings, outcomes", run_esc, True, True),
    Suite("esrp", "support with a persona's voice: nine ratings, diversity", run_esrp, True),
    Suite("matching", "does the proposed supporter speak as the caller wished?", run_matching),
    Suite("personas", "do supporters differ in how they speak, and only in that?", run_personas),
    Suite("practice", "ratings of seven speaking skills against experts'", run_practice),
    Suite("thinking", "root cause, causal chain and thought trap of the record", run_thinking),
    Suite("tom", "who believes what: third and first person, the number game", run_tom, True),
    Suite("corpus", "check dialogue files and count what is in them", run_corpus),
)
SUITES = {suite.name: suite for suite in _ALL}
