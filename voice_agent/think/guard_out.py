"""Last guard: is this reply the planned move, and is it safe, honest and sayable?

Checks the text itself, whoever wrote it: banned patterns (diagnosis, human claims, attachment
hooks, minimising ...), numbers nobody vouches for, alignment with the strategy, advice without
permission, worn-out openers. What fails is rewritten once or replaced, never spoken. A reply that
is spoken while it is written is checked sentence by sentence, each with what came before it.
"""

from __future__ import annotations

import re
from functools import cache

from voice_agent.contracts import Strategy, StrategyPlan
from voice_agent.think.dialogue import Draft
from voice_agent.think.mi import mi_codes, sentences
from voice_agent.think.tables import table

MAX_WORDS = 42  # hard limit; the writer aims at 32
MAX_SENTENCES = 3
FORMULA_WINDOW = 8  # replies within which one worn-out opener may be used once
# Missing so far: a later sentence may still bring it, so they are judged at a reply's end.
YET_TO_COME = frozenset(
    {
        "no question where one was planned",
        "an idea without a choice",
        "permission was to be asked",
    }
)
_DIGITS = re.compile(r"\d(?:[\d ().-]*\d)?")
_STATEMENTS = frozenset(
    {Strategy.REFLECTION, Strategy.RESTATEMENT, Strategy.AFFIRMATION, Strategy.SELF_DISCLOSURE}
)


@cache
def _banned() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (name, re.compile("|".join(f"(?:{p})" for p in patterns), re.I))
        for name, patterns in table("replies/lint")["banned"].items()
    )


@cache
def _formula() -> re.Pattern[str]:
    return re.compile("|".join(table("replies/lint")["formula"]["openers"]), re.I)


def faults(
    draft: Draft,
    plan: StrategyPlan,
    *,
    consent: bool,
    recent: list[str],
    numbers: frozenset[str] = frozenset(),
) -> tuple[str, ...]:
    """Everything that is wrong with a reply; empty when it may be spoken.

    Args:
        draft: the reply. plan: the move it should make. consent: advice was asked for.
        recent: last replies, oldest first. numbers: the only digit strings that may be spoken.
    """
    text = draft.text
    found = banned(text)
    found += _form(text) + _alignment(draft, plan, consent)
    if any(_unknown(number, numbers) for number in _DIGITS.findall(text)):
        found.append("a number nobody vouches for")
    if any(text in reply for reply in recent):
        found.append("said before")
    if _formula().search(text) and any(_formula().search(r) for r in recent[-FORMULA_WINDOW:]):
        found.append("worn-out opener")
    return tuple(found)


def codes_of(draft: Draft, consent: bool) -> tuple[str, ...]:
    """MI codes of a reply: what is said back in front is a reflection, the rest the move."""
    front = mi_codes(draft.lead, Strategy.RESTATEMENT, consent=consent)
    return front + mi_codes(draft.move, draft.strategy, consent=consent)


def banned(text: str) -> list[str]:
    """Names of what a text holds that is never said (a diagnosis, a human claim, a hook)."""
    return [name for name, pattern in _banned() if pattern.search(text)]


def _form(text: str) -> list[str]:
    checks = {
        "empty": not re.search(r"\w", text),
        "too long": len(text.split()) > MAX_WORDS or len(sentences(text)) > MAX_SENTENCES,
        "more than one question": text.count("?") > 1,
    }
    return [name for name, wrong in checks.items() if wrong]


def _unknown(number: str, known: frozenset[str]) -> bool:
    digits = re.sub(r"\D", "", number)
    return len(digits) >= 3 and digits not in known


def _alignment(draft: Draft, plan: StrategyPlan, consent: bool) -> list[str]:
    """Whether the words make the planned move. Fallback lines are neutral and always fit."""
    if draft.source == "fallback" or not sentences(draft.text):
        return []
    codes = mi_codes(draft.text, draft.strategy, consent=consent)
    found = []
    if "persuade" in codes:
        found.append("advice without permission")
    if "confront" in codes:
        found.append("confronting")
    if draft.strategy is Strategy.QUESTION and "?" not in draft.text:
        found.append("no question where one was planned")
    if draft.strategy in _STATEMENTS and sentences(draft.text)[0].endswith("?"):
        found.append("a question where a statement was planned")
    if draft.strategy is Strategy.SUGGESTION and not _leaves_choice(draft.text, codes):
        found.append("an idea without a choice")
    if "ask_permission" in plan.constraints and "?" not in draft.text:
        found.append("permission was to be asked")
    return found


def _leaves_choice(text: str, codes: tuple[str, ...]) -> bool:
    softened = re.search(r"\b(?:might|could|maybe|perhaps|if you|some people|option)\b", text, re.I)
    asked = "emphasise_autonomy" in codes or "seek_collaboration" in codes or "?" in text
    return asked or softened is not None


def tidy(text: str) -> str:
    """A generator's text made sayable: one line, no quotes, two sentences, one question."""
    flat = re.sub(r"\s+", " ", text.replace("\u2014", ", ").replace("\u2013", ", ")).strip()
    flat = re.sub(r"^(?:assistant|listener|secousti|reply|ai)\s*:\s*", "", flat, flags=re.I)
    flat = flat.strip().strip('"\u201c\u201d').strip()
    flat = flat.replace("\u2019", "'").replace("\u2018", "'")
    kept: list[str] = []
    for sentence in sentences(flat)[:2]:
        if sentence.endswith("?") and any(s.endswith("?") for s in kept):
            continue
        kept.append(sentence)
    return " ".join(kept)
