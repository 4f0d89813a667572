"""From a planned move to checked words: the endpoint where there is one, then the templates."""

from __future__ import annotations

import logging
import random
from functools import partial

from voice_agent.think.autonomy import handed_back
from voice_agent.think.dialogue import Draft
from voice_agent.think.guard_out import YET_TO_COME, faults, tidy
from voice_agent.think.mind import Mind
from voice_agent.think.prompts import fix_messages, reply_messages
from voice_agent.think.unfinished import Faults, Unfinished
from voice_agent.think.writer import NO_REPEAT_REPLIES, Brief, as_endpoint, safe_drafts

logger = logging.getLogger(__name__)


def compose(
    mind: Mind, brief: Brief, numbers: frozenset[str], rng: random.Random
) -> tuple[Draft, Unfinished | None]:
    """A reply that has passed the last guard, and its rest where an endpoint is still writing it.

    Never raises, never empty.

    Args:
        numbers: the only digit strings that may be spoken (a locale's resources).
    """
    check = partial(
        faults,
        plan=brief.plan,
        consent=brief.insight.record.consent,
        recent=brief.dialogue.recent(NO_REPEAT_REPLIES),
        numbers=numbers,
    )
    draft = rest = None
    try:
        draft, rest = _from_endpoint(mind, brief, check, rng)
        draft = draft or _from_templates(mind, brief, check, rng)
    except Exception:
        logger.exception("the writer failed; a plain invitation to go on is said instead")
    if draft is None:
        return next(safe_drafts(brief.dialogue.spoken)), None
    if rest is not None:
        return draft, rest
    whole = handed_back(draft, brief, rng)
    return (draft if check(whole) else whole), None


def _from_templates(mind: Mind, brief: Brief, check: Faults, rng: random.Random) -> Draft | None:
    return next((draft for draft in mind.writer.drafts(brief, rng) if not check(draft)), None)


def _from_endpoint(
    mind: Mind, brief: Brief, check: Faults, rng: random.Random
) -> tuple[Draft | None, Unfinished | None]:
    """The endpoint's words, from the first sentence on; written anew once if they break a rule.

    Where the answer is there as a whole it is checked as a whole.
    """
    if mind.endpoint is None:
        return None, None
    asks = "permission" if "ask_permission" in brief.plan.constraints else ""
    move = Draft("", brief.plan.strategy, asks)
    messages = reply_messages(brief)
    for _ in range(2):
        incoming = mind.endpoint.write(messages, mind.settings.llm_deadline_s)
        if incoming is None:
            break
        whole = incoming.whole
        text = incoming.text if whole else incoming.take()
        draft = as_endpoint(move, tidy(text))
        wrong = tuple(f for f in check(draft) if whole or f not in YET_TO_COME)
        if not wrong:
            rest = Unfinished(draft, incoming, brief, check, mind.writer, rng)
            return draft, None if whole else rest
        incoming.stop()
        logger.info("an endpoint reply was refused: %s", ", ".join(wrong))
        messages = fix_messages(messages, text, wrong)
    return None, None
