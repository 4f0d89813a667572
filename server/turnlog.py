"""A line of the process's log for each turn: where its time went, and words only where asked."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from server.logs import FIELDS
from server.wires.closing import CallEnded
from server.wires.native import More, TurnInfo
from server.wires.wire import CallerEvent, CallEvent
from server.witness import Opening

log = logging.getLogger(__name__)


class TurnLog:
    """The :class:`~server.witness.Witness` of one call that writes it down."""

    def __init__(self, opening: Opening, words: bool) -> None:
        self._words = words
        log.info("call began", extra={FIELDS: {"wire": opening.wire.name}})

    def came(self, events: Sequence[CallerEvent]) -> None:
        """What the caller says is told with the turn that answers it."""

    def sent(self, event: CallEvent) -> None:
        if isinstance(event, More) and self._words:
            log.info("more", extra={FIELDS: {"said": event.said}})
        if not isinstance(event, TurnInfo):
            return
        fields = {"stage": event.stage, "strategy": event.strategy, "latency_ms": event.latency_ms}
        said = {"heard": event.heard, "said": event.said} if self._words else {}
        log.info("turn", extra={FIELDS: {**fields, **said}})

    def closed(self, ended: CallEnded) -> None:
        """The server tells how a connection ended."""
