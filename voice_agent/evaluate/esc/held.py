"""One card's talk, held by text with the agent as it answers a call."""

from __future__ import annotations

import random
from dataclasses import dataclass

from voice_agent.contracts import Reply, SessionReport, ThinkingRecord, UserTurn
from voice_agent.evaluate.esc.cards import Card
from voice_agent.evaluate.esc.seeker import Ledger, Seeker
from voice_agent.think import Conversation, Mind
from voice_agent.think.persona import Persona, bank

EXCHANGES = 15


@dataclass(frozen=True)
class Held:
    """A talk that is over. ``said[n]`` is what ``replies[n]`` answers; the greeting is in neither.

    ``record``: the agent's private record after the last turn.
    """

    card: Card
    said: tuple[str, ...]
    replies: tuple[Reply, ...]
    ledger: Ledger
    record: ThinkingRecord
    report: SessionReport

    @property
    def texts(self) -> list[str]:
        return [reply.text for reply in self.replies]


def hold(card: Card, mind: Mind, seed: int, *, random_persona: bool = False) -> Held:
    """Talk through ``EXCHANGES`` exchanges, or until the agent ends the call."""
    call = Conversation(
        mind,
        clock=lambda: 0.0,
        seed=seed,
        persona=_any_persona(card, seed) if random_persona else None,
    )
    call.open()
    seeker = Seeker(card, seed)
    said, replies = [seeker.open()], []
    while True:
        replies.append(call.respond(UserTurn(said[-1])))
        if replies[-1].end_call or len(replies) == EXCHANGES:
            break
        said.append(seeker.answer(replies[-1].text))
    return Held(card, tuple(said), tuple(replies), seeker.ledger, call.last_thinking, call.report())


def _any_persona(card: Card, seed: int) -> Persona:
    return random.Random(f"persona {card.id} {seed}").choice(list(bank().values()))
