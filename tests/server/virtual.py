"""Calls on virtual time: half a minute of dialogue in milliseconds, the same on a busy machine.

The event loop's clock jumps to the next deadline as soon as nothing is left to do. There are no
threads: the engine steps on the loop, and the pool runs its work at once and delivers it when the
virtual time that the work says it :func:`spend`\\ s has passed.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future
from typing import Any

import torch

from codec.rates import RATES, Rate
from server.ahead import Spare
from server.engine import Engine, _settle
from server.house import House
from server.scripts import ScriptShelf
from server.session import Session
from server.settings import ServerSettings
from server.wires import native
from server.wires.closing import CallEnded, CloseCode, Dropped
from tests.server.fakes import FakeEncoder, fake_parts

LOUD, SILENT = 0.4, 0.0


class VirtualSelector(selectors.SelectSelector):
    """Never waits: what would be waited is added to the clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout is None:
            raise AssertionError("the test waits for something that will never come")
        if not ready and timeout:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock only moves when everybody sleeps."""

    def __init__(self) -> None:
        self.virtual = VirtualSelector()
        super().__init__(self.virtual)

    def time(self) -> float:
        return self.virtual.now


_spent = [0.0]


def spend(seconds: float) -> None:
    """Called in pool work: this much virtual time passes before the result is there."""
    _spent[0] += seconds


class VirtualPool(Executor):
    """Runs work at once, delivers it later."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        _spent[0] = 0.0
        try:
            deliver, value = done.set_result, fn(*args, **kwargs)
        except Exception as error:
            deliver, value = done.set_exception, error
        asyncio.get_running_loop().call_later(_spent[0], _unless_cancelled, done, deliver, value)
        return done


def _unless_cancelled(done: Future[Any], deliver: Callable[[Any], None], value: Any) -> None:
    if not done.cancelled():
        deliver(value)


class VirtualEngine(Engine):
    """Steps on the loop instead of in a thread."""

    def submit(self, machine: Any, index: int, job: Any) -> None:
        super().submit(machine, index, job)
        asyncio.get_running_loop().call_soon(self._step_inline)

    def _step_inline(self) -> None:
        for machine in self.machines.values():
            if taken := machine.take():
                _settle(machine.run(taken))


class Line:
    """Both ends of a connection in memory; what the caller got, with the time it came."""

    def __init__(self, rate: Rate) -> None:
        self.rate, self.encoder, self.wire = rate, FakeEncoder(rate, 1), native.ClientWire()
        self.got: list[tuple[float, Any]] = []
        self._up: asyncio.Queue[bytes | str | Exception] = asyncio.Queue()
        self._gone = False

    # The server's side.

    async def receive(self) -> bytes | str:
        message = await self._up.get()
        if isinstance(message, Exception):
            raise message
        return message

    async def send(self, message: bytes | str) -> None:
        if self._gone:
            raise Dropped
        self.got.append((now(), self.wire.decode(message)))

    # The caller's side.

    def say(self, event: native.ClientEvent) -> None:
        self._up.put_nowait(native.encode(event))

    def hang_up(self) -> None:
        self._up.put_nowait(CallEnded(CloseCode.NORMAL, "the caller hung up"))

    def drop(self, noticed: bool = True) -> None:
        """The connection breaks; half-open, the server does not know yet."""
        self._gone = noticed
        if noticed:
            self._up.put_nowait(Dropped())

    async def speak(self, level: float, seconds: float) -> None:
        """Sends sound of that level in real time; a packet goes when its last sample is spoken."""
        for _ in range(round(seconds * 16_000 / self.rate.packet_samples)):
            await asyncio.sleep(self.rate.packet_ms / 1000)
            pcm = torch.full((1, self.rate.packet_samples), level)
            self._up.put_nowait(self.encoder.step(pcm, [0])[0])

    async def turn(self) -> None:
        """Half a second of speech and the silence that ends it (both rates: whole packets)."""
        await self.speak(LOUD, 0.64)
        await self.speak(SILENT, 0.48)

    async def until(self, kind: type[Any], count: int = 1) -> Any:
        """Waits for the count-th event of a kind, a silent line meanwhile; a minute must do."""
        for _ in range(round(60_000 / self.rate.packet_ms)):
            if len(self.of(kind)) >= count:
                return self.of(kind)[count - 1]
            await self.speak(SILENT, self.rate.packet_ms / 1000)
        raise AssertionError(f"no {kind.__name__} number {count} in {self.got}")

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for _, event in self.got if isinstance(event, kind)]

    def at(self, kind: type[Any]) -> list[float]:
        return [at for at, event in self.got if isinstance(event, kind)]

    def audio(self) -> dict[int, list[bytes]]:
        """Packets by the generation last begun."""
        sound: dict[int, list[bytes]] = {}
        current: list[bytes] = []
        for _, event in self.got:
            if isinstance(event, native.Begin):
                current = sound.setdefault(event.generation, [])
            elif isinstance(event, native.Packets):
                current += event.packets
        return sound


def always(part: Any) -> Callable[..., Any]:
    """A part maker that gives the same part to every caller."""
    return lambda *_: part


def now() -> float:
    return asyncio.get_running_loop().time()


def virtually(
    work: Callable[[Line, Session], Coroutine[Any, Any, Any]],
    rate: str = "high",
    settings: ServerSettings | None = None,
    shelf: ScriptShelf | None = None,
    **parts: Any,
) -> CallEnded:
    """One call over a :class:`Line`, greeted, while ``work(line, session)`` plays the caller."""
    line = Line(RATES[rate])
    line.say(native.Hello.model_validate({"rate": rate, "events": True}))
    return over(line, native.ServerWire(), work, settings, shelf, **parts)


def over(
    line: Any,
    wire: Any,
    work: Callable[[Any, Session], Coroutine[Any, Any, Any]],
    settings: ServerSettings | None = None,
    shelf: ScriptShelf | None = None,
    **parts: Any,
) -> CallEnded:
    """One call on virtual time over any ``line`` whose other end speaks ``wire``.

    Returns how the call ended; a task that is left behind fails.
    """

    async def call() -> CallEnded:
        chosen = settings or ServerSettings()
        made = fake_parts(**parts)
        slots = 8 if chosen.slots is None else chosen.slots
        engine = VirtualEngine(made.codecs, slots)
        house = House(
            chosen,
            made,
            engine,
            shelf or ScriptShelf(),
            VirtualPool(),
            VirtualPool(),
            now,
            lambda *_: None,
            spare=Spare(chosen.spoken_ahead),
        )
        session = Session("test", line, house, wire)
        running = asyncio.create_task(session.run())
        try:
            await work(line, session)
            line.hang_up()
            ended = await running
            # A caller who is away does not come back.
            await asyncio.gather(*house.seats._calls)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        assert engine.free == slots
        await asyncio.sleep(0.01)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return ended

    loop = VirtualLoop()
    with contextlib.closing(loop):
        return loop.run_until_complete(call())
