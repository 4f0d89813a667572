"""Every table of the text mind can be read, and each pattern in it compiles."""

from __future__ import annotations

import re
from typing import Any

import pytest

from codec.errors import SecoustiError
from voice_agent.contracts import Strategy
from voice_agent.think.grammar import lines
from voice_agent.think.guard_in import rules
from voice_agent.think.tables import table, table_names


def strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return []


def test_a_missing_table_is_one_clear_message() -> None:
    with pytest.raises(SecoustiError, match=r"guard/nothing.*reinstall"):
        table("guard/nothing")


def test_rules_compile_and_name_known_levels_and_categories() -> None:
    known = {
        "suicidal_ideation", "self_harm", "violent_thoughts", "substance", "anxiety_crisis",
        "risk_taking", "medical_emergency", "danger_from_others", "child_abuse", "psychosis",
        "eating_disorder", "third_party_concern", "bereavement",
    }  # fmt: skip
    assert {rule.category for rule in rules()} == known
    assert len({rule.id for rule in rules()}) == len(rules())


def test_cue_tables_compile() -> None:
    for name in ("understand/cues", "understand/traps", "guard/answers", "replies/lint"):
        for text in strings(table(name)):
            re.compile(text)


def test_events_have_both_authored_forms_and_leads_exist_for_them() -> None:
    events = {entry["id"]: entry for entry in table("understand/events")["event"]}
    feelings = set(table("understand/emotions"))
    for entry in events.values():
        re.compile(entry["cue"])
        assert entry["said"]
        assert entry["thing"]
        assert entry.get("feel", "") in feelings | {""}
    assert set(table("replies/leads")["events"]) <= set(events)
    assert set(table("replies/leads")["feelings"]) == feelings


@pytest.mark.parametrize("strategy", [s for s in Strategy if s is not Strategy.OTHERS])
def test_every_strategy_has_at_least_twelve_lines(strategy: Strategy) -> None:
    assert len({line.say for line in lines(strategy)}) >= 12


def test_planner_numbers_cover_all_strategies() -> None:
    book = table("understand/planner")
    keys = {strategy.value for strategy in Strategy}
    assert set(book["share"]) == keys
    assert all(set(shares) == keys for shares in book["target"].values())
    assert all(set(weights) <= keys for weights in book["weights"].values())


def test_locales_say_how_they_were_checked() -> None:
    for code in table_names("locales"):
        row = table(f"locales/{code}")
        assert row["checked_how"]
        assert row["source"]
        assert row["checked"].year >= 2026
