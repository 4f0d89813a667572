"""The conversation as the session sees it: awaited, with a deadline, and never without an answer.

The dialogue itself blocks and knows no event loop. Its calls run in the worker pool, one at a time
per caller. When it fails or takes too long the caller hears an apology instead of nothing; an
overdue answer that comes later is not spoken, and the history is told so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from server.parts import Conversation
from voice_agent.contracts import Reply, RiskState, Stage, Strategy, UserTurn

log = logging.getLogger(__name__)

APOLOGY_ID, PARTING_ID = "apology", "parting"
PERSON_ID, NO_PERSON_ID, BUSY_ID = "person", "no_person", "busy"
FALLBACKS = (APOLOGY_ID, PARTING_ID)  # said when something fails, so they are rendered before
WORDS = {
    APOLOGY_ID: (
        "I'm sorry, I lost my thread for a moment, and I'm still here.",
        "If you are in danger right now, please call your local emergency number.",
        "Otherwise, could you say that once more?",
    ),
    PARTING_ID: (
        "I'm sorry, something on my side keeps failing, so I have to end this call.",
        "If you are in danger or need somebody now, please call your local emergency number.",
        "You're welcome to call again at any time.",
    ),
    PERSON_ID: (
        "I've asked for a person to take over this call.",
        "Please stay on the line, I'm here until they come.",
    ),
    NO_PERSON_ID: (
        "I can't put you through to a person, this line has only me, and I'm an AI.",
        "If you are in danger or need somebody now, please call your local emergency number.",
        "Otherwise I'm still here, and listening.",
    ),
    BUSY_ID: (
        "I'm sorry, every line is taken right now.",
        "If you are in danger or need somebody now, please call your local emergency number.",
        "Otherwise please call again in a few minutes.",
    ),
}
FAILURES = 3  # in a row; asking once more would then only wear the caller out


def apology(after: Reply | None = None, words: str = APOLOGY_ID) -> Reply:
    """What the server says on its own, a key of ``WORDS``; stage and risk go on as they were.

    With ``PARTING_ID`` the call cannot go on.
    """
    sentences = WORDS[words]
    return Reply(
        text=" ".join(sentences),
        sentences=sentences,
        strategy=Strategy.OTHERS,
        stage=after.stage if after else Stage.EXPLORATION,
        risk=after.risk if after else RiskState(),
        source="fallback",
        script_id=words,
        end_call=words == PARTING_ID,
    )


class Dialogue:
    """One caller's :class:`Conversation`, off the event loop."""

    def __init__(
        self,
        conversation: Conversation,
        pool: Executor,
        deadline_s: float,
        hand_off: Callable[[], bool] | None = None,
    ) -> None:
        self._conversation, self._hand_off = conversation, hand_off
        self._pool = pool
        self._deadline_s = deadline_s
        self._overdue: asyncio.Future[Any] | None = None
        self._last: Reply | None = None
        self._failures = 0

    async def open(self) -> Reply:
        """The greeting, or an apology."""
        return await self._answer(self._conversation.open)

    async def respond(self, turn: UserTurn) -> Reply:
        """The answer to ``turn``, or an apology after the deadline or a fault."""
        return await self._answer(self._conversation.respond, turn)

    async def heard(self, reply: Reply, spoken_chars: int) -> None:
        """Tells the history how much of ``reply`` was heard before the caller spoke."""
        if reply.script_id in WORDS:
            return  # the conversation does not know this reply
        try:
            async with asyncio.timeout(self._deadline_s):
                await self._run(self._conversation.heard, reply, spoken_chars)
        except Exception:
            log.exception("the history could not be cut to what was heard")

    async def person(self) -> Reply:
        """Asks for a person, and says whether one comes; a caller is never promised what is not."""
        coming = False
        if self._hand_off is not None:
            loop = asyncio.get_running_loop()
            try:
                async with asyncio.timeout(self._deadline_s):
                    coming = await loop.run_in_executor(self._pool, self._hand_off)
            except Exception:
                log.exception("nobody could be asked to take over")
        return apology(self._last, PERSON_ID if coming else NO_PERSON_ID)

    async def _answer(self, method: Callable[..., Reply], *args: Any) -> Reply:
        try:
            async with asyncio.timeout(self._deadline_s):
                await self._settle()
                self._last = await self._run(method, *args)
                self._failures = 0
                return self._last
        except TimeoutError:
            log.warning("no answer within %.1f s: apologising", self._deadline_s)
        except Exception:
            log.exception("the conversation failed: apologising")
        self._failures += 1
        return apology(self._last, PARTING_ID if self._failures >= FAILURES else APOLOGY_ID)

    async def _run(self, method: Callable[..., Any], *args: Any) -> Any:
        """``method`` in the pool; a call that is abandoned stays known as overdue."""
        future = asyncio.get_running_loop().run_in_executor(self._pool, method, *args)
        self._overdue = future
        result = await asyncio.shield(future)
        self._overdue = None
        return result

    async def _settle(self) -> None:
        """Waits for an overdue call: the conversation takes one call at a time."""
        if self._overdue is None:
            return
        overdue = self._overdue
        try:
            late = await asyncio.shield(overdue)
        except asyncio.CancelledError:
            raise
        except Exception:
            late = None  # it failed, and was apologised for
        self._overdue = None
        if isinstance(late, Reply):
            await self._run(self._conversation.heard, late, 0)
