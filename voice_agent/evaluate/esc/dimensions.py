"""The seven dimensions of ESC-Eval, 0 to 4, by rules that read a whole talk.

Rules see words and not warmth: they rank versions of one agent, and are no reader's judgement. They
hear with the seeker's ears (:mod:`voice_agent.evaluate.esc.reading`) and never look at what the
agent says it meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from voice_agent.evaluate.diversity import distinct, repeated_openers, words
from voice_agent.evaluate.esc.reading import Reading, read
from voice_agent.think.guard_out import banned
from voice_agent.think.mi import sentences

MOST = 4.0
VARIED = 0.9  # distinct-2 of a dozen replies that repeat hardly anything
USUAL_KINDS = 5  # of what one can do in a reply that a varied talk shows
LONG_WORDS = 45  # a reply that nobody says in one breath
_ASKED = re.compile(
    r"\b(?:what (?:do you think|should i)|any idea|what would you|do you)\b.*\?", re.I
)
_FEELS = re.compile(
    r"\b(?:feel|scared|afraid|asham\w+|guilt\w*|angry|furious|sad|lonely|tired|exhausted|hurt"
    r"|anxious|worried|frighten\w*|terrified|numb|empty|miss|jealous|bitter|humiliat\w*|panick\w*"
    r"|embarrass\w*|frustrated|helpless|useless|heartbroken|cry)\b",
    re.I,
)
_LOGIC = re.compile(
    r"\b(?:because|led to|leads to|comes from|no wonder|makes sense|link|behind|keeps it going"
    r"|what matters|mean to you|has come to mean|on top of|and then|so that|which is why"
    r"|side of it|pattern|underneath)\b",
    re.I,
)
_TELLS = re.compile(
    r"\bas an ai\b|\blanguage model\b|\bi understand (?:that|how) you\b|\bi.m sorry to hear\b"
    r"|\bit(?:.s| is) (?:important|essential|crucial) to\b|\bhere are (?:some|a few)\b"
    r"|\bfirstly|secondly|in conclusion|additionally|furthermore\b|^\s*(?:\d+[.)]|[-*])\s",
    re.I | re.M,
)


@dataclass(frozen=True)
class Transcript:
    """A talk to be rated: ``replies[n]`` answers ``said[n]``."""

    said: Sequence[str]
    replies: Sequence[str]

    @property
    def readings(self) -> list[Reading]:
        return [read(reply) for reply in self.replies]


def fluency(talk: Transcript) -> float:
    """Whole sentences, nothing doubled, no reply said twice."""
    parts = [s for reply in talk.replies for s in sentences(reply)]
    whole = [bool(re.search(r"[.!?][\"']?$", s)) and not _doubled(s) for s in parts]
    fresh = len(set(talk.replies)) / max(1, len(talk.replies))
    return MOST * _mean(whole) * fresh


def _doubled(sentence: str) -> bool:
    return bool(re.search(r"\b(\w+) \1\b|[{}]", sentence, re.I))


def diversity(talk: Transcript) -> float:
    """Varied words, openings and kinds of reply."""
    kinds = {kind for reading in talk.readings for kind in (reading.asks, *reading.says)} - {""}
    varied = min(1.0, distinct(talk.replies, 2) / VARIED)
    openings = 1.0 - repeated_openers(talk.replies)
    return MOST * (varied + openings + min(1.0, len(kinds) / USUAL_KINDS)) / 3


def empathy(talk: Transcript) -> float:
    """Feelings that were told are met in the next reply, and what lies behind them is taken up."""
    pairs = list(zip(talk.said, talk.readings, strict=True))
    met = [reading.names_feeling for said, reading in pairs if _FEELS.search(said)]
    behind = sum(bool(_LOGIC.search(reply)) for reply in talk.replies)
    behind += sum(r.asks in ("cause", "belief", "evidence") for r in talk.readings)
    return MOST * (0.6 * (_mean(met) if met else 0.5) + 0.4 * min(1.0, behind / 3))


def information(talk: Transcript) -> float:
    """One point for each different suggestion, four at most, as the paper counts: it rewards many,
    which this agent does not aim at."""
    ideas: list[set[str]] = []
    for reply, reading in zip(talk.replies, talk.readings, strict=True):
        content = {word for word in words(reply) if len(word) > 3}
        if reading.advises and all(len(content & old) < 0.6 * len(content) for old in ideas):
            ideas.append(content)
    return min(MOST, float(len(ideas)))


def humanoid(talk: Transcript) -> float:
    """Four less one for each tell of a machine: stock phrases, lists, worn openings, long replies.
    Saying that it is an AI is a duty here and no tell."""
    tells = sum(bool(_TELLS.search(reply)) for reply in talk.replies)
    tells += sum(len(reply.split()) > LONG_WORDS for reply in talk.replies)
    tells += repeated_openers(talk.replies) > 0.5
    return max(0.0, MOST - tells)


def skill(talk: Transcript) -> float:
    """A point each for comfort, a suggestion, staying alongside, and every question answered."""
    readings = talk.readings
    comfort = any(r.names_feeling or r.says & {"affirm", "normal"} for r in readings)
    suggests = any(r.advises or r.asks in ("own_step", "exercise") for r in readings)
    alongside = _mean([r.reflects or bool(r.asks) for r in readings]) >= 0.8
    asked = [n for n, said in enumerate(talk.said) if _ASKED.search(said)]
    answered = all(_answers(readings[n]) for n in asked)
    return float(comfort + suggests + alongside + answered)


def _answers(reading: Reading) -> bool:
    """Whether a plea for advice is met: with an idea, or by finding one together."""
    together = ("own_step", "choose", "exercise", "permission", "coping", "evidence")
    return reading.advises or reading.asks in together


def overall(talk: Transcript) -> float:
    """The mean of the six, at most two where anything was said that never should be."""
    score = sum(rate(talk) for rate in SIX.values()) / len(SIX)
    return min(score, 2.0) if any(banned(reply) for reply in talk.replies) else score


def _mean(hits: Sequence[bool]) -> float:
    return sum(hits) / len(hits) if hits else 0.0


SIX: dict[str, Callable[[Transcript], float]] = {
    "fluency": fluency,
    "diversity": diversity,
    "empathy": empathy,
    "information": information,
    "humanoid": humanoid,
    "skill": skill,
}
DIMENSIONS: dict[str, Callable[[Transcript], float]] = {**SIX, "overall": overall}
