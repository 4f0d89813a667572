"""One call on virtual time: the floor changes hands, nothing stale is heard, parts may fail."""

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
    FakeVoice,
    reply_of,
)
from tests.server.virtual import LOUD, SILENT, now, spend, virtually
from voice_agent.contracts import RiskLevel, RiskState
from voice_agent.listen.events import SpeechDismissed

BOTH = pytest.mark.parametrize("rate", RATES)
APOLOGY = "I'm sorry"
PARTING = "I'm sorry, something on my side keeps failing"


def always(part):
    """A part maker that gives the same part to every caller."""
    return lambda *_: part


def with_apology():
    """A shelf that has the apologies, one packet long."""
    shelf = ScriptShelf()
    for rate in RATES:
        packet = FakeEncoder(RATES[rate], 1)._packet(np.float32(0.1), 0)
        for words in WORDS:
            shelf.put(rate, apology(words=words).text, [packet])
    return shelf


@BOTH
def test_a_call_greets_hears_and_answers(rate):
    async def caller(line, session):
        await line.until(native.End)
        await line.turn()
        end = await line.until(native.End, 2)
        greeting, answer = line.of(native.TurnInfo)
        assert (greeting.heard, greeting.said, greeting.generation) == ("", "Hello.", 1)
        assert (answer.heard, answer.said) == ("I feel tired", "You said I feel tired.")
        sound = line.audio()
        assert sorted(sound) == [1, 2]
        assert end.samples == len(sound[2]) * line.rate.packet_samples
        decoder = FakeDecoder(line.rate, 1)
        pcm = np.concatenate([decoder.step([p], [0])[0].numpy() for p in sound[2]])
        assert pcm.max() == pytest.approx(0.3, abs=1e-3)

    assert virtually(caller, rate).code is CloseCode.NORMAL


def test_the_parts_of_a_turn_add_up():
    """200 ms end the turn, 300 ms of thought, 80 ms of voice: all of it is found again."""

    class Slow(FakeVoice):
        def speak(self, text, pace=1.0):
            spend(0.08)
            yield from super().speak(text, pace)

    def think(turn):
        spend(0.3)
        return reply_of("Yes.")

    async def caller(line, session):
        await line.until(native.End)
        await line.speak(LOUD, 0.64)
        spoken = now()
        await line.until(native.End, 2)
        latency = line.of(native.TurnInfo)[1].latency_ms
        assert latency["think"] == pytest.approx(300)
        assert latency["speak_first"] == pytest.approx(80)
        # quiet packets come each 40 ms: the fifth makes 200 ms, the arrival of the speech counts
        assert latency["voice_to_voice"] == pytest.approx(200 + 300 + 80, abs=41)
        first = next(at for at in line.at(native.Packets) if at > spoken)
        assert 1000 * (first - spoken) == pytest.approx(latency["voice_to_voice"], abs=41)

    talk = FakeConversation(answer=think)
    virtually(caller, conversation=always(talk), voice=Slow())


@BOTH
def test_sound_is_never_sent_further_ahead_than_the_lead_nor_late(rate):
    talk = FakeConversation(greeting=reply_of("x" * 400))

    async def caller(line, session):
        await line.until(native.End)
        times = line.at(native.Packets)
        packet_s = line.rate.packet_ms / 1000
        ahead = [(k + 1) * packet_s - (at - times[0]) for k, at in enumerate(times)]
        assert len(times) * packet_s > 8
        assert max(ahead) <= 0.4 + 1e-6
        assert min(ahead[10:]) >= 0.4 - packet_s - 1e-6

    virtually(caller, rate, conversation=always(talk))


@BOTH
def test_barge_in_silences_the_agent_within_200_ms_of_being_noticed(rate):
    talk = FakeConversation(greeting=reply_of("a" * 200, "b" * 100))

    async def caller(line, session):
        await line.until(native.Packets, 8 if rate == "high" else 3)
        began = now()
        await line.speak(LOUD, 0.64)
        flush = await line.until(native.Flush)
        assert flush.generation == 1
        noticed_s = 0.096 if rate == "high" else 0.16  # in whole packets
        assert line.at(native.Flush)[0] - began <= noticed_s + 0.2
        await line.until(native.End)  # of the answer
        kinds = [type(event) for _, event in line.got]
        after = kinds[kinds.index(native.Flush) :]
        assert after.index(native.Begin) < after.index(native.Packets)
        [(text, chars)] = talk.truncated
        assert text == talk.greeting.text
        heard_s = line.at(native.Flush)[0] - line.at(native.Packets)[0]
        assert chars == pytest.approx(15 * heard_s, abs=2)  # length unknown: 15 a second

    virtually(caller, rate, conversation=always(talk))


def test_what_the_loudspeaker_has_played_decides_what_was_heard():
    talk = FakeConversation(greeting=reply_of("a" * 20, "b" * 100))

    async def caller(line, session):
        await line.until(native.Packets, 40)
        line.say(native.Played(generation=1, samples=6_400))
        await line.turn()
        await line.until(native.End)
        [(_, chars)] = talk.truncated
        # 0.4 s were played, and up to 0.28 s more until the cut; a character lasts 0.02 s
        assert 20 <= chars <= 20 + 0.3 / 0.02

    virtually(caller, conversation=always(talk))


def test_a_short_noise_does_not_cut_the_agent_off():
    talk = FakeConversation(greeting=reply_of("a" * 150))

    async def caller(line, session):
        await line.until(native.Packets, 4)
        await line.speak(LOUD, 0.16)
        await line.until(native.End)
        assert line.of(native.Flush) == []
        assert talk.truncated == []

    virtually(caller, conversation=always(talk))


class Murmur(FakeListener):
    """Everything turns out to have been a noise."""

    def _ended(self):
        self.started, self.loud = False, 0
        yield SpeechDismissed(self.heard / 16_000, "mm-hm")


def test_after_a_cut_by_something_that_was_no_turn_the_agent_goes_on():
    talk = FakeConversation(greeting=reply_of("First sentence.", "Second sentence here.", "Third."))

    async def caller(line, session):
        await line.until(native.Packets, 16)  # in the second sentence
        await line.turn()
        await line.until(native.End)
        assert [flush.generation for flush in line.of(native.Flush)] == [1]
        assert [begin.generation for begin in line.of(native.Begin)] == [1, 2]
        # from the second sentence on: 0.42 + 0.12 s of speech and two gaps
        assert len(line.audio()[2]) == pytest.approx((0.5 + 2 * 0.24) / 0.04, abs=2)
        assert talk.truncated == []
        assert len(line.of(native.TurnInfo)) == 1

    virtually(caller, listener=Murmur, conversation=always(talk))


def test_a_turn_during_thought_replaces_the_answer_that_nobody_heard():
    def slow(turn):
        spend(0.9)
        return reply_of(f"Answer to {turn.text}.")

    talk = FakeConversation(answer=slow)

    async def caller(line, session):
        await line.until(native.End)
        await line.speak(SILENT, 0.6)
        await line.turn()
        await line.turn()  # speaks on while the agent thinks
        await line.until(native.End, 2)
        turns = [(turn.said, turn.generation) for turn in line.of(native.TurnInfo)]
        assert turns == [("Hello.", 1), ("Answer to one.", 0), ("Answer to two.", 2)]
        assert sorted(line.audio()) == [1, 2]
        assert talk.truncated == [("Answer to one.", 0)]

    virtually(
        caller, conversation=always(talk), listener=lambda: FakeListener(texts=["one", "two"])
    )


def test_a_turn_that_ended_during_thought_is_answered_instead():
    """Both turns are over before the first thought is: its answer is stale and is not spoken."""

    def slow(turn):
        spend(3.0 if turn.text == "one" else 0.1)
        return reply_of(f"Answer to {turn.text}.")

    talk = FakeConversation(answer=slow)

    async def caller(line, session):
        await line.until(native.End)
        await line.speak(SILENT, 0.6)
        await line.turn()
        await line.turn()
        await line.until(native.End, 2)
        assert [turn.generation for turn in line.of(native.TurnInfo)] == [1, 0, 2]
        assert line.of(native.TurnInfo)[2].said == "Answer to two."
        assert talk.truncated == [("Answer to one.", 0)]

    virtually(
        caller, conversation=always(talk), listener=lambda: FakeListener(texts=["one", "two"])
    )


def test_a_slow_prosody_is_spoken_slower():
    lengths = {}
    for prosody in ("warm", "slow"):
        talk = FakeConversation(greeting=reply_of("x" * 200, prosody=prosody))

        async def caller(line, session, prosody=prosody):
            lengths[prosody] = (await line.until(native.End)).samples

        virtually(caller, conversation=always(talk))
    assert lengths["slow"] > 1.08 * lengths["warm"]


def test_a_reply_that_was_heard_out_is_not_cut_from_the_history():
    talk = FakeConversation()

    async def caller(line, session):
        await line.until(native.End)
        await line.speak(SILENT, 0.6)
        await line.turn()
        await line.until(native.End, 2)
        assert talk.truncated == []

    virtually(caller, conversation=always(talk))


def test_the_ears_know_when_the_agent_speaks():
    ears = FakeListener()

    async def caller(line, session):
        await line.until(native.Packets, 2)
        assert ears.agent_speaking
        await line.until(native.End)
        assert ears.agent_speaking  # what is queued is still to be heard
        await line.speak(SILENT, 0.48)
        assert not ears.agent_speaking

    virtually(caller, listener=always(ears))


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
        caller, conversation=always(talk), listener=lambda: FakeListener(texts=["one", "two"])
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
