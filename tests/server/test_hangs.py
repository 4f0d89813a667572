"""Parts that are slow or never come back, on virtual time: the caller is told, and no call stands.

A part that hangs spends an hour; what is slow spends seconds.
"""

from __future__ import annotations

import numpy as np
import pytest

from codec.rates import RATES
from server.settings import ServerSettings
from server.wires import native
from server.wires.closing import CloseCode
from server.wires.twilio import TwilioWire
from tests.server.fakes import FakeConversation, FakeListener, FakeVoice, reply_of
from tests.server.phones import TwilioPhone
from tests.server.test_faults import APOLOGY, PARTING, with_apology
from tests.server.virtual import SILENT, always, now, over, spend, virtually

BOTH = pytest.mark.parametrize("rate", RATES)
PATIENCE_S = ServerSettings().respond_deadline_s
HOUR = 3600.0
SILENT_THOUGHT = ServerSettings(hold_s=HOUR)


class Slow(FakeListener):
    """Ears that take so long for the n-th piece they are given, and for every one after it."""

    def __init__(self, seconds, count=10**9):
        super().__init__()
        self.seconds, self.count = seconds, count

    def push(self, pcm):
        if self.count:
            self.count -= 1
            spend(self.seconds)
        return super().push(pcm)


@BOTH
def test_ears_that_hang_are_replaced_and_apologised_for(rate):
    made = []

    def listener():
        made.append(FakeListener() if made else Slow(HOUR))
        return made[-1]

    async def caller(line, session):
        await line.until(native.End, 2)
        assert line.of(native.TurnInfo)[1].said.startswith(APOLOGY)
        assert 2 * PATIENCE_S <= now() <= 2 * PATIENCE_S + 3
        await line.speak(SILENT, 0.64)
        await line.turn()
        await line.until(native.End, 3)
        assert line.of(native.TurnInfo)[2].said == "You said I feel tired."

    virtually(caller, rate, listener=listener, shelf=with_apology())


def test_ears_that_always_hang_end_the_call_in_words():
    async def caller(line, session):
        await line.until(native.Failure)
        assert line.of(native.TurnInfo)[-1].said.startswith(PARTING)
        assert now() < 7 * PATIENCE_S

    ended = virtually(caller, listener=lambda: Slow(HOUR), shelf=with_apology())
    assert ended.code is CloseCode.FAULT


def test_ears_that_are_slow_hear_everything_late():
    """Each piece takes two seconds, for ten pieces: what came meanwhile is heard in one go."""
    talk = FakeConversation()

    async def caller(line, session):
        await line.until(native.End)
        await line.turn()
        await line.until(native.End, 2)
        assert talk.turns == ["I feel tired"]

    virtually(caller, listener=lambda: Slow(2.0, count=10), conversation=always(talk))


class Stuck(FakeVoice):
    """A voice that takes so long for each chunk of what begins with ``word``, from the n-th on."""

    def __init__(self, seconds, word="You", after=0):
        super().__init__()
        self.seconds, self.word, self.after = seconds, word, after

    def speak(self, text, pace=1.0):
        for number, chunk in enumerate(super().speak(text, pace)):
            if text.startswith(self.word) and number >= self.after:
                spend(self.seconds)
            yield chunk


@BOTH
@pytest.mark.parametrize("after", [0, 2], ids=["at once", "in a sentence"])
def test_a_voice_that_hangs_is_apologised_for_without_it(rate, after):
    talk = FakeConversation()

    async def caller(line, session):
        await line.until(native.End)
        await line.turn()
        heard = now()
        await line.until(native.End, 2)
        assert now() - heard < PATIENCE_S + 3
        assert line.of(native.TurnInfo)[-1].said.startswith(APOLOGY)
        [(text, chars)] = talk.truncated
        assert text.startswith("You said")
        assert (chars > 0) == (after > 0)

    virtually(
        caller,
        rate,
        voice=Stuck(HOUR, after=after),
        conversation=always(talk),
        shelf=with_apology(),
    )


def test_a_voice_that_is_slow_is_heard_out():
    async def caller(line, session):
        await line.until(native.End)
        await line.turn()
        end = await line.until(native.End, 2)
        assert end.samples == len(line.audio()[2]) * line.rate.packet_samples
        assert line.of(native.TurnInfo)[-1].said == "You said I feel tired."

    virtually(caller, voice=Stuck(1.5))


def test_a_mind_that_hangs_is_apologised_for_and_given_up():
    def hang(turn):
        spend(HOUR)
        return reply_of("Too late.")

    async def caller(line, session):
        for count in (1, 2, 3):
            await line.until(native.End, count)
            await line.speak(SILENT, 0.64)
            await line.turn()
        await line.until(native.Failure)
        said = [turn.said for turn in line.of(native.TurnInfo)]
        assert said[1].startswith(APOLOGY) and said[2].startswith(APOLOGY)
        assert said[-1].startswith(PARTING)

    talk = FakeConversation(answer=hang)
    ended = virtually(caller, settings=SILENT_THOUGHT, conversation=always(talk))
    assert ended.code is CloseCode.FAULT


def test_a_history_that_hangs_holds_nobody_up():
    class Hangs(FakeConversation):
        def heard(self, reply, spoken_chars):
            spend(HOUR if not self.turns else 0.0)

    talk = Hangs(greeting=reply_of("x" * 300))

    async def caller(line, session):
        await line.until(native.Packets, 4)
        await line.turn()  # cuts the greeting, of which the history is told
        await line.until(native.End)
        assert line.of(native.TurnInfo)[-1].said.startswith(APOLOGY)
        assert now() < 3 * PATIENCE_S

    virtually(caller, settings=SILENT_THOUGHT, conversation=always(talk), shelf=with_apology())


def test_a_person_who_does_not_answer_is_not_waited_for_for_long():

    def nobody(_):
        spend(HOUR)
        return True

    async def caller(phone, _):
        await phone.listen(2)
        phone.press("0")
        assert await phone.listen(PATIENCE_S - 1) == pytest.approx(0, abs=0.1)
        assert await phone.listen(5) > 1.0

    over(TwilioPhone(), TwilioWire(), caller, hand_off=nobody)


def test_silence_from_a_stuck_voice_is_no_sound():
    """The chunks that a hanging voice would have made never come, also not later."""

    async def caller(line, session):
        await line.until(native.End)
        await line.turn()
        await line.until(native.End, 2)
        before = len(line.audio())
        await line.speak(SILENT, 5.12)
        assert len(line.audio()) == before
        assert all(np.isfinite(at) for at, _ in line.got)

    virtually(caller, voice=Stuck(60.0), shelf=with_apology())
