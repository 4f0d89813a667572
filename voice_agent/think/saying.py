"""A reply that is being said: it grows while an endpoint writes it, and may be cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from voice_agent.contracts import Reply, RiskState, ThinkingRecord, UserTurn
from voice_agent.think.crisis_talk import CrisisTalk
from voice_agent.think.dialogue import Dialogue, Draft
from voice_agent.think.guard_out import codes_of
from voice_agent.think.mi import sentences
from voice_agent.think.unfinished import Unfinished

HEARD_SHARE = 0.8  # share of a script that must have been heard for its number to count as given


class Saying:
    """Mixed into :class:`~voice_agent.think.conversation.Conversation`.

    ``rest`` is what is still being written of the last reply: :meth:`go_on` takes what its ``grow``
    gives, which blocks, until the reply is no longer ``unfinished``.
    """

    begin: Callable[[UserTurn], Reply]
    risk: RiskState
    last_thinking: ThinkingRecord
    rest: Unfinished | None
    _dialogue: Dialogue
    _crisis: CrisisTalk
    _replies: list[Reply]
    _risk_before_line: RiskState
    _script: str | None  # in the last reply, also behind a disclosure

    def respond(self, turn: UserTurn) -> Reply:
        """The whole reply to one caller turn. Blocking; bounded by the endpoint's deadlines."""
        reply = self.begin(turn)
        while self.rest is not None:
            reply = self.go_on(self.rest.grow())
        return reply

    def go_on(self, draft: Draft | None) -> Reply:
        """The last reply, grown to ``draft``; with None it is whole."""
        rest, reply = self.rest, self._replies[-1]
        assert rest is not None, "there is no unfinished reply"
        if draft is None:
            self.rest = None
            grown = replace(reply, unfinished=False, notes=rest.notes)
        else:
            before = self._dialogue.drafts[-1]
            text = reply.text + draft.text.removeprefix(before.text)
            added = codes_of(draft, rest.consent)[len(codes_of(before, rest.consent)) :]
            grown = replace(
                reply, text=text, sentences=sentences(text), mi_codes=reply.mi_codes + added
            )
            self._dialogue.grew(grown, draft, added)
            self._note_offers(draft)
        self._replies[-1] = grown
        return grown

    def heard(self, reply: Reply, spoken_chars: int) -> None:
        """The caller spoke over ``reply``: only its first ``spoken_chars`` characters were heard.

        What was not heard is not history: its question is not open, its number not given. What was
        not written yet never will be.
        """
        heard = reply.text[: max(0, spoken_chars)]
        if not self._replies or self._replies[-1] is not reply:
            return
        self._drop_rest()
        if heard == reply.text:
            return
        self._dialogue.cut_last(heard.rsplit(" ", 1)[0] if heard else "")
        if self._script and len(heard) < HEARD_SHARE * len(reply.text):
            self._crisis.unsay(self._script)
            kept = self._risk_before_line
            given, asked = kept.resources_given, kept.asked_directly
            self.risk = replace(self.risk, resources_given=given, asked_directly=asked)

    def _goes_on(self, reply: Reply, rest: Unfinished) -> Reply:
        """The last reply, whose ``rest`` is still being written."""
        self.rest = rest
        self._replies[-1] = replace(reply, unfinished=True)
        return self._replies[-1]

    def _drop_rest(self) -> None:
        if self.rest is not None:
            self.rest.stop()
            self.rest = None

    def _note_offers(self, draft: Draft) -> None:
        """Steps that are named are not offered again."""
        steps = self.last_thinking.next_step_options
        self._dialogue.offered |= {step for step in steps if step in draft.text}
