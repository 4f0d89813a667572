"""How a seeker hears a reply: what it asks, names, advises. From the words alone, never from what
the agent says it meant, so that the agent cannot mark its own work."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from voice_agent.think.mi import code_of, sentences
from voice_agent.think.tables import table

_CLOSED = "closed_question"


@dataclass(frozen=True)
class Reading:
    """One reply as it is heard.

    ``asks``: what its question is about, "plain" for no matter in particular, "" for none.
    ``closed``: a yes or a no would answer it. ``says``: what its statements do (feeling, mirror,
    normal, affirm, advice, options, autonomy, repair). ``text``: all of it.
    """

    asks: str
    closed: bool
    says: frozenset[str]
    text: str = ""

    @property
    def advises(self) -> bool:
        return "advice" in self.says

    @property
    def names_feeling(self) -> bool:
        """Says back how the seeker may feel, rather than asking for it."""
        return {"feeling", "mirror"} <= self.says

    @property
    def reflects(self) -> bool:
        return "mirror" in self.says and not self.advises


@cache
def _cues(group: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (name, re.compile("|".join(f"(?:{cue})" for cue in cues), re.I))
        for name, cues in table("evaluate/readings")[group].items()
    )


def read(reply: str) -> Reading:
    """What a seeker hears in a reply."""
    said = sentences(reply)
    questions = [s for s in said if s.endswith("?")]
    remarks = [s for s in said if not s.endswith("?")]
    heard = {name for sentence in remarks for name, cue in _cues("says") if cue.search(sentence)}
    in_questions = {
        name
        for question in questions
        for name, cue in _cues("says")
        if name in ("advice", "options", "autonomy") and cue.search(question)
    }
    question = questions[-1] if questions else ""
    asks = about(question) if question else ""
    if asks in ("permission", "exercise", "own_step", "when_step"):
        in_questions.discard("advice")
    if "advice" not in heard | in_questions:
        heard.discard("options")
    closed = bool(question) and code_of(question) == _CLOSED
    return Reading(asks, closed, frozenset(heard | in_questions), reply)


def about(question: str) -> str:
    """What a question is about, "plain" for no matter in particular."""
    return next((name for name, cue in _cues("asks") if cue.search(question)), "plain")
