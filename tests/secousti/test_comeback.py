"""A call whose socket is killed mends itself: the client against a real server, both rates."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses

import numpy as np
import pytest

from codec.errors import SecoustiError
from codec.rates import HIGH, LOW, RATES
from secousti.client import Broken, Mended, connect
from server.app import Server
from server.calllog import read_call
from server.settings import ServerSettings
from server.wires import native
from tests.secousti.test_client import Follower, loud, silent
from tests.server.fakes import FakeCodec, FakeConversation, fake_parts, reply_of, run

KEEPING = ServerSettings(port=0, slots=1, last_reply_s=0.5, resume_s=30.0)
RATE = pytest.mark.parametrize("rate", [LOW, HIGH], ids=lambda rate: rate.name)


class Proxy:
    """A TCP line in between that can be cut, or go deaf without a sign (half-open)."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._ends: list[asyncio.StreamWriter] = []
        self._pumps: set[asyncio.Task[None]] = set()
        self.deaf = False

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for pump in self._pumps:
            pump.cancel()
        for end in self._ends:
            end.transport.abort()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _accept(self, reader, writer) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        self._ends += [writer, back]
        line = len(self._ends)
        for source, sink in ((reader, back), (there, writer)):
            pump = asyncio.create_task(self._pump(source, sink, line))
            self._pumps.add(pump)

    async def _pump(self, source, sink, line) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                if not (self.deaf and line == 2):  # the first connection goes deaf
                    sink.write(data)
            sink.close()

    def cut(self) -> None:
        """RST on both sides of the newest connection."""
        for end in self._ends[-2:]:
            end.transport.abort()


def through(work, rate=HIGH, settings=KEEPING, **parts):
    """Runs ``work(call, caller, proxy, server)`` in a call over a :class:`Proxy`."""

    async def inner():
        async with (
            Server(settings, fake_parts(**parts)) as server,
            Proxy(server.port) as proxy,
            connect(proxy.url, FakeCodec(rate)) as call,
        ):
            caller = Follower(call)
            await work(call, caller, proxy, server)
            caller.task.cancel()
            await asyncio.gather(caller.task, return_exceptions=True)

    run(inner())


@RATE
def test_a_socket_killed_in_a_turn_loses_nothing(rate, tmp_path):
    """The turn is one turn, every packet comes once, and the logs of both calls agree."""
    talk = FakeConversation()
    settings = dataclasses.replace(KEEPING, log_dir=tmp_path)

    async def work(call, caller, proxy, server):
        await caller.until(native.End)
        await caller.speak(loud(0.64))
        proxy.cut()
        await caller.speak(loud(0.64))  # said while the line is down
        await caller.until(Mended)
        await caller.speak(silent(0.64))
        await caller.until(native.TurnInfo, 2)
        assert talk.turns == ["I feel tired"]
        assert len(caller.of(Broken)) == 1
        assert server.metrics.registry.get_sample_value(
            "secousti_resumes_total", {"wire": "native"}
        )
        await call.close()
        await caller.task
        [path] = tmp_path.glob("*.jsonl")
        logged = read_call(path)
        assert len(logged.uplink()) == call.up.packets
        assert [e["event"] for e in logged.events if e["event"] in ("dropped", "resumed")] == [
            "dropped",
            "resumed",
        ]

    through(work, rate, settings, conversation=lambda locale: talk)


@RATE
def test_a_socket_killed_in_a_reply_has_it_said_from_its_sentence(rate):
    talk = FakeConversation(greeting=reply_of("a" * 60, "b" * 60))

    async def work(call, caller, proxy, server):
        await caller.until(native.Begin)
        for _ in range(200):
            if call.played() > 1.6 * 16_000:  # in the second sentence
                break
            await asyncio.sleep(0.05)
        proxy.cut()
        await caller.until(native.End)
        assert [begin.generation for begin in caller.of(native.Begin)] == [1, 2]
        second = np.concatenate(caller.sound[2])
        assert np.abs(second).max() == pytest.approx(0.3, abs=1e-3)
        assert 1.0 < len(second) / 16_000 < 2.2  # one sentence of the two

    through(work, rate, conversation=lambda locale: talk)


def test_a_half_open_line_is_taken_over_by_the_new_one():
    async def work(call, caller, proxy, server):
        await caller.until(native.End)
        proxy.deaf = True
        await caller.speak(loud(0.64))  # goes nowhere, and nobody is told
        call._socket.transport.abort()  # the client is the first to give up
        await caller.until(Mended)
        await caller.speak(silent(0.64))
        await caller.until(native.TurnInfo, 2)
        assert [turn.heard for turn in caller.of(native.TurnInfo)] == ["", "I feel tired"]

    through(work)


def test_after_a_long_break_the_stream_begins_anew():
    async def work(call, caller, proxy, server):
        await caller.until(native.End)
        await caller.speak(loud(0.4))
        await asyncio.sleep(0.3)
        proxy.cut()
        await caller.until(Broken)
        for _ in range(8):  # more than is kept, faster than real time
            await call.send(silent(1))
        await caller.until(Mended)
        await caller.speak(loud(0.64), silent(0.64))
        await caller.until(native.TurnInfo, 2)

    through(work)


def test_a_call_that_is_over_when_the_caller_is_back_is_told_so():
    async def work(call, caller, proxy, server):
        await caller.until(native.End)
        await server.drain()
        with pytest.raises(SecoustiError, match="stays so"):
            call.welcome = call.welcome.model_copy(update={"resume_s": 0.5})
            call._wire.state = native.State.TALKING
            await call._come_back()

    through(work)


def test_a_server_that_has_given_the_call_up_says_so():
    async def work(call, caller, proxy, server):
        await caller.until(native.End)
        server._house.seats.forget(call.session)
        proxy.cut()
        with pytest.raises(SecoustiError, match="has ended the call"):
            await caller.task
        for task in list(server._house.seats._calls):
            task.cancel()

    through(work)


@pytest.mark.parametrize("rate", RATES.values(), ids=lambda rate: rate.name)
def test_a_call_changes_its_rate(rate):
    other = LOW if rate is HIGH else HIGH

    async def work(call, caller, proxy, server):
        await caller.until(native.End)
        await call.switch(FakeCodec(other))
        await caller.speak(loud(0.64), silent(0.64))
        await caller.until(native.End, 2)
        assert [begin.rate for begin in caller.of(native.Begin)] == [rate.name, other.name]
        assert np.concatenate(caller.sound[2]).max() == pytest.approx(0.3, abs=1e-3)
        assert call.up.seconds == pytest.approx(1.28)

    through(work, rate)


def test_a_rate_the_server_has_not_is_refused_here():
    async def work(call, caller, proxy, server):
        with pytest.raises(SecoustiError, match="choose one of high"):
            await call.switch(FakeCodec(LOW))

    through(work, codecs={"high": FakeCodec(HIGH)})
