"""The rest of a reply whose first sentence may be spoken already: checked as it is written.

Each sentence is held against the last guard together with what came before it. One that breaks a
rule ends the reply. At its end the reply must make the planned move: where it does not (no
question, no choice left), a line of the templates closes it. All of that is noted in the reply.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

from voice_agent.contracts import Strategy
from voice_agent.think.autonomy import handed_back
from voice_agent.think.dialogue import Draft
from voice_agent.think.guard_out import YET_TO_COME, tidy
from voice_agent.think.incoming import Incoming
from voice_agent.think.tables import table
from voice_agent.think.writer import Brief, TemplateWriter

CLOSINGS = 40  # template lines that are tried as the last sentence

Faults = Callable[[Draft], tuple[str, ...]]


class Unfinished:
    """What may still be added to ``draft``. One thread at a time asks; any may stop it."""

    def __init__(
        self,
        draft: Draft,
        incoming: Incoming,
        brief: Brief,
        faults: Faults,
        writer: TemplateWriter,
        rng: random.Random,
    ) -> None:
        """Args:
        draft: what may be said of it. incoming: what goes on. faults: the last guard's verdict
            on a draft, with the history as it stood before this reply.
        """
        self.draft = draft
        self.consent = brief.insight.record.consent
        self.notes: tuple[str, ...] = ()
        self._incoming, self._brief, self._faults = incoming, brief, faults
        self._writer, self._rng = writer, rng
        self._writing = True  # more of the endpoint's words may be said
        self._closed = self._stopped = False

    def grow(self) -> Draft | None:
        """The draft with more that may be said; None: it is whole. Blocks for a deadline at most.

        Asked for after :meth:`stop`, it is said after all: of the endpoint's sentences those are
        added that had come by then.
        """
        after_all = self._stopped
        longer = self._next() if self._writing else None
        if longer is None:
            self._writing = False
            self._incoming.stop()
            longer = self._close() if after_all or not self._stopped else None
        self.draft = longer or self.draft
        return longer

    def stop(self) -> None:
        """Nobody listens any more: the endpoint is told so. Safe to call twice."""
        self._stopped = True
        self._incoming.stop()

    def _next(self) -> Draft | None:
        """The draft with the endpoint's next sentence, where it has one that fits."""
        self._incoming.begun()
        text = tidy(f"{self.draft.text} {self._incoming.take()}")
        if text == self.draft.text or not text.startswith(self.draft.text):
            return None  # nothing came, or more than two sentences
        longer = replace(self.draft, text=text)
        wrong = [fault for fault in self._faults(longer) if fault not in YET_TO_COME]
        self.notes += tuple(f"dropped: {fault}" for fault in wrong)
        return None if wrong else longer

    def _close(self) -> Draft | None:
        """The draft with what its end lacks; None where it lacks nothing."""
        if self._closed:
            return None
        self._closed = True
        missing = self._faults(self.draft)
        if not missing:
            whole = handed_back(self.draft, self._brief, self._rng)
            return None if whole is self.draft or self._faults(whole) else whole
        fitting = (draft for draft in self._closings() if not self._faults(draft))
        closed = next(fitting, None)
        self.notes += tuple(f"{'added' if closed else 'missing'}: {fault}" for fault in missing)
        return closed

    def _closings(self) -> Iterator[Draft]:
        """The draft with a line of ours behind it: the choice left, or the planned move."""
        strategy, text = self._brief.plan.strategy, self.draft.text
        if strategy is Strategy.SUGGESTION:
            for words in table("replies/others")["autonomy"]:
                yield replace(self.draft, text=f"{text} {words}")
        for line in islice(self._writer.drafts(self._brief, self._rng), CLOSINGS):
            if line.strategy is strategy:
                yield replace(self.draft, text=f"{text} {line.move}", asks=line.asks)
