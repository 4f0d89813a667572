"""The server watching itself: the event loop's lag, errors in the log, and how full it is."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from codec.errors import SecoustiError
from server.health import Standing
from server.lag import watch_lag
from server.metrics import ErrorCount, Metrics
from server.settings import ServerSettings

if TYPE_CHECKING:
    from server.traces import Traces

ROOMS = ("server", "voice_agent", "codec")  # whose log lines are counted


class Watch:
    """From :meth:`start`, inside the running loop, to :meth:`stop`."""

    def __init__(self, metrics: Metrics, standing: Callable[[], Standing]) -> None:
        self._metrics, self._errors = metrics, ErrorCount(metrics)
        self._lag: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        metrics.gauge("slots", "Calls at once", lambda: standing().slots)
        metrics.gauge("slots_used", "Calls now", lambda: standing().calls)
        metrics.gauge("tasks", "Tasks of the event loop", self._tasks)
        metrics.gauge("ready", "1: a new caller is answered", lambda: standing().status == "ready")

    def start(self) -> None:
        for room in ROOMS:
            logging.getLogger(room).addHandler(self._errors)
        self._loop = asyncio.get_running_loop()
        self._lag = asyncio.create_task(watch_lag(self._metrics.lag_s.observe, time.monotonic))

    async def stop(self) -> None:
        for room in ROOMS:
            logging.getLogger(room).removeHandler(self._errors)
        if self._lag is not None:
            self._lag.cancel()
            with suppress(asyncio.CancelledError):
                await self._lag

    def _tasks(self) -> int:
        """How many there are; metrics are asked for in another thread."""
        return 0 if self._loop is None else len(asyncio.all_tasks(self._loop))


def traces_of(settings: ServerSettings) -> Traces | None:
    """The traces that the settings ask for.

    Raises:
        SecoustiError: OpenTelemetry is not installed.
    """
    if not settings.traces:
        return None
    try:
        from server.traces import Traces
    except ImportError:
        raise SecoustiError(
            "traces need OpenTelemetry: pip install 'secousti[otel]', or set traces = false"
        ) from None
    return Traces(settings.trace_private)
