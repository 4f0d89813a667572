"""How a persona words a move: which lines it likes, its own lines and presets, its small asides.

The strategy, its ranking and the guards stand before and after this and never ask it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from voice_agent.contracts import Strategy
from voice_agent.think.dialogue import Dialogue, Draft
from voice_agent.think.grammar import Line, lines
from voice_agent.think.mi import sentences
from voice_agent.think.persona import Persona
from voice_agent.think.tables import table
from voice_agent.think.understand import Insight
from voice_agent.think.words import Heard

OWN_LINE = 2.6  # score above a shared line; a lead alone scores about 3.8, a filled slot 1.2
PRESET = 5.0  # the caller said just what the line was written for
USUAL_WORDS = 13  # of a reply; a brisk persona likes fewer, an unhurried one more
ASIDE_SHARE = 0.6  # of short statements have something small in front or behind
ASIDE_WORDS = 24  # a longer reply stands alone
TONE_TURNS = 6  # a feeling told so many turns ago still sets the tone
ASIDE_AGAIN = 8  # replies before the same aside may come again
BARE_QUESTION = 0.35  # chance of asking at once, without saying back first, for a cool persona
_ASIDES = frozenset({Strategy.REFLECTION, Strategy.RESTATEMENT})
_SELF_JUDGING = frozenset({"shame", "guilt", "hopelessness"})
_SOFT = re.compile(r"\b(?:maybe|perhaps|i think|i imagine|as if|a little|might|some part)\b", re.I)


@cache
def _situations() -> tuple[tuple[str, re.Pattern[str]], ...]:
    rows = table("understand/situations").items()
    return tuple((name, re.compile(rf"\b(?:{'|'.join(cues)})")) for name, cues in rows)


def situations(heard: Heard) -> frozenset[str]:
    """Which of the situations that presets are written for this turn is."""
    return frozenset(name for name, cue in _situations() if cue.search(heard.text))


def wordings(
    persona: Persona | None, strategy: Strategy, insight: Insight, dialogue: Dialogue
) -> Iterator[tuple[Line, float]]:
    """Every line that may say a move, and how much the persona likes it (0 without one).

    On what a persona is a poor match for, only its lines written for that very feeling are used.
    """
    if persona is None:
        yield from ((line, 0.0) for line in lines(strategy))
        return
    yield from ((line, _likes(persona, line)) for line in lines(strategy))
    if out_of_place(persona, dialogue):
        own = (line for line in persona.lines.get(strategy, ()) if insight.feeling in line.feelings)
        yield from ((line, OWN_LINE) for line in own)
        return
    yield from ((line, OWN_LINE) for line in persona.lines.get(strategy, ()))
    here = situations(insight.heard)
    for preset in persona.presets:
        if preset.situation in here and preset.line.strategy is strategy:
            yield preset.line, OWN_LINE + PRESET


def out_of_place(persona: Persona, dialogue: Dialogue) -> bool:
    """Whether its tone would jar: a poor match for what was told lately, or what weighs most."""
    grave = {event.topic for event in dialogue.events if event.heavy}
    return bool(persona.not_for & {dialogue.topic, *grave, *dialogue.feelings[-TONE_TURNS:]})


def _likes(persona: Persona, line: Line) -> float:
    """How well a shared line suits: its length the pace, its softness the directness."""
    manner = persona.manner
    longer = (len(line.say.split()) - USUAL_WORDS) / USUAL_WORDS
    soft = 1.0 if _SOFT.search(line.say) else 0.0
    return (0.5 - manner["pace"]) * longer * 1.5 + (0.5 - manner["directness"]) * soft * 1.5


def lead_share(persona: Persona | None, usual: float) -> float:
    """How often something is said back before a question: a warm persona does it nearly always."""
    if persona is None:
        return usual
    return usual * (1.0 - BARE_QUESTION * (1.0 - persona.manner["warmth"]) * 2.0)


def with_aside(
    draft: Draft, persona: Persona | None, dialogue: Dialogue, rng: random.Random
) -> Draft:
    """A short statement with a small sentence of the persona's in front or behind, now and then."""
    short = len(draft.text.split()) <= ASIDE_WORDS and len(sentences(draft.text)) == 1
    if persona is None or draft.strategy not in _ASIDES or not short:
        return draft
    if out_of_place(persona, dialogue) or _judges_self(dialogue) or rng.random() >= ASIDE_SHARE:
        return draft
    texts = [f"{aside} {draft.text}" for aside in _fresh(persona.before, dialogue)]
    texts += [f"{draft.text} {aside}" for aside in _fresh(persona.after, dialogue)]
    return replace(draft, text=rng.choice(texts), bare=draft.text) if texts else draft


def _judges_self(dialogue: Dialogue) -> bool:
    """Whether the caller speaks ill of themselves: "indeed" or "right" would then be agreement."""
    newest = dialogue.insights[-1]
    blames = "self_blame" in situations(newest.heard)
    return blames or newest.feeling in _SELF_JUDGING or any(e.trap for e in newest.events)


def _fresh(asides: tuple[str, ...], dialogue: Dialogue) -> list[str]:
    recent = dialogue.recent(ASIDE_AGAIN)
    return [aside for aside in asides if not any(aside in reply for reply in recent)]
