"""The conversation as the session sees it: awaited, with a deadline, and never without an answer.

The conversation itself blocks and knows no event loop. It is asked in the worker pool, one thing at
a time per caller. A turn is answered on a fork of it, so that an answer can be worked out while the
caller may still go on (:meth:`Dialogue.prepare`), and taken back when they do. When it fails or
takes too long the caller hears an apology instead of nothing; an overdue answer that comes later is
not spoken, and the history is told so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from server.comfort import TONE_TEXT
from server.parts import Conversation, Rest, Writing
from voice_agent.contracts import Reply, RiskState, Stage, Strategy, UserTurn

log = logging.getLogger(__name__)

APOLOGY_ID, PARTING_ID = "apology", "parting"
PERSON_ID, NO_PERSON_ID, BUSY_ID = "person", "no_person", "busy"
HOLD_ID, TONE_ID, STILL_ID = "hold", "tone", "still"
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
    HOLD_ID: ("Let me think about that for a moment.",),
    TONE_ID: (TONE_TEXT,),
    STILL_ID: ("One more moment.",),
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


@dataclass(frozen=True)
class Cut:
    """A reply that was cut, and how many of its characters were heard."""

    reply: Reply
    chars: int


@dataclass(frozen=True)
class Draft:
    """An answer being worked out on a fork; it answers ``words``, with ``cut`` known."""

    words: str
    cut: Cut | None
    job: Future[tuple[Conversation, Reply]]
    work: asyncio.Future[tuple[Conversation, Reply]]  # the same, for the event loop


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
        self._draft: Draft | None = None
        self._overdue: asyncio.Future[Any] | None = None
        self._before: Conversation | None = None  # the newest answer, until it is heard
        self._rest: Rest | None = None  # of the newest answer, while it is being written
        self._growing: asyncio.Future[Any] | None = None  # what was asked of it, and not taken
        self._last: Reply | None = None
        self._failures = 0

    async def open(self) -> Reply:
        """The greeting, or an apology."""
        return await self._answer(partial(self._ask, self._conversation.open))

    async def silent(self, count: int) -> Reply:
        """What is said to a caller who has been silent for the ``count``-th time in a row."""
        return await self._answer(partial(self._ask, self._conversation.silent, count))

    async def closing(self, now: bool) -> Reply | None:
        """What is said when the call is to end soon, or ``now``; None when it must go on."""
        try:
            reply: Reply | None = await self._ask(self._conversation.closing, now)
        except Exception:
            log.exception("the end of the call could not be spoken of")
            return None
        return reply

    def prepare(
        self,
        turn: UserTurn,
        cut: Cut | None = None,
        drafted: Callable[[Reply], None] = lambda reply: None,
    ) -> None:
        """Begins to work out the answer to a turn that may not be over yet; tells ``drafted`` of
        it, unless it is forgotten or wanted before it is there."""
        if self._overdue is None and not self._is_drafted(turn, cut):
            self._forget_draft()
            draft = self._draft = self._begin(turn, cut)
            draft.work.add_done_callback(lambda work: self._worked_out(draft, drafted))

    def _worked_out(self, draft: Draft, drafted: Callable[[Reply], None]) -> None:
        if draft is self._draft and _is_there(draft.work):
            drafted(draft.work.result()[1])

    async def respond(self, turn: UserTurn, cut: Cut | None = None) -> Reply:
        """The answer to ``turn``, or an apology after the deadline or a fault."""
        return await self._answer(partial(self._respond, turn, cut))

    def take_back(self) -> bool:
        """Forgets the newest turn and its answer, which nobody has heard; False if it cannot."""
        if self._before is None or self._overdue is not None:
            return False
        self.hush()
        self._conversation.become(self._before)
        self._forget_draft()
        self._before = self._rest = self._growing = None
        return True

    async def heard(self, cut: Cut) -> None:
        """Tells the history how much of a reply was heard before the caller spoke."""
        if cut.reply.script_id in WORDS:
            return  # the conversation does not know this reply
        try:
            async with asyncio.timeout(self._deadline_s):
                await self._ask(self._conversation.heard, cut.reply, cut.chars)
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

    async def more(self, reply: Reply) -> Reply:
        """The unfinished ``reply`` with more to it, or as a whole one; waits for what is written.

        The conversation itself changes on the event loop: a reply that is cut grows no more.
        """
        conversation, rest = self._conversation, self._rest
        if rest is None or not isinstance(conversation, Writing):
            return replace(reply, unfinished=False)
        try:
            grown = await self._grown(rest)
        except Exception:
            log.exception("a reply breaks off: its rest could not be written")
            grown = None
        longer = conversation.go_on(grown)
        self._rest = conversation.rest
        return longer

    async def _grown(self, rest: Rest) -> Any:
        """What ``rest`` gives next; also where it was asked for before, and the caller cut in."""
        if self._growing is not None:
            grown = await asyncio.shield(self._growing)
            self._growing = None
            if grown is not None:
                return grown
        self._growing = asyncio.get_running_loop().run_in_executor(self._pool, rest.grow)
        self._growing.add_done_callback(_looked_at)
        grown = await asyncio.shield(self._growing)
        self._growing = None
        return grown

    def hush(self) -> None:
        """The caller has cut the newest reply: what is not written yet never will be."""
        if self._rest is not None:
            self._rest.stop()

    def leave(self) -> None:
        """The call is over: nobody waits for anything any more. What the caller had said last was
        said all the same, and his risk is kept, though nobody has heard an answer."""
        self.hush()
        draft = self._draft
        if draft is not None and _is_there(draft.work):
            self._unheard(*draft.work.result())
        self._forget_draft()
        if self._overdue is not None:
            self._overdue.add_done_callback(_unwanted)

    def _unheard(self, fork: Conversation, reply: Reply) -> None:
        try:
            fork.heard(reply, 0)
            self._conversation.become(fork)
        except Exception:
            log.exception("what was said last is lost")

    def hold(self) -> Reply:
        """What is said when an answer takes long."""
        return apology(self._last, HOLD_ID)

    def still(self, *, coded: bool) -> Reply:
        """What is heard while it takes longer still: a tone, or words over a codec of speech, which
        takes a tone for nothing that was said."""
        return apology(self._last, STILL_ID if coded else TONE_ID)

    async def _answer(self, ask: Callable[[], Awaitable[Reply]]) -> Reply:
        try:
            async with asyncio.timeout(self._deadline_s):
                await self._settle()
                self._last = await ask()
                self._failures = 0
                return self._last
        except TimeoutError:
            log.warning("no answer within %.1f s: apologising", self._deadline_s)
        except Exception:
            log.exception("the conversation failed: apologising")
        self._failures += 1
        return apology(self._last, PARTING_ID if self._failures >= FAILURES else APOLOGY_ID)

    async def _ask(self, method: Callable[..., Any], *args: Any) -> Any:
        """``method`` of the conversation in the pool; no draft from before fits after it."""
        self._forget_draft()
        self._before = self._rest = self._growing = None
        return await self._awaited(
            asyncio.get_running_loop().run_in_executor(self._pool, method, *args)
        )

    async def _respond(self, turn: UserTurn, cut: Cut | None) -> Reply:
        drafted = self._draft if self._is_drafted(turn, cut) else None
        if drafted is None:
            self._forget_draft()
        self._draft = None
        draft = drafted or self._begin(turn, cut)
        reply: Reply
        fork, reply = await self._awaited(draft.work)
        self._before = self._conversation.become(fork)
        self._rest, self._growing = _rest_of(fork), None
        return reply

    def _is_drafted(self, turn: UserTurn, cut: Cut | None) -> bool:
        draft = self._draft
        return draft is not None and (draft.words, draft.cut) == (turn.text, cut)

    def _forget_draft(self) -> None:
        """Nobody wants the draft, or what an endpoint still writes of it; one that has not been
        begun takes no thread from anybody."""
        draft, self._draft = self._draft, None
        if draft is not None and not draft.job.cancel():
            draft.work.add_done_callback(_unwanted)

    def _begin(self, turn: UserTurn, cut: Cut | None) -> Draft:
        job = self._pool.submit(_rehearse, self._conversation, turn, cut)
        work = asyncio.wrap_future(job)
        work.add_done_callback(_looked_at)
        return Draft(turn.text, cut, job, work)

    async def _awaited(self, future: asyncio.Future[Any]) -> Any:
        """Its result; one that is abandoned before it came stays known as overdue."""
        self._overdue = future
        result = await asyncio.shield(future)
        self._overdue = None
        return result

    async def _settle(self) -> None:
        """Waits for an overdue answer: it was not spoken, but the turn it answers was said."""
        if self._overdue is None:
            return
        try:
            late = await asyncio.shield(self._overdue)
        except asyncio.CancelledError:
            raise
        except Exception:
            late = None  # it failed, and was apologised for
        self._overdue = None
        if isinstance(late, tuple):
            fork, late = late
            self._conversation.become(fork)
        if isinstance(late, Reply):
            await self._ask(self._conversation.heard, late, 0)


def _rehearse(
    conversation: Conversation, turn: UserTurn, cut: Cut | None
) -> tuple[Conversation, Reply]:
    """The answer to ``turn``, and the conversation as it stands after it; nothing else changes."""
    fork = conversation.fork()
    if cut is not None and cut.reply.script_id not in WORDS:
        fork.heard(cut.reply, cut.chars)
    return fork, fork.begin(turn) if isinstance(fork, Writing) else fork.respond(turn)


def _rest_of(conversation: Conversation) -> Rest | None:
    return conversation.rest if isinstance(conversation, Writing) else None


def _unwanted(work: asyncio.Future[Any]) -> None:
    """An answer that nobody takes is not written to its end."""
    answered = work.result() if _is_there(work) else None
    if isinstance(answered, tuple) and (rest := _rest_of(answered[0])):
        rest.stop()


def _is_there(work: asyncio.Future[Any]) -> bool:
    """Whether it is done, and has neither failed nor been cancelled."""
    return work.done() and not work.cancelled() and work.exception() is None


def _looked_at(work: asyncio.Future[Any]) -> None:
    """A draft that nobody takes may fail without a word."""
    if not work.cancelled():
        work.exception()
