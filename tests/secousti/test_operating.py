"""The operators' page and files say what is: metrics, settings, limits, time enough to drain."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from secousti.settings import Settings, load_settings
from server.metrics import Metrics

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "operating.md").read_text(encoding="utf-8")
STOP_S = re.compile(r"(?:TimeoutStopSec=|--stop-timeout )(\d+)")


def test_every_metric_is_on_the_page_and_no_other() -> None:
    defined = {
        metric.name + ("_total" if metric.type == "counter" else "")
        for metric in Metrics().registry.collect()
        if metric.name.startswith("secousti_")
    } | {f"secousti_{name}" for name in ("slots", "slots_used", "ready", "tasks")}
    assert set(re.findall(r"`(secousti_\w+)`", PAGE)) == defined


def test_the_alerts_watch_metrics_that_there_are() -> None:
    named = re.findall(r"secousti_\w+", (DOCS / "operating" / "alerts.yml").read_text())
    assert named
    known = set(re.findall(r"`(secousti_\w+)`", PAGE))
    assert {name.removesuffix("_bucket") for name in named} <= known


def test_the_settings_that_it_names_exist() -> None:
    limits = re.findall(r"^\| `(\w+)`", PAGE.split("## How much")[1].split("## Is it")[0], re.M)
    assert "slots" in limits
    assert set(limits) <= set(Settings.model_fields)
    for name, default in re.findall(r"^\| `(\w+)`[^|]*\| ([\d.]+) \|", PAGE, re.M):
        assert Settings.model_fields[name].default == float(default), name


@pytest.mark.parametrize("name", ["secousti.service", "Containerfile"])
def test_whoever_kills_waits_longer_than_the_drain(name: str) -> None:
    told = STOP_S.findall((DOCS / "operating" / name).read_text())
    assert told
    plan = load_settings()
    assert all(int(seconds) > plan.drain_s + 20 for seconds in told)


def test_the_example_is_a_settings_file() -> None:
    settings = load_settings(DOCS / "operating" / "secousti.toml")
    assert settings.public_url == "wss://help.example.org"
