"""A reply is said while it is written: the first sentence before there is a second one."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest

from server.calllog import read_call
from server.dialogue import Dialogue
from server.wires import native
from server.wires.closing import CloseCode
from tests.server.fakes import ByHand, FakeConversation, FakeListener, reply_of, run
from tests.server.sockets import QUICK, calling, with_server
from tests.server.virtual import LOUD, SILENT, always, now, spend, virtually
from tests.voice_agent.think.far_end import DONE, far_end, writing
from voice_agent.contracts import RiskLevel, UserTurn
from voice_agent.listen.events import SpeechDismissed, TurnPaused
from voice_agent.think import Conversation, Mind, ThinkSettings

ONE = "You said it all, and then you said it again, and once more after that."
TWO, THREE = "It weighs on you.", "What now?"


@dataclass(eq=False)
class Rest:
    """Sentences, each of which takes ``takes_s`` of virtual time to be written; 0: all are."""

    sentences: list[str]
    takes_s: float
    fails: bool = False
    stopped: list[float] = field(default_factory=list)

    def grow(self):
        if (self.stopped and self.takes_s) or not self.sentences:
            return None
        spend(self.takes_s)
        if self.fails:
            raise RuntimeError("the writer broke on purpose")
        return self.sentences.pop(0)

    def stop(self):
        self.stopped.append(now())


@dataclass
class WritingConversation(FakeConversation):
    """Answers with ``ONE``, and is still writing the rest; ``rests`` has those that it began."""

    later: tuple[str, ...] = (TWO, THREE)
    takes_s: float = 3.0
    fails: bool = False
    notes: tuple[str, ...] = ()
    rest: Rest | None = None
    last: object = None
    rests: list[Rest] = field(default_factory=list)

    def begin(self, turn):
        self.turns.append(turn.text)
        self.rest = Rest(list(self.later), self.takes_s, self.fails)
        self.rests.append(self.rest)
        self.last = replace(reply_of(ONE), unfinished=True)
        return self.last

    def go_on(self, grown):
        if grown is None:
            self.rest = None
            self.last = replace(self.last, unfinished=False, notes=self.notes)
        else:
            sentences = (*self.last.sentences, grown)
            self.last = replace(self.last, text=" ".join(sentences), sentences=sentences)
        return self.last

    def heard(self, reply, spoken_chars):
        assert reply is self.last
        self.rest = None
        super().heard(reply, spoken_chars)


async def answered(line):
    await line.until(native.End)
    await line.turn()


def test_the_first_sentence_sounds_before_the_second_is_written():
    async def caller(line, session):
        await answered(line)
        end = await line.until(native.End, 2)
        assert line.of(native.TurnInfo)[1].said == ONE
        assert [more.said for more in line.of(native.More)] == [TWO, THREE]
        kinds = [type(event) for _, event in line.got]
        first = kinds.index(native.More)
        assert native.Packets in kinds[kinds.index(native.TurnInfo) + 1 : first]
        written = line.at(native.More)
        assert written[1] - written[0] >= 3.0
        packets = line.audio()[2]  # one reply, one stream
        assert len(packets) * line.rate.packet_samples == end.samples
        assert len(line.of(native.Begin)) == 2

    virtually(caller, conversation=always(WritingConversation()))


@pytest.mark.parametrize("takes_s", [0.0, 0.02])
def test_sentences_that_are_written_in_time_follow_each_other_without_a_gap(takes_s):
    async def caller(line, session):
        await answered(line)
        await line.until(native.End, 2)
        at = line.at(native.Packets)
        begun = line.at(native.Begin)[1]
        gaps = [b - a for a, b in pairwise(at) if a > begun]
        assert max(gaps) <= 0.2

    virtually(caller, conversation=always(WritingConversation(takes_s=takes_s)))


def test_barge_in_stops_the_writing_and_the_history_has_what_was_heard():
    talk = WritingConversation(takes_s=9.0)

    async def caller(line, session):
        await answered(line)
        await line.until(native.Begin, 2)
        await line.speak(SILENT, 0.8)  # so that more than a word or two is heard
        await line.speak(LOUD, 0.64)
        (cut,) = line.at(native.Flush)
        assert talk.rests[0].stopped[0] == pytest.approx(cut, abs=0.05)
        await line.speak(SILENT, 0.48)
        await line.until(native.Begin, 3)
        ((text, chars),) = talk.truncated
        assert text == ONE and 0 < chars < len(ONE)
        assert line.of(native.More) == []

    ears = FakeListener(texts=["I feel tired", "wait"])
    virtually(caller, conversation=always(talk), listener=always(ears))


class Murmur(FakeListener):
    """After the first turn everything turns out to have been a noise."""

    def _ended(self):
        if self.turn == 0:
            yield from super()._ended()
            return
        self.started, self.loud = False, 0
        yield SpeechDismissed(self.heard / 16_000, "mm-hm")


def test_what_was_written_before_a_noise_is_said_after_it():
    talk = WritingConversation(takes_s=0.0)

    async def caller(line, session):
        await answered(line)
        await line.until(native.Begin, 2)
        await line.speak(SILENT, 0.4)
        await line.turn()
        end = await line.until(native.End, 2)
        assert end.generation == 3
        assert [more.said for more in line.of(native.More)] == [TWO, THREE]
        assert talk.truncated == []

    virtually(caller, conversation=always(talk), listener=Murmur)


def test_a_writer_that_breaks_ends_the_reply_and_the_call_goes_on():
    async def caller(line, session):
        await answered(line)
        await line.until(native.End, 2)
        assert line.of(native.More) == []
        await line.turn()
        await line.until(native.End, 3)

    ended = virtually(caller, conversation=always(WritingConversation(takes_s=0.1, fails=True)))
    assert ended.code == CloseCode.NORMAL


class Hesitant(FakeListener):
    """Tells of a pause before the end of each turn, with other words each time."""

    def _ended(self):
        text = self.texts[min(self.turn, len(self.texts) - 1)]
        yield TurnPaused(UserTurn(text=f"{text} so far"))
        yield from super()._ended()


def test_a_draft_that_nobody_takes_is_not_written_to_its_end():
    talk = WritingConversation(takes_s=0.0)

    async def caller(line, session):
        await answered(line)
        await line.until(native.End, 2)
        drafted, said = talk.rests
        assert drafted.stopped and not said.stopped

    virtually(caller, conversation=always(talk), listener=always(Hesitant()))


def test_who_hangs_up_leaves_nobody_writing():
    talk = WritingConversation(takes_s=9.0)

    async def caller(line, session):
        await answered(line)
        await line.until(native.TurnInfo, 2)

    virtually(caller, conversation=always(talk))
    assert talk.rests[0].stopped


def test_an_answer_that_is_taken_back_is_not_written_to_its_end():
    talk = WritingConversation(takes_s=0.0)

    async def work():
        with ThreadPoolExecutor(1) as pool:
            dialogue = Dialogue(talk, pool, 30.0)
            await dialogue.respond(UserTurn("I feel"))
            assert dialogue.take_back()  # nothing of it was said, so nothing was cut

    run(work())
    assert talk.rests[0].stopped


def test_an_answer_that_comes_after_the_call_is_not_written_to_its_end():
    talk, pool = WritingConversation(takes_s=0.0), ByHand()

    async def work():
        dialogue = Dialogue(talk, pool, 30.0)
        asked = asyncio.create_task(dialogue.respond(UserTurn("I feel")))
        await asyncio.sleep(0)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        dialogue.leave()
        pool.do()
        await asyncio.sleep(0.0)
        await asyncio.sleep(0.0)

    run(work())
    assert talk.rests[0].stopped


def test_a_sentence_that_comes_as_the_caller_cuts_in_is_not_lost():
    talk, pool = WritingConversation(takes_s=0.0), ByHand()

    async def work():
        dialogue = Dialogue(talk, pool, 30.0)
        asked = asyncio.create_task(dialogue.respond(UserTurn("I feel")))
        await asyncio.sleep(0)
        pool.do()
        reply = await asked
        more = asyncio.create_task(dialogue.more(reply))
        await asyncio.sleep(0)
        more.cancel()
        dialogue.hush()
        pool.do()  # it was on its way
        async with asyncio.timeout(30.0):
            return await dialogue.more(reply)  # the caller only made a noise

    assert run(work()).sentences == (ONE, TWO)


def test_a_draft_that_is_forgotten_before_it_is_begun_never_is():
    talk, pool = WritingConversation(), ByHand()

    async def work():
        dialogue = Dialogue(talk, pool, 30.0)
        dialogue.prepare(UserTurn("I feel"))
        dialogue.prepare(UserTurn("I feel tired"))
        pool.do()

    run(work())
    assert len(talk.rests) == 1


def test_the_call_log_tells_what_the_guard_did(tmp_path):
    talk = WritingConversation(takes_s=0.0, notes=("dropped: diagnosis",))
    settings = replace(QUICK, log_dir=tmp_path, log_words=True)

    async def work(server):
        async with calling(server) as caller:
            await caller.until(native.End)
            await caller.turn()
            await caller.until(native.End, 2)

    with_server(work, settings, conversation=always(talk))
    events = read_call(next(tmp_path.glob("*"))).events
    more = [event for event in events if event["event"] == "more"]
    assert [event.get("said") for event in more] == [TWO, THREE, None]
    assert more[-1]["guard"] == ["dropped: diagnosis"]


# The agent's own conversation, and an endpoint on a socket.

FIRST, SECOND = "Your mom was your person.", "March is still close."
PATIENT = replace(QUICK, respond_deadline_s=30.0, hold_s=60.0)


@contextmanager
def agent(*steps):
    """A maker of conversations whose endpoint writes ``steps``."""
    with far_end(writing(*steps)) as (url, _):
        settings = ThinkSettings(
            llm_url=url, use_vectors=False, llm_deadline_s=20.0, llm_think_deadline_s=20.0
        )
        mind = Mind.load(settings)
        yield lambda locale: Conversation(mind, clock=time.monotonic, locale=locale)


def test_what_is_said_last_counts_though_the_caller_hangs_up_at_once():
    talk = Conversation(Mind.load(ThinkSettings(use_vectors=False)), clock=lambda: 0.0)
    talk.open()
    said, drafted = UserTurn("I'm going to kill myself tonight"), []

    async def work():
        with ThreadPoolExecutor(1) as pool:
            dialogue = Dialogue(talk, pool, 30.0)
            done = asyncio.Event()
            dialogue.prepare(said, drafted=lambda reply: (drafted.append(reply), done.set()))
            await done.wait()
            assert talk.risk.level is RiskLevel.NONE
            dialogue.leave()

    run(work())
    assert drafted[0].risk.level is RiskLevel.IMMINENT
    assert talk.risk.level is RiskLevel.IMMINENT
    assert talk.risk.resources_given == ()  # nobody has heard the number


def test_the_endpoint_writes_on_only_once_the_first_sentence_is_heard():
    heard = threading.Event()

    async def work(server):
        async with calling(server) as caller:
            await caller.until(native.End)
            await caller.turn()
            await caller.until(native.TurnInfo, 2)  # comes with the first sound
            assert caller.of(native.TurnInfo)[1].said == FIRST
            heard.set()
            await caller.until(native.End, 2)
            assert [more.said for more in caller.of(native.More)] == [SECOND]

    with agent(f"{FIRST} ", heard, SECOND, DONE) as conversation:
        ears = lambda: FakeListener(texts=["my mom died in March"])  # noqa: E731
        with_server(work, PATIENT, conversation=conversation, listener=ears)


def test_barge_in_hangs_up_on_the_endpoint():
    left = threading.Event()

    def until_left(handler):
        handler.hung_up_on()
        left.set()

    async def work(server):
        async with calling(server) as caller:
            await caller.until(native.End)
            await caller.turn()
            await caller.until(native.TurnInfo, 2)
            await caller.speak(LOUD, 0.64)
            await caller.until(native.Flush)
            assert await asyncio.to_thread(left.wait, 30.0)
            assert caller.of(native.More) == []

    with agent(f"{FIRST} And the ni", until_left) as conversation:
        ears = lambda: FakeListener(texts=["my mom died in March", "wait"])  # noqa: E731
        with_server(work, PATIENT, conversation=conversation, listener=ears)
