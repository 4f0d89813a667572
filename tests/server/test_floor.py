"""Who has the floor, on virtual time: pauses for thought, "mhm", echo, silence, the end of time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from server.echo import is_echo
from server.settings import ServerSettings
from server.wires import native
from server.wires.closing import CloseCode
from tests.server.fakes import FakeConversation, FakeListener, reply_of
from tests.server.virtual import LOUD, SILENT, always, now, spend, virtually
from voice_agent.contracts import UserTurn
from voice_agent.listen.events import Partial, SpeechDismissed, TurnEnded, TurnPaused


def said(line):
    return [turn.said for turn in line.of(native.TurnInfo)]


# A pause is not an end.


class Wordy(FakeListener):
    """Knows the first words as soon as it notices speech."""

    def _hear(self, block):
        before = self.started
        yield from super()._hear(block)
        if self.started and not before:
            yield Partial(" ".join(self.texts[self.turn].split()[:2]))


def test_a_caller_who_goes_on_before_the_answer_is_heard_is_answered_once():
    """The turn ended too soon; its answer has hardly begun when the rest of it comes."""
    talk = FakeConversation()

    async def caller(line, session):
        await line.until(native.End)
        await line.speak(LOUD, 0.64)
        await line.speak(SILENT, 0.24)
        await line.speak(LOUD, 0.64)  # over the first word of the answer
        await line.speak(SILENT, 0.48)
        await line.until(native.End, 2)
        assert talk.turns == ["I just I feel tired"]
        assert said(line)[1:] == ["You said I just.", "You said I just I feel tired."]

    ears = Wordy(texts=["I just", "I feel tired"])
    virtually(caller, conversation=always(talk), listener=always(ears))


def test_an_answer_of_which_more_was_heard_stands():
    talk = FakeConversation(answer=lambda turn: reply_of(f"You said {turn.text}, and so on."))

    async def caller(line, session):
        await line.until(native.End)
        await line.turn()  # half of the answer is heard
        await line.speak(LOUD, 0.64)
        await line.speak(SILENT, 0.48)
        await line.until(native.End, 3)
        assert talk.turns == ["I just", "I feel tired"]
        [(text, chars)] = talk.truncated
        assert 12 < chars < len(text)

    ears = Wordy(texts=["I just", "I feel tired"])
    virtually(caller, conversation=always(talk), listener=always(ears))


class Pausing(FakeListener):
    """Tells of a pause at 120 ms of quiet, as the turn will end."""

    def _hear(self, block):
        yield from super()._hear(block)
        if self.started and self.quiet == 1920:
            yield TurnPaused(UserTurn(text=self.texts[self.turn], t_end=0.0))


@pytest.mark.parametrize(("ears", "think_ms"), [(FakeListener, 300), (Pausing, 220)])
def test_an_answer_begun_at_the_pause_is_there_sooner(ears, think_ms):
    def think(turn):
        spend(0.3)
        return reply_of("Yes.")

    async def caller(line, session):
        await line.until(native.End)
        await line.turn()
        await line.until(native.End, 2)
        latency = line.of(native.TurnInfo)[1].latency_ms
        assert latency["think"] == pytest.approx(think_ms, abs=41)

    talk = FakeConversation(answer=think)
    virtually(caller, conversation=always(talk), listener=lambda: ears(texts=["one"]))


def test_an_answer_prepared_for_other_words_is_not_given():
    class Fickle(Pausing):
        def _ended(self):
            for event in super()._ended():
                if isinstance(event, TurnEnded):
                    event = replace(event, turn=replace(event.turn, text="two"))
                yield event

    talk = FakeConversation()

    async def caller(line, session):
        await line.until(native.End)
        await line.turn()
        await line.until(native.End, 2)
        assert talk.turns == ["two"]

    virtually(caller, conversation=always(talk), listener=lambda: Fickle(texts=["one"]))


# "Mhm" and echo.


class Listening(FakeListener):
    """Over the agent only shows that it listens, and its words are known at once."""

    def _hear(self, block):
        before = self.started
        yield from super()._hear(block)
        if self.started and not before:
            yield Partial("Mhm.")

    def _ended(self):
        self.started, self.loud = False, 0
        yield SpeechDismissed(self.heard / 16_000, "Mhm.")


def test_a_short_mhm_does_not_stop_the_agent():
    talk = FakeConversation(greeting=reply_of("a" * 150))

    async def caller(line, session):
        await line.until(native.Packets, 16)
        await line.speak(LOUD, 0.12)
        await line.until(native.End)
        assert line.of(native.Flush) == []

    virtually(caller, conversation=always(talk), listener=Listening)


def test_a_long_mhm_stops_it_for_a_moment_and_it_goes_on_with_its_sentence():
    talk = FakeConversation(greeting=reply_of("First sentence.", "Second sentence here."))

    async def caller(line, session):
        await line.until(native.Packets, 16)
        await line.turn()
        await line.until(native.End)
        assert [begin.generation for begin in line.of(native.Begin)] == [1, 2]
        assert talk.turns == talk.truncated == []
        assert said(line) == ["First sentence. Second sentence here."]

    virtually(caller, conversation=always(talk), listener=Listening)


def test_on_a_line_that_echoes_the_agent_neither_stops_nor_answers_itself():
    words = "We have a little time and I am listening to you now."
    talk = FakeConversation(greeting=reply_of("Hello there.", words, "Go on.", "x" * 200))

    async def caller(line, session):
        await line.until(native.Packets, 12)
        await line.turn()  # its own words come back
        await line.until(native.Begin, 2)  # it goes on,
        await line.until(native.Packets, 40)
        await line.speak(LOUD, 0.4)  # and is not stopped by sound any more,
        assert len(line.of(native.Flush)) == 1
        await line.speak(SILENT, 0.48)
        await line.until(native.Flush, 2)  # but by a turn
        await line.until(native.End)
        assert talk.turns == ["I feel tired"]

    ears = FakeListener(texts=["little time and I am listening", "I feel tired"])
    ears._ended = lambda: endings(ears)  # without partials: sound alone
    virtually(caller, conversation=always(talk), listener=always(ears))


def endings(ears):
    return (e for e in FakeListener._ended(ears) if not isinstance(e, Partial))


def test_what_begins_with_the_agent_must_last_longer():
    talk = FakeConversation(greeting=reply_of("a" * 150))

    async def caller(line, session):
        await line.until(native.Packets, 1)
        await line.speak(LOUD, 0.32)
        await line.until(native.End)
        assert line.of(native.Flush) == []

    class Deaf(Listening):
        def _hear(self, block):
            return (e for e in super()._hear(block) if not isinstance(e, Partial))

    virtually(caller, conversation=always(talk), listener=Deaf)


@pytest.mark.parametrize(
    ("heard", "echo"),
    [
        ("little time and I am listening", True),
        ("little time and I'm listening to you now", True),
        ("I am listening", False),  # may be the caller's
        ("I have a little time but I want to die", False),
        ("", False),
    ],
)
def test_words_are_echo_when_they_are_many_and_the_agent_s(heard, echo):
    assert is_echo(heard, "We have a little time, and I am listening to you now.") is echo


# Silence.

QUICK = ServerSettings(silences_s=(5.0, 8.0, 10.0))


def test_a_silent_caller_is_asked_ever_more_rarely_and_then_let_go():
    class Kind(FakeConversation):
        def silent(self, count):
            return reply_of(f"Silence {count}.", end_call=count == 3)

    async def caller(line, session):
        await line.until(native.End)
        quiet_since = [now()]
        for count in (2, 3, 4):
            await line.until(native.End, count)
            quiet_since.append(now())
        waits = np.diff(quiet_since)
        assert waits == pytest.approx([5.0, 8.0, 10.0], abs=0.9)
        assert said(line)[1:] == ["Silence 1.", "Silence 2.", "Silence 3."]
        await line.speak(SILENT, 1.0)

    ended = virtually(caller, settings=QUICK, conversation=always(Kind()))
    assert ended.code is CloseCode.NORMAL and "goodbye" in ended.reason


def test_whoever_speaks_is_not_silent_and_patience_begins_anew():
    async def caller(line, session):
        await line.until(native.End)
        await line.until(native.End, 2)  # silence 1
        await line.turn()
        await line.until(native.End, 3)
        quiet_since = now()
        await line.until(native.End, 4)
        assert now() - quiet_since == pytest.approx(5.0, abs=0.9)
        assert said(line)[-1] == "Silence 1."

    virtually(caller, settings=QUICK)


def test_nobody_is_asked_while_they_speak():
    async def caller(line, session):
        await line.until(native.End)
        await line.speak(LOUD, 12.0)
        assert "Silence 1." not in said(line)
        await line.speak(SILENT, 0.48)

    virtually(caller, settings=QUICK)


# The end of time.

SHORT = ServerSettings(silences_s=(), session_s=20.0, closing_notice_s=8.0)


def test_a_call_s_end_is_said_before_and_then_kept():
    async def caller(line, session):
        await line.until(native.End)
        await line.until(native.End, 2)
        assert 12.0 < now() < 13.5
        await line.until(native.End, 3)
        assert 20.0 < now() < 21.5
        assert said(line)[1:] == ["A few minutes more.", "Goodbye now."]
        await line.speak(SILENT, 1.0)

    assert virtually(caller, settings=SHORT).code is CloseCode.NORMAL


def test_nobody_at_risk_is_hung_up_on():
    class AtRisk(FakeConversation):
        def closing(self, now):
            return None

    async def caller(line, session):
        await line.until(native.End)
        await line.speak(SILENT, 25.0)
        assert said(line) == ["Hello."]
        await line.turn()
        await line.until(native.End, 2)

    talk = AtRisk()
    virtually(caller, settings=SHORT, conversation=always(talk))
    assert talk.turns == ["I feel tired"]


def test_the_end_waits_for_a_caller_who_is_speaking():
    async def caller(line, session):
        await line.until(native.End)
        await line.speak(SILENT, 11.5)
        await line.speak(LOUD, 3.0)  # over the notice
        await line.speak(SILENT, 0.48)
        await line.until(native.End, 3)
        assert said(line)[1:] == ["You said I feel tired.", "A few minutes more."]

    virtually(caller, settings=SHORT)
