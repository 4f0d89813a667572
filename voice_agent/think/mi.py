"""Motivational-interviewing codes of a reply, by rule (MITI 4.2.1 and the labels of Welivita & Pu).

The strategy says which move was meant; the codes say how it came out. "Suggestion" after consent is
persuade-with-permission, without it persuade, which the last guard does not let through.
"""

from __future__ import annotations

import re
from functools import cache

from voice_agent.contracts import Strategy
from voice_agent.think.tables import table

# Every code a reply may carry, in the order of reports (MITI 4.2.1; Welivita & Pu).
CODES = (
    "open_question", "closed_question", "simple_reflection", "complex_reflection", "affirm",
    "emphasise_autonomy", "give_information", "seek_collaboration", "persuade",
    "persuade_with_permission", "support", "self_disclose", "greeting_closing", "confront", "other",
)  # fmt: skip

REFLECTIONS = frozenset({"simple_reflection", "complex_reflection"})
QUESTIONS = frozenset({"open_question", "closed_question"})
AUTONOMY = frozenset({"emphasise_autonomy", "seek_collaboration"})
_CLOSED = re.compile(
    r"^(?:(?:and|so|but|okay),? )?"
    r"(?:is|are|do|does|did|have|has|can|could|would|will|was|were|am)\b",
    re.I,
)


def canonical_code(name: str) -> str:
    """A code by the spelling used here."""
    return name.strip().lower().replace("emphasize", "emphasise")


def sentences(text: str) -> tuple[str, ...]:
    """Spoken sentences of a reply, in order, with their end marks; the point of 3.5 is none."""
    pieces = re.findall(r"(?:[^.!?]|\.(?=\d))+(?:[.!?]+[\"']?|$)", text)
    return tuple(piece.strip() for piece in pieces if re.search(r"\w", piece))


@cache
def _codes() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (name, re.compile("|".join(f"(?:{p})" for p in patterns), re.I))
        for name, patterns in table("replies/lint")["codes"].items()
    )


def code_of(sentence: str) -> str:
    """MI code of one sentence, from its wording alone."""
    if sentence.rstrip().endswith("?"):
        for name, pattern in _codes():
            if name == "seek_collaboration" and pattern.search(sentence):
                return name
        return "closed_question" if _CLOSED.search(sentence) else "open_question"
    return next((name for name, pattern in _codes() if pattern.search(sentence)), "other")


def mi_codes(text: str, strategy: Strategy, *, consent: bool) -> tuple[str, ...]:
    """Codes of a reply, one a sentence. Bare statements take the code of the planned move."""
    own = {
        Strategy.REFLECTION: "complex_reflection",
        Strategy.RESTATEMENT: "simple_reflection",
        Strategy.AFFIRMATION: "affirm",
        Strategy.INFORMATION: "give_information",
        Strategy.SELF_DISCLOSURE: "support",
        Strategy.SUGGESTION: "persuade_with_permission" if consent else "persuade",
    }
    codes = []
    for sentence in sentences(text):
        code = code_of(sentence)
        if code == "other":
            code = own.get(strategy, "other")
        if code == "persuade" and consent:
            code = "persuade_with_permission"
        codes.append(code)
    return tuple(codes)
