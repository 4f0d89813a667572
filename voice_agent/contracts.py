"""The words the rooms use with each other: one conversation as frozen, JSON-serialisable records.

Every record turns into plain JSON with :func:`to_json`, so that a conversation can be replayed and
scored offline. Audio is never inside a record.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Stage(StrEnum):
    """Hill's helping stages; the order is a default, going back is legal."""

    EXPLORATION = "exploration"
    INSIGHT = "insight"
    ACTION = "action"


class Strategy(StrEnum):
    """The eight support strategies of ESConv, by their canonical keys."""

    QUESTION = "question"
    RESTATEMENT = "restatement"
    REFLECTION = "reflection"
    SELF_DISCLOSURE = "self_disclosure"
    AFFIRMATION = "affirmation"
    SUGGESTION = "suggestion"
    INFORMATION = "information"
    OTHERS = "others"


class RiskLevel(StrEnum):
    """Crisis ladder. ``LOW`` is "watch": ambiguous, ask directly and kindly."""

    NONE = "none"
    LOW = "low"
    HIGH = "high"
    IMMINENT = "imminent"

    @property
    def rank(self) -> int:
        return list(RiskLevel).index(self)


class Mode(StrEnum):
    SUPPORT = "support"
    EXERCISE = "exercise"
    PRACTICE = "practice"
    CRISIS = "crisis"
    HANDOFF = "handoff"


@dataclass(frozen=True)
class UserTurn:
    """What the caller said in one turn. Times are seconds of call time."""

    text: str
    asr_conf: float = 1.0
    lang: str = "en"
    t_start: float = 0.0
    t_end: float = 0.0
    pause_before: float = 0.0
    energy: float = 0.0  # RMS of the speech, full scale = 1
    rate: float = 0.0  # words per second


@dataclass(frozen=True)
class RiskState:
    """Crisis state; survives turns, and is kept per caller."""

    level: RiskLevel = RiskLevel.NONE
    category: str = "no_crisis"
    evidence: tuple[str, ...] = ()
    since_turn: int = -1
    asked_directly: bool = False
    resources_given: tuple[str, ...] = ()
    handoff: bool = False
    calm_turns: int = 0  # turns without new evidence; the level decays slowly
    denied: bool = False  # asked about death, the caller said no; a graver word takes it back
    watched: int = -1  # turn that was only watched, the last (-1: none): a second one asks


@dataclass(frozen=True)
class Fact:
    kind: str  # who | what | when | where | impact | coping | support
    text: str
    turn: int


@dataclass(frozen=True)
class Understanding:
    emotions: dict[str, float]
    intensity: int  # 1-5
    topic: str
    facts: tuple[Fact, ...] = ()
    needs: tuple[str, ...] = ()
    change_talk: float = 0.0
    consent: bool = False  # the caller asked for, or agreed to hear, a way forward
    rejection: bool = False  # "yes, but": the last suggestion did not fit


@dataclass(frozen=True)
class StageEstimate:
    stage: Stage
    p: dict[str, float]
    entered_turn: int
    reason: str


@dataclass(frozen=True)
class View:
    """What the caller tells of somebody's mind: their report, never a fact about that person."""

    holder: str  # "your boss", "nobody", "you"
    attitude: str  # believes | knows | unaware | wants | feels
    content: str  # in the caller's words, second person; "" where none was said
    turn: int


@dataclass(frozen=True)
class ThinkingRecord:
    """Private deep-thinking record: never spoken, never logged in clear by default."""

    stage: Stage
    feelings: tuple[dict[str, Any], ...] = ()
    facts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    causal_chain: tuple[str, ...] = ()
    root_cause: str | None = None
    thought_trap: str | None = None
    needs: tuple[str, ...] = ()
    strengths: tuple[str, ...] = ()
    risk_level: RiskLevel = RiskLevel.NONE
    risk_why: str = ""
    what_not_to_say: tuple[str, ...] = ()
    next_step_options: tuple[str, ...] = ()
    confidence: float = 0.0
    unknown: tuple[str, ...] = ()
    views: tuple[View, ...] = ()  # who believes, knows, wants and feels what, newest last
    source: str = "embedded"  # embedded | endpoint


@dataclass(frozen=True)
class StrategyPlan:
    strategy: Strategy
    probs: dict[str, float]
    adjusted: dict[str, float]
    ranked: tuple[Strategy, ...]
    why: str
    constraints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reply:
    """What the agent will say: one or two sentences, in order.

    ``unfinished``: more is being written; it will be said after these. ``notes``: what the last
    guard dropped of it, added or missed, where it was checked while it was spoken.
    """

    text: str
    sentences: tuple[str, ...]
    strategy: Strategy
    stage: Stage
    risk: RiskState
    mode: Mode = Mode.SUPPORT
    mi_codes: tuple[str, ...] = ()
    prosody: str = "warm"  # warm | slow | neutral
    source: str = "template"  # template | endpoint | script | fallback
    script_id: str | None = None  # set when a pre-rendered script is to be played
    end_call: bool = False
    pace: float = 1.0  # length of sounds, against the voice's own: 1.1 is slower
    pause: float = 1.0  # silence between sentences, against the usual
    unfinished: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Memory:
    """One thing about a caller that may be kept between calls.

    ``item`` is a clause about the caller in their words, second person ("your landlord keeps
    raising the rent"). Without ``caller_confirmed`` it must not outlive the call.
    """

    item: str
    kind: str  # person | event | effect | help | plan | note | style
    caller_confirmed: bool
    sensitivity: str = "ordinary"  # ordinary | sensitive: said only when the caller asks
    expires: float | None = None  # Unix time in seconds; None: until the caller has it forgotten


@dataclass(frozen=True)
class Skills:
    """How a call was led, in counts.

    ``pushes``: replies that advise or confront without having been let. ``action_runs``: stretches
    in the action stage, and ``handed_back`` those in which the decision was left to the caller.
    """

    replies: int = 0
    pushes: int = 0
    reflections: int = 0
    questions: int = 0
    action_runs: int = 0
    handed_back: int = 0


@dataclass(frozen=True)
class SessionReport:
    turns: int
    strategies: dict[str, int]
    stages: tuple[Stage, ...]
    highest_risk: RiskLevel
    mi: dict[str, int]
    resources_given: tuple[str, ...]
    handoff: bool
    disclosed_ai: bool
    activities: tuple[dict[str, Any], ...] = ()  # what was done together: names and counts
    skills: Skills = field(default_factory=Skills)


def to_json(record: Any) -> Any:
    """Plain JSON value of a contract record (dataclasses, enums and tuples unfolded)."""
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        return {f.name: to_json(getattr(record, f.name)) for f in dataclasses.fields(record)}
    if isinstance(record, StrEnum):
        return record.value
    if isinstance(record, dict):
        return {str(key): to_json(value) for key, value in record.items()}
    if isinstance(record, (list, tuple)):
        return [to_json(value) for value in record]
    return record
