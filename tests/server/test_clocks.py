"""Clocks that jump: a machine that slept, and a time of day that was set."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from codec.rates import RATES
from server.limits import Limits, Meter
from server.playout import Playout
from server.settings import ServerSettings
from server.store.keeper import DAY_S, Keeper
from server.store.store import Entry
from server.wires import native
from server.wires.audiosocket import AudioSocketWire
from server.wires.closing import CallEnded, CloseCode
from tests.server.fakes import FakeConversation, reply_of, run
from tests.server.phones import AsteriskPhone
from tests.server.virtual import SILENT, always, now, over, virtually

BOTH = pytest.mark.parametrize("rate", RATES)


def sleep_machine(seconds):
    """The clock goes on while nothing else does."""
    asyncio.get_running_loop().virtual.now += seconds


@BOTH
@pytest.mark.parametrize("asleep_s", [0.5, 5.0, 60.0])
def test_a_machine_that_slept_goes_on_with_the_call_and_sends_no_burst(rate, asleep_s):
    talk = FakeConversation(greeting=reply_of("x" * 300))

    async def caller(line, session):
        await line.until(native.Packets, 3)
        sleep_machine(asleep_s)
        woke = now()
        end = await line.until(native.End)
        packet_s = line.rate.packet_ms / 1000
        assert len(line.audio()[1]) * line.rate.packet_samples == end.samples
        at_once = [at for at in line.at(native.Packets) if woke <= at < woke + packet_s]
        assert len(at_once) * packet_s <= 0.4 + 2 * packet_s  # the lead and no more
        await line.turn()
        await line.until(native.End, 2)
        assert talk.turns == ["I feel tired"]

    assert virtually(caller, rate, conversation=always(talk)).code is CloseCode.NORMAL


@pytest.mark.parametrize("back_s", [0.001, 1.0, 3600.0])
def test_a_clock_that_steps_back_waits_for_no_past_moment(back_s):
    """CLOCK_MONOTONIC does not; a virtual machine's has been seen to. Nothing becomes negative."""
    time = [1000.0]
    playout, meter = Playout(lambda: time[0], lead_ms=400), Meter(Limits(), lambda: time[0])
    playout.begin()
    for _ in range(10):
        playout.sent(640)
        meter.audio(0.04)
    time[0] -= back_s
    assert playout.wait_s(640) >= 0
    assert playout.heard_samples() >= 0
    time[0] += back_s + 1.0
    assert playout.remaining_s() == 0
    meter.audio(0.04)


def test_ten_minutes_of_a_reply_have_no_drift():
    """A frame each 20 ms by sample count, the last where it belongs."""
    talk = FakeConversation(greeting=reply_of("x" * 30_000))

    async def caller(phone, _):
        await phone.speak(SILENT, 0.1)
        await asyncio.sleep(610)
        times = np.array([at for at, message in phone.got[:30_000]])
        places = times[0] + 0.02 * np.arange(30_000)
        assert np.abs(times[2:] - (places[2:] - 0.02)).max() < 1e-6
        assert np.diff(times[2:]).max() == pytest.approx(0.02, abs=1e-6)

    class Phone(AsteriskPhone):
        def take(self, message):
            pass

    patient = ServerSettings(idle_timeout_s=3600)
    over(Phone(), AudioSocketWire(lambda _: True), caller, patient, conversation=always(talk))


def test_a_time_of_day_that_is_set_back_loses_nothing(tmp_path):
    """A machine without a battery wakes up in 1970: calls are kept, and none is swept away."""
    day = [20_000 * DAY_S]
    keeper = Keeper(str(tmp_path / "calls"), clock=lambda: day[0])

    async def work():
        keeper.start()
        keeper.write(keeper.store.begin, Entry("first", "native", "", day[0], "somebody"))
        day[0] = 60.0
        kept = keeper.call("second", "native", "", "")
        kept.begin(FakeConversation(), None)
        kept.end(CallEnded(CloseCode.NORMAL, "goodbye"))
        keeper.write(keeper.store.sweep, day[0], 30 * DAY_S)
        await keeper.close()

    run(work())
    assert keeper.store.count() == 2
    assert [caller.calls for caller in keeper.store.callers()] == [1]
