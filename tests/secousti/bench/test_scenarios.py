"""The scenarios of the soak against a server of fakes, and against servers that do leak."""

from __future__ import annotations

import asyncio
import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest

from codec.rates import HIGH
from secousti.bench import scenarios
from secousti.bench.far_ends import AudioSocketEnd, NativeEnd, TwilioEnd
from secousti.bench.lines import pcm_repertoire, token_repertoire
from secousti.bench.scenarios import SCENARIOS, Field, growth_kib
from secousti.bench.scrape import Scrape
from secousti.bench.standing import Standing
from server.engine import Engine
from server.limits import CrowdLimits
from server.session import Session
from server.wires.twilio import MULAW
from tests.server.fakes import FakeCodec, run
from tests.server.sockets import QUICK, with_server
from tests.server.test_hostile import Forgiving

NOTHING = [np.zeros(1600, np.float32)]
KINDS = {
    "native": (lambda: NativeEnd(HIGH), token_repertoire(FakeCodec(HIGH), HIGH, NOTHING)),
    "twilio": (TwilioEnd, pcm_repertoire(MULAW, 20, NOTHING)),
    "audiosocket": (AudioSocketEnd, pcm_repertoire(AudioSocketEnd.form, 20, NOTHING)),
}
SETTINGS = dataclasses.replace(
    QUICK,
    slots=3,
    audiosocket_port=0,
    idle_timeout_s=4.0,
    hello_timeout_s=0.5,
    resume_s=0.2,
    crowd=CrowdLimits(address_handshakes_per_s=1000, address_connections=1000),
)
QUICKLY = [name for name in SCENARIOS if name != "half handshakes"]  # which takes ten seconds


class Here:
    """A server of this process, as the scenarios see one."""

    def __init__(self, server):
        self._server = server
        self.port, self.audiosocket_port = server.port, server.audiosocket_port

    async def scrape(self):
        return Scrape.of(generate_latest(self._server.metrics.registry).decode())

    async def health(self):
        return {"slots": self._server.capacity.slots, "calls": self._server.calls}


def carried_out(name, monkeypatch, calls=9, waits_s=6.0):
    monkeypatch.setattr(scenarios, "SLOW_S", 0.3)

    async def work(server):
        return await SCENARIOS[name](Field(Here(server), KINDS, calls, waits_s))

    return with_server(work, SETTINGS, codecs={"high": Forgiving(HIGH)})


@pytest.mark.parametrize("name", QUICKLY)
def test_our_server_stands_it(name, monkeypatch):
    # a growth of a few calls is that of this process, not of a call
    monkeypatch.setattr(scenarios, "GROWTH_KIB", 1e9)
    outcome = carried_out(name, monkeypatch)
    assert outcome.passed, outcome.numbers


def test_a_task_that_a_call_leaves_behind_fails_it(monkeypatch):
    left = []
    run = Session.run

    async def leaky(session):
        left.append(asyncio.create_task(asyncio.sleep(30)))
        return await run(session)

    monkeypatch.setattr(Session, "run", leaky)
    monkeypatch.setattr(scenarios, "SETTLE_S", 0.2)
    monkeypatch.setattr(scenarios, "GROWTH_KIB", 1e9)

    async def work(server):
        try:
            return await scenarios.short_calls(Field(Here(server), KINDS, 3, waits_s=0.2))
        finally:
            for task in left:
                task.cancel()

    outcome = with_server(work, SETTINGS, codecs={"high": Forgiving(HIGH)})
    assert not outcome.passed
    assert outcome.numbers["failed"] == 0


def test_a_slot_that_is_not_given_back_fails_it(monkeypatch):
    monkeypatch.setattr(scenarios, "SETTLE_S", 0.2)
    kept = []
    give_back = Engine.give_back

    def keeps(engine, slot):
        if kept:
            return give_back(engine, slot)
        return kept.append(slot)

    monkeypatch.setattr(Engine, "give_back", keeps)
    outcome = carried_out("sockets killed in a call", monkeypatch, waits_s=0.2)
    assert not outcome.passed
    assert outcome.numbers["slots held"] == 1


@given(st.floats(-50, 200), st.integers(4, 100))
def test_growth_is_the_slope(kib, count):
    line = [(calls, 1000 + kib * calls / 1024) for calls in range(count)]
    assert growth_kib(line) == pytest.approx(kib, abs=0.2)


class Growing:
    """A server of four slots that grows by 1 MiB with each round of calls, up to ``most`` MiB."""

    def __init__(self, most):
        self.mib, self.most = 0, most

    async def health(self):
        return {"slots": 4}

    def standing(self):
        return Standing(0, 1, 1, 1000.0 + min(self.mib, self.most))

    async def settled(self, *_):
        self.mib += 1
        return True, self.standing()


@pytest.mark.parametrize(
    ("most", "calls", "last"), [(20, 400, 0.0), (1000, 400, 256.0), (1000, 100, 0.0)]
)
def test_a_pool_that_fills_is_no_leak(monkeypatch, most, calls, last):
    async def standing(server):
        return server.standing()

    async def greeted(*_):
        return True

    monkeypatch.setattr(scenarios, "settled", Growing.settled)
    monkeypatch.setattr(scenarios, "standing", standing)
    monkeypatch.setattr(scenarios, "short_call", greeted)
    outcome = run(scenarios.short_calls(Field(Growing(most), KINDS, calls, 0.0)))
    assert outcome.passed is (last == 0.0), outcome.numbers
    assert outcome.numbers["KiB a call at first"] > scenarios.GROWTH_KIB
    assert outcome.numbers["KiB a call at last"] == last


def test_one_look_is_no_growth():
    assert growth_kib([(4, 1000.0)]) == 0.0
