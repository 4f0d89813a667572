"""A server from its start until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable

from server.app import Server
from server.auth import check_exposure
from server.parts import Parts
from server.pauses import keep_pauses_short
from server.proxies import Proxies
from server.scripts import ScriptShelf
from server.settings import ServerSettings
from server.tenants import Tenants
from server.tls import certificate_of
from server.watch import traces_of

log = logging.getLogger(__name__)

STOPS = (signal.SIGTERM, signal.SIGINT)


def check(settings: ServerSettings) -> None:
    """Raises what a server with these settings would, before any model has taken its time."""
    check_exposure(settings.host, settings.token, settings.insecure, settings.tokens)
    Tenants(settings.token, settings.tokens)
    Proxies(settings.trusted_proxies)
    traces_of(settings)
    certificate_of(settings)


async def serve(
    settings: ServerSettings,
    parts: Parts,
    *,
    shelf: ScriptShelf | None = None,
    ready: Callable[[int], None] = lambda port: None,
) -> None:
    """Runs a server until SIGTERM, then lets its calls finish; ``ready`` is told the port.

    SIGINT, a person's Ctrl-C, lets them finish what is being said. Either signal for the second
    time ends the process at once. SIGHUP reads renewed TLS files.

    Raises:
        SecoustiError: see :class:`Server`.
    """
    signals: asyncio.Queue[int] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in STOPS:
        loop.add_signal_handler(number, signals.put_nowait, number)
    async with Server(settings, parts, shelf=shelf) as server:
        keep_pauses_short()
        loop.add_signal_handler(signal.SIGHUP, server.reload)
        ready(server.port)
        asked = await signals.get()
        for number in STOPS:  # whoever asks twice does not want to wait
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)
        log.info("no more calls; %d may finish", server.calls)
        await server.drain(settings.drain_s if asked == signal.SIGTERM else 0.0)
