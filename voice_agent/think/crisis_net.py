"""The second crisis net: a learnt head over sentence vectors, words and what the rules found.

It hears what no phrase rule was written for. It may only raise: the conversation takes the graver
of rules and net. Fitted on project-written spoken cases (``data/crisis``); its thresholds keep what
ordinary calls may be asked without need, numbers are in ``data/crisis/README.md``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations

from voice_agent.contracts import RiskLevel
from voice_agent.think.guard_in import Alarm, findings
from voice_agent.think.heads import Head, terms_of
from voice_agent.think.prototypes import Embed
from voice_agent.think.sounds import hear_gravely
from voice_agent.think.tables import table
from voice_agent.think.words import Heard

MIN_WORDS = 4  # "bye" and "maybe" lie near anything: short turns are left to rules and context
_GRAVEST_FIRST = (RiskLevel.IMMINENT, RiskLevel.HIGH, RiskLevel.LOW)
_OWN_LIFE = "suicidal_ideation"


@dataclass(frozen=True)
class Guess:
    """What the net makes of one turn. ``watch``: below every level, but worth listening closer."""

    level: RiskLevel = RiskLevel.NONE
    watch: bool = False


@dataclass(frozen=True)
class CrisisNet:
    """Shared and immutable. The head's labels are the risk levels; its notes hold
    ``thresholds``: for "watch" and each level the least probability of it with all graver ones."""

    head: Head

    def guess(self, text: str, embed: Embed) -> Guess:
        """What the net hears in one caller turn.

        Its words are embedded as they were heard, without marks and fillers: a recogniser sets its
        own marks, and the head was seen to hang on them.
        """
        heard = hear_gravely(text)
        if len(heard.text.split()) < MIN_WORDS:
            return Guess()
        vector = embed([heard.text])[0]
        features = self.head.recipe.features(vector, terms_of(heard.text), net_signals(heard))
        return guess_of(self.head.named(features), self.thresholds)

    @property
    def thresholds(self) -> dict[str, float]:
        found = self.head.notes["thresholds"]
        assert isinstance(found, dict)
        return found


def guess_of(shares: dict[str, float], thresholds: dict[str, float]) -> Guess:
    """The gravest level whose probability, with all graver ones, reaches its threshold."""
    above = 0.0
    for level in _GRAVEST_FIRST:
        above += shares[level.value]
        if above >= thresholds[level.value]:
            return Guess(level)
    return Guess(watch=above >= thresholds["watch"])


def net_signals(heard: Heard) -> dict[str, float]:
    """What the net looks at beside vector and words: findings of the rules, concepts, pairs."""
    found = findings(heard)
    names = {f"level:{f.level.value}" for f in found}
    names |= {f"kind:{f.kind}:{f.scope.value}" for f in found}
    concepts = concepts_in(heard.text)
    names |= {f"is:{name}" for name in concepts}
    names |= {f"{a}+{b}" for a, b in combinations(concepts, 2)}
    words = len(heard.text.split())
    lengths = {"short": words < 5, "long": words > 25}
    return dict.fromkeys(names, 1.0) | {name: float(holds) for name, holds in lengths.items()}


@cache
def _concepts() -> tuple[tuple[str, re.Pattern[str]], ...]:
    rows = table("crisis/concepts")["concepts"].items()
    return tuple((name, re.compile(rf"\b(?:{pattern})\b")) for name, pattern in rows)


def concepts_in(text: str) -> list[str]:
    """Names of the word families that evened-out speech holds, in the table's order."""
    return [name for name, pattern in _concepts() if pattern.search(text)]


def raised_by_net(alarm: Alarm, guess: Guess) -> Alarm:
    """The alarm with the net's guess, where that is graver; what the rules knew is kept."""
    if guess.level.rank <= alarm.level.rank:
        return replace(alarm, watch=guess.watch) if alarm.level is RiskLevel.NONE else alarm
    category = alarm.category if alarm.level is not RiskLevel.NONE else _OWN_LIFE
    evidence = (*alarm.evidence, "net")
    return replace(alarm, level=guess.level, category=category, evidence=evidence)
