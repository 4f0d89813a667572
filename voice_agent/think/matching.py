"""Which supporter suits a caller: weighted features of what was said and asked for, with reasons.

CharacterChat's matching net ranks by plain cosine of two statements (research notes 3.7); here
every point of the score has a name and can be told to the caller, who decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from voice_agent.think.persona import Persona, bank
from voice_agent.think.prototypes import Embed, Vectors
from voice_agent.think.tables import table
from voice_agent.think.wishes import Wish

# Weights set by hand on the tuning half of data/evaluate/matching.jsonl.
WISH = 2.0  # a wish met fully at full strength; missed fully, as much is taken off
TOPIC = 0.35  # a topic the supporter is good for
FEELING = 0.35  # a feeling the supporter is good for
POOR = 0.9  # a topic or feeling it is a poor match for
PACE = 0.4  # against how fast the caller speaks
LIKENESS = 1.0  # per unit of cosine between the caller's words and the supporter's own line
LEFT = 2.5  # the caller has turned away from it
FAST_SPEECH, SLOW_SPEECH = 3.4, 1.8  # words a second, pauses included


@dataclass(frozen=True)
class Wants:
    """What is known of a caller when a supporter is looked for.

    ``rate``: words a second, 0 where unknown. ``vector``: of the words said, [384].
    """

    wishes: tuple[Wish, ...] = ()
    topic: str = ""
    feeling: str = ""
    rate: float = 0.0
    vector: Vectors | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Match:
    """One supporter's score as named parts, and the best reasons as clauses."""

    persona: Persona
    parts: dict[str, float]
    reasons: tuple[str, ...]

    @property
    def score(self) -> float:
        return sum(self.parts.values())

    @property
    def because(self) -> str:
        """The best reason: "you said it's all too fast"."""
        return self.reasons[0] if self.reasons else "nothing speaks against it"

    @property
    def words(self) -> str:
        """ "calm and slow, because you said it's all too fast"."""
        return f"{self.persona.style}, because {self.because}"


class Matcher:
    """Ranks the bank. Shared and immutable: one for all callers."""

    def __init__(self, embed: Embed | None = None) -> None:
        """Args:
        embed: texts -> float32 [N, 384], L2-normalised; None ranks without likeness.
        """
        self._personas = tuple(bank().values())
        texts = [f"{p.style}, {p.about}" for p in self._personas]
        self._vectors = embed(texts) if embed else None  # [P, 384]

    def rank(self, wants: Wants, left: Sequence[str] = ()) -> tuple[Match, ...]:
        """Every supporter, the best match first. ``left``: names the caller turned away from."""
        alike = self._likeness(wants.vector)
        matches = [self._match(p, wants, alike[n], left) for n, p in enumerate(self._personas)]
        return tuple(sorted(matches, key=lambda match: -match.score))

    def _likeness(self, vector: Vectors | None) -> list[float]:
        if self._vectors is None or vector is None:
            return [0.0] * len(self._personas)
        return [float(cosine) for cosine in np.asarray(self._vectors @ vector)]

    def _match(self, persona: Persona, wants: Wants, alike: float, left: Sequence[str]) -> Match:
        said = {f"wish:{w.name}": _met(persona, w) for w in wants.wishes}
        fits = {
            "topic": TOPIC * (wants.topic in persona.topics),
            "feeling": FEELING * (wants.feeling in persona.feelings - {"neutral"}),
            "poor": -POOR * len(persona.not_for & {wants.topic, wants.feeling}),
            "pace": PACE * _pace_fit(persona, wants.rate),
            "likeness": LIKENESS * alike,
            "left": -LEFT * (persona.name in left),
        }
        parts = {name: part for name, part in (said | fits).items() if part}
        return Match(persona, parts, _reasons(wants, parts))


def _met(persona: Persona, wish: Wish) -> float:
    """-WISH to WISH: the middle of an axis neither meets a wish nor misses it."""
    gap = abs(wish.to - persona.manner[wish.axis])
    return WISH * wish.strength * (1.0 - 2.0 * gap)


def _pace_fit(persona: Persona, rate: float) -> float:
    """A caller who races is met with calm, one who speaks slowly is not hurried."""
    if not rate or SLOW_SPEECH <= rate <= FAST_SPEECH:
        return 0.0
    return 0.5 - persona.manner["pace"]


def _reasons(wants: Wants, parts: dict[str, float]) -> tuple[str, ...]:
    """Clauses for the parts that speak for it, weightiest first."""
    clauses = {f"wish:{w.name}": w.because for w in wants.wishes}
    if "topic" in parts:
        clauses["topic"] = f"it suits talk about {table('understand/topics')[wants.topic]['name']}"
    if "feeling" in parts:
        clauses["feeling"] = f"there's {table('understand/emotions')[wants.feeling]['noun']} in it"
    if parts.get("pace", 0.0) > 0:
        clauses["pace"] = "of the pace you speak at"
    best = sorted((name for name in clauses if parts.get(name, 0) > 0), key=lambda n: -parts[n])
    return tuple(clauses[name] for name in best)
