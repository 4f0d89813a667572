"""From a planned move to checked words: the endpoint where there is one, then the templates."""

from __future__ import annotations

import logging
import random

from voice_agent.think.autonomy import handed_back
from voice_agent.think.dialogue import Draft
from voice_agent.think.guard_out import faults, tidy
from voice_agent.think.mind import Mind
from voice_agent.think.prompts import fix_messages, reply_messages
from voice_agent.think.writer import NO_REPEAT_REPLIES, Brief, as_endpoint, safe_drafts

logger = logging.getLogger(__name__)


def compose(mind: Mind, brief: Brief, numbers: frozenset[str], rng: random.Random) -> Draft:
    """A reply that has passed the last guard; never raises, never empty.

    Args:
        numbers: the only digit strings that may be spoken (a locale's resources).
    """
    try:
        draft = _from_endpoint(mind, brief, numbers) or _from_templates(mind, brief, numbers, rng)
    except Exception:
        logger.exception("the writer failed; a plain invitation to go on is said instead")
        draft = None
    if draft is None:
        return next(safe_drafts(brief.dialogue.spoken))
    whole = handed_back(draft, brief, rng)
    return draft if _wrong(whole, brief, numbers) else whole


def _wrong(draft: Draft, brief: Brief, numbers: frozenset[str]) -> tuple[str, ...]:
    return faults(
        draft,
        brief.plan,
        consent=brief.insight.record.consent,
        recent=brief.dialogue.recent(NO_REPEAT_REPLIES),
        numbers=numbers,
    )


def _from_templates(
    mind: Mind, brief: Brief, numbers: frozenset[str], rng: random.Random
) -> Draft | None:
    drafts = mind.writer.drafts(brief, rng)
    return next((draft for draft in drafts if not _wrong(draft, brief, numbers)), None)


def _from_endpoint(mind: Mind, brief: Brief, numbers: frozenset[str]) -> Draft | None:
    """The endpoint's words, rewritten once if they break a rule; None where neither will do."""
    if mind.endpoint is None:
        return None
    asks = "permission" if "ask_permission" in brief.plan.constraints else ""
    move = Draft("", brief.plan.strategy, asks)
    messages = reply_messages(brief)
    for _ in range(2):
        text = mind.endpoint.say(messages, mind.settings.llm_deadline_s)
        if text is None:
            return None
        draft = as_endpoint(move, tidy(text))
        wrong = _wrong(draft, brief, numbers)
        if not wrong:
            return draft
        logger.info("an endpoint reply was refused: %s", ", ".join(wrong))
        messages = fix_messages(messages, text, wrong)
    return None
