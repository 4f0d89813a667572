"""The websocket server: who gets in, which address is what, and how everybody leaves.

One process: the event loop in this thread, the codec in the engine's thread, hearing in a pool of
threads, thinking and speaking in another that gives way to all of them. :mod:`server.serving` runs
one until it is told to stop.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import Self

from websockets.asyncio.server import Server as SocketServer
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as open_socket
from websockets.exceptions import ConnectionClosed

from codec.errors import SecoustiError
from server.ahead import Spare
from server.auth import check_exposure
from server.calllog import CallLog
from server.capacity import Capacity, measured
from server.crowd import Crowd, Visitor
from server.dialogue import FALLBACKS, WORDS
from server.doors import MESSAGE_BYTES, Doors
from server.engine import Engine
from server.entrance import Entrance
from server.health import Health, Standing, Status
from server.house import House
from server.http import Site
from server.link import Peer
from server.logfile import Scribe
from server.logs import CALL, FIELDS
from server.metrics import Metrics
from server.page import Page
from server.parts import Parts
from server.proxies import UNKNOWN, Proxies
from server.returning import Register, Seats
from server.scrape import Scrape
from server.scripts import ScriptShelf
from server.session import Session
from server.settings import ServerSettings
from server.store.keeper import keeper_of
from server.tcp import Admission, AudioSocketListener
from server.tenants import OPERATOR, Tenants
from server.tls import certificate_of
from server.watch import Watch, traces_of
from server.wires.closing import CallEnded, CloseCode, Dropped, close_reason
from server.wires.sound import Sound
from server.wires.wire import Wire
from voice_agent.background import in_background
from voice_agent.speak.archive import ScriptArchive
from voice_agent.think import crisis_scripts

log = logging.getLogger(__name__)

QUEUED_FRAMES = 16  # websocket frames read ahead of the session
PING_S = 10.0  # a caller that vanished is noticed within two of these
GOODBYES = (1000, 1005)  # 1005: closed on purpose, without a code; a page that goes says 1001
CLOSE_S = 2.0  # a caller that floods us may not answer our close frame


class SocketPeer:
    """A websocket as a session sees it; one that is closed politely is the end of the call."""

    def __init__(self, connection: ServerConnection, largest: int) -> None:
        self._connection, self._largest = connection, largest

    async def receive(self) -> bytes | str:
        """The next message; raises :class:`CallEnded` or :class:`Dropped` at the end."""
        try:
            return await self._connection.recv()
        except ConnectionClosed as closed:
            raise self._gone(closed) from None

    async def send(self, message: bytes | str) -> None:
        """Sends one message; raises as :meth:`receive`."""
        try:
            await self._connection.send(message)
        except ConnectionClosed as closed:
            raise self._gone(closed) from None

    def _gone(self, closed: ConnectionClosed) -> CallEnded | Dropped:
        if closed.sent is not None and closed.sent.code == CloseCode.TOO_BIG:
            return CallEnded(CloseCode.TOO_BIG, f"send at most {self._largest} bytes a message")
        if closed.rcvd is not None and closed.rcvd.code in GOODBYES:
            return CallEnded(CloseCode.NORMAL, "the caller hung up")
        return Dropped()


class Server:
    """A running server, as an async context manager: inside it calls are answered.

    :attr:`capacity` is measured where the settings leave the number of slots open (a second).
    ``register`` is told of every call that begins and ends.

    Raises on entry:
        SecoustiError: no token on a public address, port in use, unreadable TLS files.
    """

    def __init__(
        self,
        settings: ServerSettings,
        parts: Parts,
        *,
        shelf: ScriptShelf | None = None,
        clock: Callable[[], float] = time.monotonic,
        admits: Admission | None = None,
        register: Register | None = None,
    ) -> None:
        check_exposure(settings.host, settings.token, settings.insecure, settings.tokens)
        self._settings, self._certificate = settings, certificate_of(settings)
        self.capacity = (
            measured(parts.codecs, settings.codec_threads)
            if settings.slots is None
            else Capacity(settings.slots, {})
        )
        slots = self.capacity.slots
        # Enough that no caller ever waits for another's thread, not even where one of his hangs.
        threads = max(1, 3 * slots)
        self._pool = ThreadPoolExecutor(threads, "secousti-worker", in_background)
        self._ears = ThreadPoolExecutor(threads, "secousti-ears")
        self._scribe = Scribe()
        self.metrics = Metrics()
        self._engine = Engine(parts.codecs, slots, settings.codec_threads, self.metrics)
        self.shelf = shelf or ScriptShelf(ScriptArchive.load())
        self._house = House(
            settings,
            parts,
            self._engine,
            self.shelf,
            self._pool,
            self._ears,
            clock,
            self._open_log,
            Crowd(settings.crowd, clock),
            self.metrics,
            traces_of(settings),
            keeper_of(settings),
            Seats(register),
            spare=Spare(settings.spoken_ahead, self.metrics.made_ahead),
        )
        self._sessions: set[Session] = set()
        self._started = self._draining = False
        tenants = Tenants(settings.token, settings.tokens)
        self._doors = Doors(settings, tenants)
        self._entrance = Entrance(
            Site(
                Health(self._standing),
                Scrape(self.metrics.registry, settings.metrics_token, settings.host, self._pool),
                Page(settings, tenants, parts.exports, self._pool),
            ),
            self._doors,
            self._house.crowd,
            Proxies(settings.trusted_proxies),
            self.metrics,
            self._crowded,
        )
        self._watch = Watch(self.metrics, self._standing)
        self._socket: SocketServer | None = None
        self._tcp = AudioSocketListener(settings, self._admitted, admits)

    @property
    def port(self) -> int:
        """The port it listens on, also when the settings asked for any free one."""
        assert self._socket is not None, "the server has not been started"
        port: int = next(iter(self._socket.sockets)).getsockname()[1]
        return port

    @property
    def audiosocket_port(self) -> int:
        """The same of AudioSocket, where the settings open it."""
        return self._tcp.port

    @property
    def calls(self) -> int:
        """Calls that are admitted now."""
        return self.capacity.slots - self._engine.free

    async def __aenter__(self) -> Self:
        await self._tcp.start()
        try:
            self._socket = await self._listen()
        except SecoustiError:
            self._tcp.stop()
            raise
        self._engine.start()
        await asyncio.get_running_loop().run_in_executor(self._pool, self._prepare_scripts)
        self._watch.start()
        if self._house.keeper is not None:
            self._house.keeper.start()
        self._started = True
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.drain()
        await self._scribe.close()
        await self._watch.stop()
        self._engine.close()
        if self._house.keeper is not None:
            await self._house.keeper.close()
        if self._house.traces is not None:
            await asyncio.to_thread(self._house.traces.close)
        for threads in (self._pool, self._ears):
            threads.shutdown(wait=False, cancel_futures=True)

    def reload(self) -> None:
        """Takes a renewed certificate; tokens are noticed without being told."""
        if self._certificate is not None:
            self._certificate.renew()

    async def drain(self, patience_s: float = 0.0) -> None:
        """No new calls, and who comes is told so; running ones may go on for ``patience_s``, then
        finish what is being said and close with 1001."""
        if self._socket is None:
            return
        self._draining = True
        self._engine.admit_no_more()
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await self._engine.idle.wait()
        self._socket.close(close_connections=False)
        self._tcp.stop()
        for session in self._sessions:
            session.leave()
        await self._house.seats.leave(self._settings.last_reply_s + CLOSE_S)
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._socket.wait_closed()
        except TimeoutError:
            self._socket.close(code=CloseCode.GOING_AWAY)
            await self._socket.wait_closed()
        await self._tcp.closed()

    async def _listen(self) -> SocketServer:
        settings = self._settings
        try:
            return await open_socket(
                self._handle,
                settings.host,
                settings.port,
                process_request=self._entrance.admit,
                select_subprotocol=self._doors.choose,
                compression=None,  # tokens have no redundancy left to squeeze
                max_size=MESSAGE_BYTES,  # until it is known which wire; see the entrance
                max_queue=QUEUED_FRAMES,
                ping_interval=PING_S,
                ping_timeout=PING_S,
                close_timeout=CLOSE_S,
                server_header=None,
                ssl=self._certificate and self._certificate.context,
            )
        except OSError as error:
            raise _not_listening(settings, error) from error

    def _prepare_scripts(self) -> None:
        """Checks the archive against the codecs and renders the apologies, while all works."""
        parts, gap = self._house.parts, self._settings.sentence_gap_ms
        try:
            for words in FALLBACKS:
                self.shelf.render(WORDS[words], parts.voice, parts.codecs, gap)
            probe = next(iter(crisis_scripts("US").values()))
            self.shelf.distrust_foreign(probe, parts.codecs)
        except Exception:
            log.exception("the scripts could not be prepared: a later fault may end its call")

    def _standing(self) -> Standing:
        steps = sorted(self._engine.step_ms)
        return Standing(
            status=self._status,
            calls=self.calls,
            slots=self.capacity.slots,
            step_ms_p99=round(steps[int(0.99 * len(steps))], 2) if steps else None,
        )

    @property
    def _status(self) -> Status:
        if self._draining:
            return "draining"
        if not self._started:
            return "starting"
        return "ready" if self._engine.free else "full"

    async def _handle(self, connection: ServerConnection) -> None:
        request = connection.request
        assert request is not None, "a connection without a handshake"
        visitor = Visitor(self._entrance.address(connection, request))
        wire = self._entrance.wire(request, visitor)
        peer = SocketPeer(connection, self._doors.largest(request))
        ended = await self._converse(peer, wire, visitor)
        await connection.close(ended.code, close_reason(ended.reason))

    def _crowded(self) -> bool:
        waiting = sum(not session.admitted for session in self._sessions)
        return waiting >= self._settings.waiting

    async def _admitted(self, address: str | None, peer: Peer, wire: Wire) -> CallEnded | None:
        """A connection that had no handshake to be refused in."""
        visitor = Visitor(address or UNKNOWN, OPERATOR)
        refusal = self._house.crowd.refusal(visitor.address)
        if refusal or self._crowded():
            self.metrics.refusals.labels(wire.name, "address" if refusal else "waiting").inc()
            return None
        return await self._converse(peer, wire, visitor)

    async def _converse(self, peer: Peer, wire: Wire, visitor: Visitor) -> CallEnded:
        """One connection from its first message to its last word."""
        session = Session(secrets.token_hex(8), peer, self._house, wire, visitor)
        if self._draining:
            session.leave()
        self._sessions.add(session)
        CALL.set(session.name)
        try:
            with self._house.crowd.connected(visitor.address):
                ended = await session.run()
        finally:
            self._sessions.discard(session)
        log.info(
            "call %s (%s %r) ended: %d %s",  # what the far end calls it may be any text
            *(session.name, wire.name, wire.peer_id, ended.code, ended.reason),
            extra={FIELDS: {"tenant": visitor.tenant, "address": visitor.address}},
        )
        return ended

    def _open_log(self, name: str, sound: Sound) -> CallLog | None:
        if self._settings.log_dir is None:
            return None
        started = datetime.now(UTC)
        path = self._settings.log_dir / f"{started:%Y%m%dT%H%M%S}-{name}.jsonl"
        started_at = started.isoformat()
        return CallLog(path, sound, self._house.clock, started_at, name, self._scribe.file)


def _not_listening(settings: ServerSettings, error: OSError) -> SecoustiError:
    where = f"{settings.host}:{settings.port}"
    if error.errno == errno.EADDRINUSE:
        return SecoustiError(f"{where} is in use: stop what listens there or choose another --port")
    return SecoustiError(f"cannot listen on {where}: {error.strerror}; check --host and --port")
