"""First guard: hears a crisis in the caller's words before anything else may touch the turn.

Phrase rules with scope, all data (``data/guard``); no model, no network, no clock, under 10 ms.
Source of categories and levels: research notes 2.3 and 6.10 (JMIR categories, VERA-MH levels).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from voice_agent.contracts import RiskLevel
from voice_agent.think.languages import foreign_crisis
from voice_agent.think.scope import Scope, in_story, judge, strike_idioms
from voice_agent.think.sounds import hear_gravely
from voice_agent.think.tables import table
from voice_agent.think.words import Heard

logger = logging.getLogger(__name__)

# What is left of a phrase's level once its scope is known. Past attempts, half denials and worry
# about somebody keep watch (they are asked about); a plain denial or a story does not alarm.
_KEPT: dict[Scope, RiskLevel] = {
    Scope.DENIED: RiskLevel.NONE,
    Scope.HALF_DENIED: RiskLevel.LOW,
    Scope.PAST: RiskLevel.LOW,
    Scope.RESOLVED: RiskLevel.LOW,
    Scope.OTHER_PERSON: RiskLevel.LOW,
    Scope.PEOPLE: RiskLevel.NONE,
    Scope.STORY: RiskLevel.NONE,
}
_OWN_LIFE = "suicidal_ideation"
_OTHERS = "third_party_concern"


@dataclass(frozen=True)
class Rule:
    """One phrase rule of ``data/guard/rules``."""

    id: str
    category: str
    level: RiskLevel
    kind: str
    scope: str  # self | story | any
    consume: bool
    pattern: re.Pattern[str]


@dataclass(frozen=True)
class Finding:
    """One grave phrase and what it is about. ``rule`` names the rule; words are not kept."""

    rule: str
    category: str
    level: RiskLevel
    kind: str
    scope: Scope
    span: tuple[int, int]


@dataclass(frozen=True)
class Alarm:
    """What the guard heard in one turn. ``evidence`` holds rule ids, never the caller's words.

    ``watch``: nothing to ask about by itself, but a second such turn is.
    """

    level: RiskLevel = RiskLevel.NONE
    category: str = "no_crisis"
    evidence: tuple[str, ...] = ()
    means: bool = False
    soon: bool = False
    denied: bool = False
    watch: bool = False


@cache
def rules() -> tuple[Rule, ...]:
    """All phrase rules, in the order in which they are tried."""
    book = table("guard/rules")
    parts = book["parts"]
    return tuple(_rule(entry, parts) for entry in book["rule"])


def _rule(entry: dict[str, object], parts: dict[str, str]) -> Rule:
    patterns = entry["patterns"]
    assert isinstance(patterns, list)
    joined = "|".join(_expand(str(p), parts) for p in patterns)
    return Rule(
        id=str(entry["id"]),
        category=str(entry["category"]),
        level=RiskLevel(str(entry["level"])),
        kind=str(entry["kind"]),
        scope=str(entry.get("scope", "self")),
        consume=bool(entry.get("consume", False)),
        pattern=re.compile(rf"\b(?:{joined})"),
    )


def _expand(pattern: str, parts: dict[str, str]) -> str:
    for _ in range(2):  # a part may name another part
        for name, value in parts.items():
            pattern = pattern.replace("{" + name + "}", value)
    return pattern


def findings(heard: Heard) -> list[Finding]:
    """Every grave phrase in one evened-out turn, with its scope."""
    heard = strike_idioms(heard)
    found: list[Finding] = []
    for rule in rules():
        found += _matches(rule, heard)
        if rule.consume:
            blank = rule.pattern.sub(lambda m: "_" * len(m.group()), heard.text)
            heard = Heard(blank, heard.breaks)
    return found


def _matches(rule: Rule, heard: Heard) -> Iterator[Finding]:
    for match in rule.pattern.finditer(heard.text):
        span = match.span()
        scope = _scope(rule, heard, *span)
        level = rule.level if scope is Scope.SELF else _kept(rule, scope)
        category = _OTHERS if scope is Scope.OTHER_PERSON else rule.category
        yield Finding(rule.id, category, level, rule.kind, scope, span)


def _scope(rule: Rule, heard: Heard, start: int, end: int) -> Scope:
    if rule.scope == "self":
        return judge(heard, start, end)
    told = rule.scope == "story" and in_story(heard, start, end)
    return Scope.STORY if told else Scope.SELF


def _kept(rule: Rule, scope: Scope) -> RiskLevel:
    return min(rule.level, _KEPT[scope], key=lambda level: level.rank)


def listen_for_crisis(text: str) -> Alarm:
    """Crisis alarm of one caller turn (any text). Levels: see :class:`RiskLevel`."""
    alarm = _english(text)
    level, phrase = foreign_crisis(text)
    if level.rank <= alarm.level.rank:
        return alarm
    return replace(alarm, level=level, category=_OWN_LIFE, evidence=(*alarm.evidence, phrase))


def _english(text: str) -> Alarm:
    heard = hear_gravely(text)
    found = findings(heard)
    grave = [f for f in found if f.kind not in ("means", "time")]
    means = any(f.kind == "means" and f.scope is Scope.SELF for f in found)
    soon = any(f.kind == "time" for f in found)
    if not grave:
        return Alarm(means=means, soon=soon)
    worst = max(grave, key=lambda f: (f.level.rank, f.category == _OWN_LIFE))
    level = _combined(worst.level, found, heard)
    evidence = tuple(dict.fromkeys(f.rule for f in grave if f.level.rank or f is worst))
    denied = any(f.scope is Scope.DENIED and f.category == _OWN_LIFE for f in found)
    return Alarm(level, worst.category, evidence, means, soon, denied)


def guarded(text: str) -> Alarm:
    """:func:`listen_for_crisis`, failing closed: a fault in it is a reason to ask, not to go on."""
    try:
        return listen_for_crisis(text)
    except Exception:
        logger.exception("the first guard failed; treated as a reason to ask")
        return Alarm(RiskLevel.LOW, _OWN_LIFE, ("guard_fault",))


def _combined(level: RiskLevel, found: list[Finding], heard: Heard) -> RiskLevel:
    """Thoughts of an act with a means at hand or a time set are imminent; two hints are high."""
    own = [f for f in found if f.category == _OWN_LIFE and f.scope is Scope.SELF]
    acts = [f for f in own if f.kind in ("act", "plan")]
    wishes = [f for f in own if f.kind == "wish"]
    times = [f for f in own if f.kind == "time"]
    together = {heard.sentence(*f.span) for f in acts} & {heard.sentence(*f.span) for f in times}
    if together:
        return RiskLevel.IMMINENT
    if (acts or wishes) and any(f.kind == "means" for f in own):
        return RiskLevel.IMMINENT
    if level is RiskLevel.LOW and len({f.rule for f in own if f.kind == "hint"}) >= 2:
        return RiskLevel.HIGH
    return level
