"""The crisis ladder: how the risk state rises at once and sinks slowly over turns.

Any source may raise the level; none may lower it alone. A denial does not close it: only turns
without new evidence do, one rung at a time, and only after the question was asked directly.
"""

from __future__ import annotations

import re
from dataclasses import replace
from enum import StrEnum
from functools import cache

from voice_agent.contracts import RiskLevel, RiskState
from voice_agent.think.guard_in import Alarm
from voice_agent.think.languages import plain
from voice_agent.think.tables import table
from voice_agent.think.words import hear

# Calm turns before the level sinks one rung. Slow on purpose: a changed subject is no all-clear.
CALM_TURNS = {RiskLevel.LOW: 10, RiskLevel.HIGH: 12, RiskLevel.IMMINENT: 16}
# ... and of a watch that was asked about and answered with a no: remembered, but not as long.
CALM_TURNS_DENIED = 6
# Turns within which a second watched turn is asked about: one dark line is weather, two are a sign.
WATCH_TURNS = 6
# Evidence that is an opinion of a model or a silence, not words that a rule knows, nor an answer.
GUESSES = ("net", "endpoint", "evaded")

# What a plain "yes" to a direct question means.
_YES_MEANS = {
    "ideation": RiskLevel.HIGH,
    "plan": RiskLevel.HIGH,
    "today": RiskLevel.IMMINENT,
    "means": RiskLevel.IMMINENT,
    "other_now": RiskLevel.IMMINENT,
}
ASKS_ABOUT_DEATH = frozenset({"ideation", "today", "plan", "means"})
_OWN_LIFE = "suicidal_ideation"


class Answer(StrEnum):
    """A short answer to a direct question."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(table("guard/answers")[name])


def short_answer_of(text: str) -> Answer:
    """Whether a turn begins with a yes, a no, or neither, of any weight ("okay" is a yes)."""
    words = hear(text).text
    if _pattern("unsure").search(words):
        return Answer.UNCLEAR
    if _pattern("no").search(words):
        return Answer.NO
    return Answer.YES if _pattern("yes").search(words) else Answer.UNCLEAR


def answer_of(text: str) -> Answer:
    """Whether a turn plainly answers a question about death: a yes here moves the ladder, so words
    that merely open a turn ("okay", "I have three kids") are no yes."""
    words, own = hear(text).text, plain(text)
    if _pattern("unsure").search(words):
        return Answer.UNCLEAR
    if _pattern("denies").search(words) or _pattern("denies_elsewhere").search(own):
        return Answer.NO
    agrees = _pattern("plainly").search(words) or _pattern("plainly_elsewhere").search(own)
    return Answer.YES if agrees else Answer.UNCLEAR


def says(name: str, text: str) -> bool:
    """Whether the caller asks for the number again (``repeat``) or reports help (``safer``)."""
    return bool(_pattern(name).search(hear(text).text))


def raised(
    state: RiskState, level: RiskLevel, category: str, evidence: tuple[str, ...], turn: int
) -> RiskState:
    """The state after one source said ``level``: higher or equal, never lower."""
    grave = level.rank >= state.level.rank
    return replace(
        state,
        level=level if grave else state.level,
        category=category if grave else state.category,
        evidence=tuple(dict.fromkeys((*state.evidence, *evidence)))[-12:],
        since_turn=turn if level.rank > state.level.rank else state.since_turn,
        handoff=state.handoff or level is RiskLevel.IMMINENT,
        calm_turns=0,
        denied=state.denied and level is RiskLevel.LOW,
        watched=-1,
    )


def weighed(state: RiskState, alarm: Alarm, answer: Answer, turn: int) -> Alarm:
    """The alarm of a turn in the light of earlier ones.

    A second watched turn within ``WATCH_TURNS`` is asked about. What a model guesses to be grave
    once more, after the question was asked and not answered with a no, is a guess no longer.
    """
    if alarm.watch and state.watched >= 0 and 0 < turn - state.watched <= WATCH_TURNS:
        again = ("net_again",)
        return replace(alarm, level=RiskLevel.LOW, category=_OWN_LIFE, evidence=again, watch=False)
    asked = guessed(state) and state.asked_directly
    unanswered = asked and not state.denied and answer is not Answer.NO
    if unanswered and alarm.level.rank >= RiskLevel.HIGH.rank:
        return replace(alarm, evidence=(*alarm.evidence, "insists"))
    return alarm


def after_turn(state: RiskState, alarm: Alarm, asked: str, answer: Answer, turn: int) -> RiskState:
    """Risk state after one caller turn.

    Args:
        asked: what the agent's last line asked ("ideation", "means", ... or ""), so that a bare
            "yes" can be understood.
    """
    level, category, why = turn_level(state, alarm, asked, answer)
    if level is not RiskLevel.NONE:
        return raised(state, level, category, why, turn)
    denied = answer is Answer.NO and asked in ASKS_ABOUT_DEATH
    state = replace(state, denied=state.denied or denied)
    return replace(state, watched=turn, calm_turns=0) if alarm.watch else _calmer(state)


def concern(state: RiskState, turn: int) -> RiskLevel:
    """The level that an ordinary reply heeds: a turn that is only watched is listened to as well,
    with no advice and nothing offered."""
    watched = state.watched == turn and state.level is RiskLevel.NONE
    return RiskLevel.LOW if watched else state.level


def guessed(state: RiskState) -> bool:
    """Whether "high" rests on a model's opinion alone: then the caller is asked plainly first."""
    known = [why for why in state.evidence if not why.startswith(GUESSES)]
    return state.level is RiskLevel.HIGH and bool(state.evidence) and not known


def turn_level(
    state: RiskState, alarm: Alarm, asked: str, answer: Answer
) -> tuple[RiskLevel, str, tuple[str, ...]]:
    """Level, category and evidence that one turn shows by itself and as an answer."""
    known = _from_context(state, alarm, asked, answer)
    if known.rank <= alarm.level.rank:
        return alarm.level, alarm.category, alarm.evidence
    category = _OWN_LIFE if asked in ASKS_ABOUT_DEATH else state.category
    source = "answer" if known.rank > RiskLevel.LOW.rank else "evaded"
    return known, category, (*alarm.evidence, f"{source}:{asked or 'context'}")


def _from_context(state: RiskState, alarm: Alarm, asked: str, answer: Answer) -> RiskLevel:
    """What means, times and bare answers add, given what was said before."""
    about_death = state.category == _OWN_LIFE and state.level.rank >= RiskLevel.HIGH.rank
    if about_death and alarm.means and not alarm.denied:
        return RiskLevel.IMMINENT
    if about_death and alarm.soon and asked in ("today", "plan") and answer is not Answer.NO:
        return RiskLevel.IMMINENT
    if asked not in _YES_MEANS or answer is Answer.NO:
        return RiskLevel.NONE
    if answer is Answer.UNCLEAR:  # a plain question about death, passed over, is watched
        return RiskLevel.LOW if asked in ASKS_ABOUT_DEATH else RiskLevel.NONE
    return _YES_MEANS[asked]


def _calmer(state: RiskState) -> RiskState:
    if state.level is RiskLevel.NONE:
        return state
    calm = state.calm_turns + 1
    shorter = state.denied and state.level is RiskLevel.LOW
    needed = CALM_TURNS_DENIED if shorter else CALM_TURNS[state.level]
    if calm < needed or not state.asked_directly:
        return replace(state, calm_turns=calm)
    lower = list(RiskLevel)[state.level.rank - 1]
    return replace(state, level=lower, calm_turns=0, handoff=False)
