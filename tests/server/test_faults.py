"""Parts that fail and calls that end, on virtual time: never a dead line, always a known code."""

from __future__ import annotations

import asyncio
import dataclasses

import numpy as np
import pytest

from codec.rates import HIGH, RATES
from server.dialogue import WORDS, apology
from server.scripts import ScriptShelf
from server.settings import ServerSettings
from server.wires import native
from server.wires.closing import CloseCode
from tests.server.fakes import (
    Broken,
    FakeCodec,
    FakeConversation,
    FakeDecoder,
    FakeEncoder,
    FakeListener,
    reply_of,
)
from tests.server.virtual import SILENT, always, now, spend, virtually
from voice_agent.contracts import RiskLevel, RiskState

BOTH = pytest.mark.parametrize("rate", RATES)
APOLOGY = "I'm sorry"
PARTING = "I'm sorry, something on my side keeps failing"


def with_apology():
    """A shelf that has the apologies, one packet long."""
    shelf = ScriptShelf()
    for rate in RATES:
        packet = FakeEncoder(RATES[rate], 1)._packet(np.float32(0.1), 0)
        for words in WORDS:
            shelf.put(rate, apology(words=words).text, [packet])
    return shelf


def test_a_mind_that_fails_is_apologised_for():
    async def caller(line, session):
        await line.until(native.End)
        await line.turn()
        await line.until(native.End, 2)
        assert all(turn.said.startswith(APOLOGY) for turn in line.of(native.TurnInfo))
        assert all(line.audio().values())

    virtually(caller, conversation=always(Broken()))


def test_a_mind_that_is_too_slow_is_apologised_for_and_waited_for():
    def slow(turn):
        if turn.text == "one":
            spend(12)
        return reply_of("Late." if turn.text == "one" else "In time.")

    talk = FakeConversation(answer=slow)

    async def caller(line, session):
        await line.until(native.End)
        await line.turn()
        heard = now()
        await line.until(native.Begin, 2)
        assert now() - heard == pytest.approx(8.0, abs=0.3)
        await line.until(native.End, 2)
        await line.speak(SILENT, 0.6)
        await line.turn()
        await line.until(native.End, 3)
        said = [turn.said for turn in line.of(native.TurnInfo)]
        assert said[1].startswith(APOLOGY)
        assert said[2] == "In time."
        assert ("Late.", 0) in talk.truncated

    virtually(
        caller,
        settings=ServerSettings(hold_s=99.0),
        conversation=always(talk),
        listener=lambda: FakeListener(texts=["one", "two"]),
    )


@BOTH
def test_a_voice_that_fails_is_apologised_for_without_it(rate):
    talk = FakeConversation()

    async def caller(line, session):
        await line.until(native.End)
        assert len(line.audio()[2]) == 1
        said = [turn.said for turn in line.of(native.TurnInfo)]
        assert said[0] == "Hello."
        assert said[1].startswith(APOLOGY)
        assert talk.truncated == [("Hello.", 0)]

    virtually(caller, rate, shelf=with_apology(), voice=Broken(), conversation=always(talk))


def test_no_voice_and_no_rendered_apology_end_the_call_with_words():
    async def caller(line, session):
        await line.until(native.Failure)
        assert "voice" in line.of(native.Failure)[0].message

    assert virtually(caller, voice=Broken()).code is CloseCode.FAULT


class NoEncoder(FakeCodec):
    def stream_encoder(self, slots=1):
        return Broken()


def test_a_script_needs_neither_voice_nor_encoder():
    script = reply_of("Please call 988 now.", script_id="crisis")
    packets = [FakeEncoder(HIGH, 1)._packet(np.float32(0.1), 0)]
    shelf = ScriptShelf()
    shelf.put("high", script.text, packets)

    async def caller(line, session):
        await line.until(native.End)
        assert line.audio() == {1: packets}
        assert line.of(native.TurnInfo)[0].said == script.text

    virtually(
        caller,
        shelf=shelf,
        voice=Broken(),
        codecs={name: NoEncoder(rate) for name, rate in RATES.items()},
        conversation=always(FakeConversation(greeting=script)),
    )


def test_a_recorded_script_needs_no_voice():
    script = reply_of("Please call 988 now.", "I stay with you.", script_id="crisis")

    class Recorded(ScriptShelf):
        def sound(self, text):
            return np.full(8_000, 0.2, np.float32) if text == script.text else None

    async def caller(line, session):
        await line.until(native.End)
        decoder = FakeDecoder(HIGH, 1)
        pcm = [decoder.step([packet], [0])[0].numpy() for packet in line.audio()[1]]
        assert (np.concatenate(pcm) > 0.19).sum() == pytest.approx(8_000, abs=640)

    talk = FakeConversation(greeting=script)
    virtually(caller, shelf=Recorded(), voice=Broken(), conversation=always(talk))


def test_ears_that_fail_are_replaced_and_apologised_for():
    made = []

    def listener():
        made.append(Broken() if not made else FakeListener())
        return made[-1]

    async def caller(line, session):
        await line.until(native.Packets, 3)
        await line.until(native.End, 2)
        await line.speak(SILENT, 0.6)
        await line.turn()
        await line.until(native.End, 3)
        said = [turn.said for turn in line.of(native.TurnInfo)]
        assert said[1].startswith(APOLOGY)
        assert said[2] == "You said I feel tired."
        latency = line.of(native.TurnInfo)[2].latency_ms
        assert latency["voice_to_voice"] == pytest.approx(200, abs=41)

    virtually(caller, listener=listener, shelf=with_apology())


def test_ears_that_go_on_failing_are_told_of_and_end_the_call():
    async def caller(line, session):
        await line.until(native.Failure)
        said = [turn.said for turn in line.of(native.TurnInfo)]
        assert said[-1].startswith(PARTING)
        assert len(line.of(native.End)) == len(line.of(native.Begin))

    assert virtually(caller, listener=Broken, shelf=with_apology()).code is CloseCode.FAULT


def test_a_packet_that_does_not_decode_is_told_of_and_ends_the_call():
    async def caller(line, session):
        await line.until(native.End)
        line.encoder.index[0] += 32  # a voice period: the sizes fit, the places do not
        await line.until(native.Failure)
        assert line.of(native.TurnInfo)[-1].said.startswith(PARTING)

    assert virtually(caller).code is CloseCode.FAULT


def test_a_mind_that_goes_on_failing_says_so_and_ends_the_call():
    async def caller(line, session):
        for count in (1, 2):
            await line.until(native.End, count)
            await line.speak(SILENT, 0.6)
            await line.turn()
        await line.until(native.Failure)
        said = [turn.said[:9] for turn in line.of(native.TurnInfo)]
        assert said == [APOLOGY, APOLOGY, PARTING[:9]]
        assert line.of(native.TurnInfo)[-1].said.startswith(PARTING)

    assert virtually(caller, conversation=always(Broken())).code is CloseCode.FAULT


def test_an_apology_goes_on_with_the_risk_of_the_call():
    high = RiskState(level=RiskLevel.HIGH)

    def answer(turn):
        if turn.text == "two":
            raise RuntimeError("on purpose")
        return dataclasses.replace(reply_of("I stay with you."), risk=high)

    async def caller(line, session):
        for count in (1, 2):
            await line.until(native.End, count)
            await line.speak(SILENT, 0.6)
            await line.turn()
        await line.until(native.End, 3)
        assert [turn.risk for turn in line.of(native.TurnInfo)] == ["none", "high", "high"]

    talk = FakeConversation(answer=answer)
    virtually(
        caller, conversation=always(talk), listener=lambda: FakeListener(texts=["one", "two"])
    )


def test_a_reply_can_end_the_call():
    talk = FakeConversation(greeting=reply_of("Goodbye.", end_call=True))

    async def caller(line, session):
        await line.until(native.Bye)
        assert line.of(native.End)

    assert virtually(caller, conversation=always(talk)).code is CloseCode.NORMAL


def test_a_server_that_leaves_lets_the_reply_end():
    talk = FakeConversation(greeting=reply_of("x" * 200))

    async def caller(line, session):
        await line.until(native.Packets, 3)
        session.leave()
        await line.until(native.Bye)
        assert line.of(native.End)

    assert virtually(caller, conversation=always(talk)).code is CloseCode.GOING_AWAY


def test_a_reply_that_is_too_long_is_cut_when_the_server_leaves():
    talk = FakeConversation(greeting=reply_of("x" * 2000))

    async def caller(line, session):
        await line.until(native.Packets, 3)
        session.leave()
        left = now()
        await line.until(native.Bye)
        assert now() - left == pytest.approx(10, abs=0.1)

    assert virtually(caller, conversation=always(talk)).code is CloseCode.GOING_AWAY


def test_a_silent_line_is_closed():
    async def caller(line, session):
        await line.until(native.End)
        await asyncio.sleep(21)
        assert line.of(native.Failure)[0].code == CloseCode.IDLE

    assert virtually(caller).code is CloseCode.IDLE


def test_a_call_has_a_longest_duration():
    async def caller(line, session):
        await line.until(native.Bye)
        assert now() == pytest.approx(30, abs=1)

    short = dataclasses.replace(ServerSettings(), call_limit_s=30)
    assert virtually(caller, settings=short).code is CloseCode.CALL_LIMIT


def test_minutes_of_talk_leave_nothing_growing():
    """Twenty turns: the outbox is drained, the arrivals are bounded, every slot is free after."""

    async def caller(line, session):
        await line.until(native.End)
        for count in range(2, 22):
            await line.speak(SILENT, 0.6)
            await line.turn()
            await line.until(native.End, count)
        assert [turn.heard for turn in line.of(native.TurnInfo)[1:]] == ["I feel tired"] * 20
        assert line.of(native.Flush) == []

    virtually(caller)
