"""One call on virtual time: the floor changes hands, nothing stale is heard, parts may fail."""

from __future__ import annotations

import numpy as np
import pytest

from codec.rates import RATES
from server.wires import native
from server.wires.closing import CloseCode
from tests.server.fakes import (
    FakeConversation,
    FakeDecoder,
    FakeListener,
    FakeVoice,
    reply_of,
)
from tests.server.virtual import LOUD, SILENT, always, now, spend, virtually
from voice_agent.listen.events import SpeechDismissed

BOTH = pytest.mark.parametrize("rate", RATES)


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
        await line.until(native.Packets, 20 if rate == "high" else 6)  # past the grace for echo
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
        await line.speak(LOUD, 0.08)
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


def test_who_speaks_on_during_thought_is_answered_once_for_all_of_it():
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
        assert turns == [("Hello.", 1), ("Answer to one two.", 2)]
        assert sorted(line.audio()) == [1, 2]
        assert talk.turns == ["one two"]
        assert talk.truncated == []

    virtually(
        caller, conversation=always(talk), listener=lambda: FakeListener(texts=["one", "two"])
    )


def test_a_turn_that_ended_during_thought_is_answered_with_the_one_before():
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
        assert [turn.generation for turn in line.of(native.TurnInfo)] == [1, 2]
        assert line.of(native.TurnInfo)[1].said == "Answer to one two."
        assert talk.turns == ["one two"]

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
