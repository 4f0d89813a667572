"""``/healthz`` and ``/readyz``: whether the process is alive, and whether to send it a caller."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Literal

from websockets.http11 import Request, Response

from server.http import data, path_of

ALIVE, READY = "/healthz", "/readyz"

Status = Literal["starting", "ready", "full", "draining"]


@dataclass(frozen=True)
class Standing:
    """How a server stands. ``step_ms_p99`` is of the codec's last steps; None: there were none."""

    status: Status
    calls: int
    slots: int
    step_ms_p99: float | None


class Health:
    """Both paths; ``standing`` is asked each time.

    Who is alive answers 200 on :data:`ALIVE` whatever it does; a supervisor restarts who does not.
    :data:`READY` is 200 while a slot is free, else 503: a balancer then sends callers elsewhere.
    """

    def __init__(self, standing: Callable[[], Standing]) -> None:
        self._standing = standing

    async def answer(self, request: Request) -> Response | None:
        """The server's standing as JSON; None for other paths."""
        path = path_of(request)
        if path not in (ALIVE, READY):
            return None
        standing = self._standing()
        well = path == ALIVE or standing.status == "ready"
        return data(HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE, asdict(standing))
