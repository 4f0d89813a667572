"""A caller whose connection breaks comes back, and nothing is lost: on virtual time, both rates."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec.rates import RATES
from server.returning import WRONG_S
from server.session import Session
from server.settings import ServerSettings
from server.speaking import Speech
from server.wires import native
from server.wires.closing import CloseCode
from tests.server.fakes import FakeConversation, reply_of
from tests.server.virtual import LOUD, SILENT, Line, always, now, virtually

BOTH = pytest.mark.parametrize("rate", RATES)


class Caller:
    """A client that counts what it sends and gets, and can come back over a new connection."""

    def __init__(self, line, session):
        self.line, self.house = line, session._house
        self.welcome = None
        self.sessions = []

    async def greeted(self):
        self.welcome = await self.line.until(native.Welcome)
        return self

    async def back(self, played=0, turns=0, token=None, session=None, generation=None):
        """Resumes; returns the new line once the server has answered."""
        begun = self.line.of(native.Begin)
        new = Line(self.line.rate)
        new.wire, new.encoder = self.line.wire, self.line.encoder
        new.wire.broke()
        last = begun[-1].generation if begun else 0
        new.say(
            native.Resume(
                session=session or self.welcome.session,
                token=token or self.welcome.resume,
                generation=last if generation is None else generation,
                played=played,
                turns=turns,
            )
        )
        again = Session("again", new, self.house, native.ServerWire())
        self.sessions.append(asyncio.create_task(again.run()))
        for _ in range(500):
            if new.got:
                break
            await asyncio.sleep(0.01)
        self.line = new
        return new


def resuming(work, rate="high", settings=None, **parts):
    """One call whose caller is a :class:`Caller`; he hangs up over his last connection."""

    async def caller(line, session):
        caller = await Caller(line, session).greeted()
        await work(caller)
        caller.line.hang_up()
        await asyncio.gather(*caller.sessions)

    return virtually(caller, rate, settings, **parts)


@BOTH
def test_a_reply_that_the_break_has_cut_is_said_again_from_its_unheard_sentence(rate):
    talk = FakeConversation(greeting=reply_of("First sentence.", "Second sentence here.", "Third."))

    async def work(caller):
        line = caller.line
        await line.until(native.Packets, 16 if rate == "high" else 6)  # in the second sentence
        line.drop()
        await asyncio.sleep(5)
        played = 10_000  # past the first sentence, 0.3 s of speech and its gap
        line = await caller.back(played)
        assert line.of(native.Resumed)
        await line.until(native.End)
        assert [begin.generation for begin in line.of(native.Begin)] == [2]
        assert not line.of(native.Flush)
        packet_s = line.rate.packet_ms / 1000
        # the second and third sentence, 0.42 + 0.12 s of speech and two gaps
        assert len(line.audio()[2]) == pytest.approx((0.5 + 2 * 0.24) / packet_s, abs=2)
        await line.turn()
        await line.until(native.End, 2)  # the conversation goes on
        assert talk.turns == ["I feel tired"]

    resuming(work, rate, conversation=always(talk))


def test_a_reply_that_was_heard_whole_is_not_repeated():
    async def work(caller):
        line = caller.line
        end = await line.until(native.End)
        await line.speak(SILENT, 1)
        line.drop()
        await asyncio.sleep(1)
        line = await caller.back(played=end.samples)
        await line.speak(SILENT, 3)
        assert not line.of(native.Begin)

    resuming(work)


def test_a_reply_that_never_arrived_is_said_when_the_caller_is_back():
    """A half-open line: the server has said the whole greeting to nobody."""

    async def work(caller):
        line = caller.line
        await line.until(native.End)
        line.drop(noticed=False)
        await asyncio.sleep(3)
        new = await caller.back(played=0)
        await new.until(native.End)
        assert [begin.generation for begin in new.of(native.Begin)] == [2]
        assert line.got[-1][1].code == CloseCode.REPLACED

    resuming(work)


@BOTH
def test_a_turn_that_the_break_has_cut_is_heard_and_answered(rate):
    talk = FakeConversation()

    async def work(caller):
        line = caller.line
        await line.until(native.End)
        await line.speak(LOUD, 0.64)
        line.drop()
        await asyncio.sleep(10)
        assert talk.turns == ["I feel tired"]
        line = await caller.back(played=2**30, turns=1)
        await line.until(native.End)
        assert line.of(native.TurnInfo)[-1].said == "You said I feel tired."

    resuming(work, rate, conversation=always(talk))


@BOTH
def test_a_short_break_inside_a_turn_leaves_it_one_turn(rate):
    """What was sent and did not come is sent again: the stream goes on at the same packet."""
    talk = FakeConversation()

    async def work(caller):
        line = caller.line
        await line.until(native.End)
        await line.speak(LOUD, 0.64)
        line.drop()
        before = line.encoder.index[0]
        await asyncio.sleep(0.5)
        line = await caller.back(played=2**30, turns=1)
        [resumed] = line.of(native.Resumed)
        assert resumed.received == before
        await line.speak(LOUD, 0.64)
        await line.speak(SILENT, 0.48)
        await line.until(native.End)
        assert talk.turns == ["I feel tired"]

    resuming(work, rate, conversation=always(talk))


def test_turns_that_were_told_to_nobody_are_told_again():
    async def work(caller):
        line = caller.line
        await line.until(native.End)
        await line.turn()
        await line.until(native.End, 2)
        await line.speak(SILENT, 1)
        line.drop()
        line = await caller.back(played=2**30, turns=1)
        await line.speak(SILENT, 1)
        assert [turn.heard for turn in line.of(native.TurnInfo)] == ["I feel tired"]

    resuming(work)


def test_the_conversation_and_the_slot_are_kept_until_the_time_is_over():
    async def caller(line, session):
        await line.until(native.End)
        engine = session._house.engine
        free = engine.free
        line.drop()
        await asyncio.sleep(59)
        assert engine.free == free
        await asyncio.sleep(2)
        assert engine.free == free + 1

    virtually(caller)


def test_where_nothing_is_kept_a_drop_ends_the_call():
    async def caller(line, session):
        welcome = await line.until(native.Welcome)
        assert welcome.resume == ""
        line.drop()
        await asyncio.sleep(0.1)
        assert session._house.engine.free == 8

    assert virtually(caller, settings=ServerSettings(resume_s=0)).code is CloseCode.NORMAL


@pytest.mark.parametrize("wrong", [{"token": "x" * 43}, {"session": "another"}])
def test_a_wrong_secret_waits_and_learns_nothing(wrong):
    async def work(caller):
        await caller.line.until(native.End)
        good = caller.line
        asked = now()
        new = await caller.back(**wrong)
        assert new.got[0][1].code == CloseCode.NO_SUCH_CALL
        assert now() - asked >= WRONG_S
        caller.line = good
        good.wire.state = native.State.TALKING
        await good.turn()
        await good.until(native.End, 2)  # the call is not disturbed

    resuming(work)


def test_the_newest_of_several_connections_wins():
    async def work(caller):
        first = caller.line
        await first.until(native.End)
        second = await caller.back(played=2**30)
        third = await caller.back(played=2**30)
        for old in (first, second):
            assert old.got[-1][1].code == CloseCode.REPLACED
        await third.turn()
        await third.until(native.End)

    resuming(work)


def test_a_silent_connection_is_closed_and_may_be_resumed():
    async def work(caller):
        line = caller.line
        await line.until(native.End)
        await asyncio.sleep(25)
        assert line.of(native.Failure)[0].code == CloseCode.IDLE
        line = await caller.back(played=2**30)
        await line.turn()
        await line.until(native.End)

    resuming(work)


def test_an_answer_that_ends_the_call_is_not_said_to_nobody():
    talk = FakeConversation(answer=lambda turn: reply_of("Goodbye then.", end_call=True))

    async def work(caller):
        line = caller.line
        await line.until(native.End)
        await line.speak(LOUD, 0.64)
        line.drop()
        await asyncio.sleep(20)
        line = await caller.back(played=2**30, turns=1)
        await line.until(native.Bye)
        assert line.audio()[2]

    resuming(work, conversation=always(talk))


def test_the_caller_may_be_away_again_and_again():
    talk = FakeConversation(greeting=reply_of("a" * 30, "b" * 30, "c" * 30))

    async def work(caller):
        for _ in range(4):
            await caller.line.until(native.Packets, 4)
            caller.line.drop()
            await asyncio.sleep(2)
            await caller.back(played=0)
        await caller.line.until(native.End)
        assert caller.line.of(native.Begin)[-1].generation == 5

    resuming(work, conversation=always(talk))


sentences = st.lists(st.text("abc def", min_size=1, max_size=40), min_size=1, max_size=4)


@given(sentences, st.lists(st.integers(0, 200_000), min_size=1, max_size=5), st.data())
@settings(max_examples=200)
def test_no_word_is_lost_wherever_a_reply_is_cut_and_taken_up(texts, cuts, data):
    """After any number of breaks, what is said again begins at or before what was heard, and a
    reply that still has unheard words is never taken for heard."""
    speech = Speech(reply_of(*(text.strip() + "." for text in texts)))
    for played in cuts:
        speech.whole = None
        lengths = data.draw(st.lists(st.integers(1, 30_000), max_size=len(speech.sentences)))
        unfinished = len(lengths) < len(speech.sentences)
        for count in range(1, len(lengths) + 1):
            speech.mark(count, sum(lengths[:count]))
        speech.cut(data.draw(st.integers(0, 200_000)))  # what the server thought
        speech.truncate(played)  # what the caller says
        ahead = sum(len(sentence) + 1 for sentence in speech.reply.sentences[: speech.first])
        assert max(0, ahead - 1) <= speech.said_chars <= len(speech.reply.text)
        if speech.said_chars == len(speech.reply.text):
            assert not unfinished
            assert played >= sum(lengths)
            break
