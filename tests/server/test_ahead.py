"""The first sound of an answer is made while the caller pauses, and nothing of it is left over."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from server.ahead import Ahead, Spare
from server.settings import ServerSettings
from server.wires import native
from tests.server.fakes import ByHand, FakeConversation, FakeListener, FakeVoice, reply_of, run
from tests.server.virtual import LOUD, SILENT, always, spend, virtually
from voice_agent.contracts import UserTurn
from voice_agent.listen.events import TurnPaused


class Pieces:
    """A voice of three pieces that counts what it was asked for."""

    def __init__(self):
        self.made = 0

    def __call__(self):
        for k in range(3):
            self.made += 1
            yield np.full(10, k, np.float32)


def kept(most=1):
    counts: Counter[str] = Counter()
    return Spare(most, lambda outcome: counts.update([outcome])), counts


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


def test_one_piece_is_made_ahead_and_the_rest_when_it_is_said():
    async def work():
        pool, voice = ByHand(), Pieces()
        spare, counts = kept()
        ahead = Ahead(pool, spare)
        ahead.begin("Hello.", 1.0, voice)
        ahead.begin("Hello.", 1.0, voice)  # the same pause, heard of again
        pool.do()
        await settle()
        assert voice.made == 1
        sound = ahead.take("Hello.", 1.0)
        assert sound is not None and voice.made == 1
        got = []
        while True:
            asking = asyncio.ensure_future(sound.next())
            await settle()
            pool.do()
            if (piece := await asking) is None:
                break
            got.append(int(piece[0]))
        assert got == [0, 1, 2] and voice.made == 3
        assert counts == {"said": 1}
        assert ahead.take("Hello.", 1.0) is None

    run(work())


@pytest.mark.parametrize("other", [("Goodbye.", 1.0), ("Hello.", 1.1)])
def test_another_sentence_or_pace_is_not_mistaken_for_it(other):
    async def work():
        pool, voice = ByHand(), Pieces()
        spare, counts = kept()
        ahead = Ahead(pool, spare)
        ahead.begin("Hello.", 1.0, voice)
        pool.do()
        await settle()
        assert ahead.take(*other) is None
        assert ahead.take("Hello.", 1.0) is None  # nothing of it is kept
        assert voice.made == 1 and counts == {"dropped": 1}

    run(work())


def test_callers_share_what_room_there_is():
    async def work():
        pool = ByHand()
        spare, counts = kept()
        one, two = Ahead(pool, spare), Ahead(pool, spare)
        one.begin("One.", 1.0, Pieces())
        two.begin("Two.", 1.0, Pieces())
        assert two.take("Two.", 1.0) is None
        assert counts == {"no_room": 1}
        pool.do()
        await settle()  # the first is made, and makes room
        two.begin("Two.", 1.0, Pieces())
        pool.do()
        await settle()
        assert one.take("One.", 1.0) and two.take("Two.", 1.0)

    run(work())


def test_a_voice_that_fails_ahead_makes_room_and_fails_when_it_is_wanted():
    def hoarse():
        raise RuntimeError("no voice")

    async def work():
        pool = ByHand()
        spare, _ = kept()
        ahead = Ahead(pool, spare)
        ahead.begin("Hello.", 1.0, hoarse)
        pool.do()
        await settle()
        assert spare.take()
        sound = ahead.take("Hello.", 1.0)
        with pytest.raises(RuntimeError, match="no voice"):
            await sound.next()

    run(work())


class Pausing(FakeListener):
    """Tells of every pause at 60 ms of quiet, as the turn would end."""

    def _hear(self, block):
        yield from super()._hear(block)
        if self.started and self.quiet == 960:
            yield TurnPaused(UserTurn(text=self.texts[self.turn], t_end=0.0))


class Slow(FakeVoice):
    """Takes 120 ms for its first piece; notes what it was asked to say."""

    def __init__(self):
        super().__init__()
        self.asked: list[str] = []

    def speak(self, text: str, pace: float = 1.0) -> Iterator[np.ndarray]:
        self.asked.append(text)
        spend(0.12)
        yield from super().speak(text, pace)


@pytest.mark.parametrize(("spoken_ahead", "first_ms"), [(1, 0), (0, 120)])
def test_an_answer_spoken_ahead_is_heard_as_soon_as_the_turn_is_over(spoken_ahead, first_ms):
    async def caller(line, session):
        await line.until(native.End)
        await line.turn()
        await line.until(native.End, 2)
        latency = line.of(native.TurnInfo)[1].latency_ms
        assert latency["speak_first"] == pytest.approx(first_ms, abs=5)
        assert latency["think"] == pytest.approx(0, abs=1)

    settings = ServerSettings(spoken_ahead=spoken_ahead)
    virtually(caller, settings=settings, listener=lambda: Pausing(texts=["one"]), voice=Slow())


def test_an_answer_that_was_spoken_ahead_in_vain_leaves_nothing():
    """The caller goes on after a pause: the first answer is neither heard nor remembered."""
    voice, talk = Slow(), FakeConversation(answer=lambda turn: reply_of(f"So {turn.text}."))

    class Goes(Pausing):
        def _hear(self, block):
            for event in super()._hear(block):
                if isinstance(event, TurnPaused) and self.loud < 12_000:
                    event = TurnPaused(UserTurn(text="one", t_end=0.0))
                yield event

    async def caller(line, session):
        await line.until(native.End)
        await line.speak(LOUD, 0.64)
        await line.speak(SILENT, 0.12)  # a pause, too short for an end
        await line.speak(LOUD, 0.64)
        await line.speak(SILENT, 0.48)
        await line.until(native.End, 2)
        assert talk.turns == ["one and two"] and talk.truncated == []
        assert voice.asked == ["Hello.", "So one.", "So one and two."]
        assert [turn.said for turn in line.of(native.TurnInfo)[1:]] == ["So one and two."]

    virtually(
        caller,
        listener=lambda: Goes(texts=["one and two"]),
        voice=voice,
        conversation=always(talk),
    )
