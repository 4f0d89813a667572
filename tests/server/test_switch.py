"""The rate changes in a call, both ways; lost packets are made up; all of it is in the log."""

from __future__ import annotations

import asyncio
import time

import pytest

from codec.rates import HIGH, LOW, RATES
from server.calllog import CallLog, Stream, read_call
from server.engine import Engine
from server.line import TokenLine
from server.scripts import ScriptShelf
from server.wires import native
from server.wires.closing import CloseCode
from tests.server.fakes import FakeCodec, FakeConversation, FakeEncoder, reply_of, run
from tests.server.virtual import LOUD, SILENT, always, virtually

OTHER = {"high": LOW, "low": HIGH}


def switch(line, rate):
    """A new stream of that rate, as a client begins one."""
    line.say(native.Switch(rate=rate.name))
    line.rate, line.encoder = rate, FakeEncoder(rate, 1)


def counted(session, name):
    registry = session._house.metrics.registry
    return registry.get_sample_value(f"secousti_{name}_total", {"wire": "native"})


@pytest.mark.parametrize("rate", RATES)
def test_both_directions_change_their_rate_in_a_call(rate):
    async def caller(line, session):
        await line.until(native.End)
        switch(line, OTHER[rate])
        await line.turn()
        end = await line.until(native.End, 2)
        assert [begin.rate for begin in line.of(native.Begin)] == [rate, OTHER[rate].name]
        sound = line.audio()[2]
        assert end.samples == len(sound) * OTHER[rate].packet_samples
        switch(line, RATES[rate])  # and back
        await line.turn()
        await line.until(native.End, 3)
        assert line.of(native.Begin)[2].rate == rate

    assert virtually(caller, rate).code is CloseCode.NORMAL


def test_a_running_reply_keeps_its_rate():
    talk = FakeConversation(greeting=reply_of("a" * 150))

    async def caller(line, session):
        await line.until(native.Packets, 8)
        switch(line, LOW)
        await line.speak(SILENT, 4)
        [end] = line.of(native.End)
        assert end.samples == len(line.audio()[1]) * HIGH.packet_samples

    virtually(caller, conversation=always(talk))


def test_a_turn_may_go_on_across_a_switch():
    talk = FakeConversation()

    async def caller(line, session):
        await line.until(native.End)
        await line.speak(LOUD, 0.64)
        switch(line, LOW)
        await line.speak(LOUD, 0.64)
        await line.speak(SILENT, 0.48)
        await line.until(native.End, 2)
        assert talk.turns == ["I feel tired"]

    virtually(caller, conversation=always(talk))


def test_a_rate_without_a_codec_is_refused():
    async def caller(line, session):
        welcome = await line.until(native.Welcome)
        assert welcome.rates == ("high",)
        line.say(native.Switch(rate="low"))
        await asyncio.sleep(0.1)
        assert line.of(native.Failure)[0].code == CloseCode.PROTOCOL

    virtually(caller, codecs={"high": FakeCodec(HIGH)})


def test_lost_packets_are_made_up_counted_and_the_stream_stays_in_step():
    talk = FakeConversation()

    async def caller(line, session):
        await line.until(native.End)
        await line.speak(LOUD, 0.64)
        line.encoder.index[0] += 12
        line.say(native.Lost(packets=12))
        await line.until(native.End, 2)
        assert talk.turns == ["I feel tired"]
        assert counted(session, "lost_packets") == 12

    virtually(caller, conversation=always(talk))


def test_what_the_caller_had_to_make_up_is_counted_once():
    async def caller(line, session):
        await line.until(native.End)
        for concealed in (100, 250, 250):
            line.say(native.Played(generation=1, samples=9, concealed=concealed))
        await line.speak(SILENT, 0.2)
        assert counted(session, "concealed_seconds") == pytest.approx(250 / 16_000)

    virtually(caller)


def test_a_slot_restarts_whole_when_its_rate_changes():
    """Packets of the new stream decode from packet 0, also where another caller had the row."""

    async def work():
        engine = Engine({name: FakeCodec(rate) for name, rate in RATES.items()}, 1)
        engine.start()
        first = engine.claim("low")
        await first.decode(FakeEncoder(LOW, 1)._packet(0.1, 0))
        first.release()
        slot = engine.claim("high")
        line = TokenLine(slot, ScriptShelf())
        low, high = FakeEncoder(LOW, 1), FakeEncoder(HIGH, 1)
        await line.hear(high._packet(0.1, 0))
        line.switch("low")
        line.restart("low")
        assert line.samples([b"", None]) == 2 * LOW.packet_samples
        for _ in range(3):
            assert len(await line.hear(low._packet(0.1, 0))) == LOW.packet_samples
        assert len(await line.hear(None)) == LOW.packet_samples
        slot.release()
        engine.close()

    run(work())


def test_a_log_tells_the_streams_apart(tmp_path):
    def packets(rate, count, first=0):
        return [bytes([k]) * rate.packet_bytes(first + k) for k in range(count)]

    log = CallLog(tmp_path / "call.jsonl", HIGH, time.monotonic, "now")
    log.up(packets(HIGH, 9))
    log.event("lost", packets=3)
    log.up(packets(HIGH, 2, first=12))
    log.event("rate", rate="low")
    log.up(packets(LOW, 4))
    log.event("begin", gen=1, rate="high")
    log.down(1, packets(HIGH, 3))
    log.event("begin", gen=2, rate="low")
    log.down(2, packets(LOW, 3))
    log.close()
    call = read_call(tmp_path / "call.jsonl")
    assert call.uplinks() == [
        Stream(HIGH, [*packets(HIGH, 9), None, None, None, *packets(HIGH, 2, first=12)]),
        Stream(LOW, [*packets(LOW, 4)]),
    ]
    assert call.uplink() == packets(HIGH, 9) + packets(HIGH, 2, first=12) + packets(LOW, 4)
    assert (call.downlink(1), call.downlink(2)) == (packets(HIGH, 3), packets(LOW, 3))
