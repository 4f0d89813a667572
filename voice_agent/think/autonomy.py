"""Handing the decision back: at least once in every stretch of a call that is about steps.

Emphasising autonomy is what helped in the seven-cups study (research notes 3.6). Where a reply of
the action stage does not do so and none of this stretch has, the last guard adds a sentence.
"""

from __future__ import annotations

import random
from dataclasses import replace

from voice_agent.contracts import Stage, Strategy
from voice_agent.think.dialogue import Draft
from voice_agent.think.duties import least_said
from voice_agent.think.guard_out import codes_of
from voice_agent.think.mi import AUTONOMY
from voice_agent.think.tables import table
from voice_agent.think.writer import MAX_WORDS, Brief

_OPEN = frozenset(
    {Strategy.AFFIRMATION, Strategy.SUGGESTION, Strategy.INFORMATION, Strategy.SELF_DISCLOSURE}
)  # moves that such a sentence may follow; it would talk over a feeling, or behind a question


def handed_back(draft: Draft, brief: Brief, rng: random.Random) -> Draft:
    """The draft, with the decision left to the caller where that is due and fits."""
    due = brief.stage.stage is Stage.ACTION and not brief.dialogue.handed_back
    if not due or draft.strategy not in _OPEN or "?" in draft.text:
        return draft
    if AUTONOMY & set(codes_of(draft, consent=brief.insight.record.consent)):
        return draft
    words = least_said(table("replies/others")["autonomy"], brief.dialogue.spoken, rng)
    longer = f"{draft.text} {words}"
    return replace(draft, text=longer) if len(longer.split()) <= MAX_WORDS else draft
