"""The number of calls comes from the codec's own steps; the call past it is refused politely."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from codec.rates import HIGH, LOW, RATES
from server.app import Server
from server.capacity import (
    BUSY_SHARE,
    CALLS_PER_CORE,
    FEWEST_S,
    MOST_S,
    SIZES,
    Turnover,
    fitting,
    measured,
)
from server.settings import ServerSettings
from server.wires import native
from server.wires.closing import CloseCode
from tests.server.fakes import FakeCodec, FakeDecoder, FakeEncoder, fake_parts, run
from tests.server.sockets import QUICK, calling, with_server
from tests.server.wires.test_twilio import with_parameters
from tests.server.wires.test_vendors import VENDORS

CODECS = {name: FakeCodec(rate) for name, rate in RATES.items()}


class Clock:
    """Time passes only while a codec steps."""

    now = 0.0

    def __call__(self):
        return self.now


def costly(clock, fixed_ms, each_ms):
    """Codecs of which each step costs so much."""

    class Costly(FakeCodec):
        def stream_encoder(self, slots=1):
            outer = FakeEncoder(self.rate, slots)

            class Encoder(FakeEncoder):
                def step(self, pcm, rows):
                    clock.now += (fixed_ms + each_ms * len(rows)) / 1000
                    return outer.step(pcm, rows)

            return Encoder(self.rate, slots)

        def stream_decoder(self, slots=1):
            return FakeDecoder(self.rate, slots)

    return {"high": Costly(HIGH)}


@given(st.floats(0, 5), st.floats(0.05, 5))
@settings(max_examples=30, deadline=None)
def test_the_measured_number_is_what_the_costs_allow(fixed_ms, each_ms):
    clock = Clock()
    budget_ms = BUSY_SHARE * HIGH.packet_ms
    capacity = measured(costly(clock, fixed_ms, each_ms), clock=clock, cores=512)
    exact = min(SIZES[-1], (budget_ms - fixed_ms) / each_ms)
    assert capacity.slots == pytest.approx(exact, abs=1.01)
    assert capacity.slots <= max(1, exact + 1e-6)


def test_the_slowest_rate_decides():
    clock = Clock()
    both = costly(clock, 0, 1) | {"low": FakeCodec(LOW)}
    assert measured(both, clock=clock, cores=512).slots == pytest.approx(20, abs=1)
    assert set(measured(both, clock=clock).step_ms) == {"high", "low"}


def test_each_core_has_ears_and_a_voice_for_so_many_and_no_more():
    cheap = costly(clock := Clock(), 0, 0.001)
    assert measured(cheap, clock=clock, cores=2).slots == 2 * CALLS_PER_CORE


def test_a_machine_that_is_too_busy_takes_one_call_and_says_so(caplog):
    clock = Clock()
    assert measured(costly(clock, 60, 0), clock=clock).slots == 1
    assert "too slow for one call" in caplog.text


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=len(SIZES)), st.floats(1, 100))
def test_more_time_never_fits_fewer_calls(times, budget_ms):
    table = dict(zip(SIZES, sorted(times), strict=False))
    few, more = fitting(table, budget_ms), fitting(table, 2 * budget_ms)
    assert few <= more <= max(table)
    for size, longer in pairwise(sorted(table)):
        assert not (table[longer] > budget_ms and few > longer), size


def test_a_server_measures_itself_unless_it_is_told():
    async def work():
        async with Server(dataclasses.replace(QUICK, slots=None), fake_parts()) as server:
            assert server.capacity.slots == server._engine.slots >= 1
            assert set(server.capacity.step_ms) == set(RATES)
            async with calling(server) as caller:
                [welcome] = caller.of(native.Welcome)
                assert welcome.slots == server.capacity.slots
                assert welcome.free == welcome.slots - 1
        assert Server(ServerSettings(slots=3), fake_parts()).capacity.slots == 3

    run(work())


def test_retry_after_follows_how_soon_calls_end():
    turnover = Turnover()
    unknown = turnover.retry_after_s(8)
    assert FEWEST_S <= unknown <= MOST_S
    for _ in range(40):
        turnover.ended(240.0)
    assert turnover.retry_after_s(8) == 30
    assert turnover.retry_after_s(1) == 240
    assert turnover.retry_after_s(1_000) == FEWEST_S
    turnover.ended(10**6)
    assert turnover.retry_after_s(1) == MOST_S


OPENINGS = {
    "/call": native.encode(native.Hello()),
    "/twilio": json.dumps(with_parameters({})),
    "/asterisk": '{"event":"MEDIA_START","channel_id":"1.7","format":"slin"}',
    "/v1/realtime": json.dumps({"type": "session.update", "session": {"type": "realtime"}}),
} | {f"/{name}": json.dumps(vendor.start("")) for name, vendor in VENDORS.items()}


async def refused(server, path):
    """Calls where no slot is free; the close code."""
    protocols = [native.SUBPROTOCOL] if path == "/call" else None
    address = f"ws://127.0.0.1:{server.port}{path}"
    async with connect(address, compression=None, subprotocols=protocols) as socket:
        await socket.send(OPENINGS[path])
        with pytest.raises(ConnectionClosed):
            while True:
                await socket.recv()
        return socket.close_code


def test_calls_past_the_last_slot_are_refused_on_every_wire_and_the_running_one_is_unharmed():
    """While they are told so, the running call hears all of its answer."""

    async def work(server):
        async with calling(server) as running:
            await running.until(native.End)
            others = asyncio.gather(*(refused(server, path) for path in OPENINGS))
            await running.turn()
            end = await running.until(native.End, 2)
            assert set(await others) == {CloseCode.TRY_LATER}
            assert end.samples == len(running.audio()[2]) * running.rate.packet_samples
            refusals = server.metrics.refusals.collect()[0].samples
            total = sum(s.value for s in refusals if s.name.endswith("_total"))
            assert total == len(OPENINGS)

    with_server(work, dataclasses.replace(QUICK, slots=1))


def test_a_refusal_says_how_full_the_house_is_and_when_to_come_back():
    async def work(server):
        async with calling(server), calling(server, hello=False) as late:
            await late.socket.send(native.encode(native.Hello()))
            await late.closed()
            [failure] = late.of(native.Failure)
            assert (failure.code, failure.free, failure.slots) == (1013, 0, 1)
            assert FEWEST_S <= failure.retry_after_s <= MOST_S

    with_server(work, dataclasses.replace(QUICK, slots=1))
