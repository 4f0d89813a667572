"""What all calls of one server share."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from server.ahead import Spare
from server.calllog import CallLog
from server.capacity import Turnover
from server.crowd import Crowd
from server.engine import Engine
from server.limits import CrowdLimits
from server.metrics import CallMetrics, Metrics
from server.parts import Parts
from server.returning import Seats
from server.scripts import ScriptShelf
from server.settings import ServerSettings
from server.store.keeper import Keeper
from server.turnlog import TurnLog
from server.wires.sound import Sound
from server.witness import Opening, Witness

if TYPE_CHECKING:
    from server.traces import Traces


@dataclass(frozen=True)
class House:
    """What all calls of a server share. ``ears`` hear; ``pool`` thinks and speaks, and gives way.
    ``open_log`` makes a call's log, or None: none is kept."""

    settings: ServerSettings
    parts: Parts
    engine: Engine
    shelf: ScriptShelf
    pool: Executor
    ears: Executor
    clock: Callable[[], float]
    open_log: Callable[[str, Sound], CallLog | None]
    crowd: Crowd = field(default_factory=lambda: Crowd(CrowdLimits(), time.monotonic))
    metrics: Metrics = field(default_factory=Metrics)
    traces: Traces | None = None
    keeper: Keeper | None = None
    seats: Seats = field(default_factory=Seats)
    turnover: Turnover = field(default_factory=Turnover)
    spare: Spare = field(default_factory=lambda: Spare(1))

    def witnesses(self, opening: Opening) -> list[Witness]:
        """Who is told what happens in a call that begins now."""
        told: list[Witness] = [
            CallMetrics(self.metrics, opening, self.clock),
            TurnLog(opening, self.settings.log_words),
        ]
        return told if self.traces is None else [*told, self.traces.call(opening)]
