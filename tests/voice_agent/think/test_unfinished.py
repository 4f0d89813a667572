"""Replies that are spoken while an endpoint writes them: checked sentence by sentence, stopped."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.voice_agent.think.far_end import DONE, far_end, whole, writing
from voice_agent.contracts import Strategy, UserTurn
from voice_agent.think import Conversation, Mind, ThinkSettings
from voice_agent.think.incoming import Incoming

GRIEF = UserTurn("my mom died in March")  # a reflection or a restatement is planned
VAGUE = UserTurn("something happened at work today")  # a question is planned
FIRST, SECOND = "Your mom was your person.", "March is still close."


@contextmanager
def talk(*steps, deadline_s=20.0, reply=None):
    with far_end(reply or writing(*steps)) as (url, seen):
        settings = ThinkSettings(
            llm_url=url, use_vectors=False, llm_deadline_s=deadline_s, llm_think_deadline_s=20.0
        )
        conversation = Conversation(Mind.load(settings), clock=lambda: 0.0)
        conversation.open()
        yield conversation, seen


def grown(conversation):
    """The last reply, once it is whole."""
    reply = None
    while conversation.rest is not None:
        reply = conversation.go_on(conversation.rest.grow())
    return reply


def test_the_first_sentence_is_there_before_the_second_is_written():
    spoken = threading.Event()
    with talk(f"{FIRST[:9]}", f"{FIRST[9:]} ", spoken, SECOND, DONE) as (conversation, _):
        reply = conversation.begin(GRIEF)
        assert (reply.text, reply.sentences, reply.unfinished) == (FIRST, (FIRST,), True)
        assert reply.source == "endpoint"
        assert conversation._dialogue.log[-1] == ("agent", FIRST)
        spoken.set()
        reply = grown(conversation)
    assert reply.sentences == (FIRST, SECOND)
    assert not reply.unfinished
    assert reply.notes == ()
    assert len(reply.mi_codes) == 2
    assert conversation._dialogue.log[-1] == ("agent", f"{FIRST} {SECOND}")
    assert conversation.report().skills.replies == 2


def test_who_wants_the_whole_reply_gets_it():
    with talk(f"{FIRST} {SECOND}", DONE) as (conversation, _):
        reply = conversation.respond(GRIEF)
    assert (reply.text, reply.unfinished) == (f"{FIRST} {SECOND}", False)


@pytest.mark.parametrize(
    ("later", "why"),
    [
        ("At least she's at peace.", "minimising"),
        ("You have clinical depression.", "diagnosis"),
        ("Call 555 0199 now.", "a number nobody vouches for"),
        ("You should go for a walk.", "advice without permission"),
    ],
)
def test_a_later_sentence_that_breaks_a_rule_is_dropped_and_noted(later, why):
    spoken = threading.Event()
    with talk(f"{FIRST} ", spoken, f"{later} ", "And so on.", DONE) as (conversation, seen):
        assert conversation.begin(GRIEF).text == FIRST
        spoken.set()
        reply = grown(conversation)
    assert reply.text == FIRST
    assert f"dropped: {why}" in reply.notes
    assert len(seen) == 2  # the notes and one reply: what is spoken is not written anew


def test_a_rule_is_held_against_what_came_before_too():
    """Two questions are one too many; the second one is left out as from a whole reply."""
    spoken = threading.Event()
    asks = ("What happened there? ", "And who was with you?")
    with talk(asks[0], spoken, asks[1], DONE) as (conversation, _):
        assert conversation.begin(VAGUE).text == asks[0].strip()
        spoken.set()
        assert grown(conversation).text == asks[0].strip()


def test_a_reply_that_lacks_its_question_is_closed_with_one_of_ours():
    spoken = threading.Event()
    with talk("That was a lot. ", spoken, "It stays with you.", DONE) as (conversation, _):
        reply = conversation.begin(VAGUE)
        assert reply.strategy is Strategy.QUESTION
        spoken.set()
        reply = grown(conversation)
    assert reply.text.startswith("That was a lot. It stays with you. ")
    assert reply.text.count("?") == 1
    assert reply.notes == ("added: no question where one was planned",)


def test_a_question_that_is_dropped_is_replaced():
    spoken = threading.Event()
    bad = "Are you diagnosed with something?"
    with talk("That was a lot. ", spoken, bad, DONE) as (conversation, _):
        conversation.begin(VAGUE)
        spoken.set()
        reply = grown(conversation)
    assert "diagnosed" not in reply.text
    assert reply.text.endswith("?")
    assert [note.split(":")[0] for note in reply.notes] == ["dropped", "added"]


def test_a_first_sentence_that_breaks_a_rule_is_never_said():
    with talk("At least she's at peace. ", "Mm. ", DONE) as (conversation, seen):
        reply = conversation.respond(GRIEF)
    assert "At least" not in reply.text
    assert reply.source == "template"
    assert len(seen) == 3  # the notes, the reply, and one rewrite


def test_a_cut_hangs_up_on_the_endpoint():
    left = threading.Event()

    def until_left(handler):
        handler.hung_up_on()
        left.set()

    with talk(f"{FIRST} And the ni", until_left) as (conversation, _):
        reply = conversation.begin(GRIEF)
        conversation.heard(reply, 9)
        assert left.wait(30.0)
    assert conversation.rest is None
    assert conversation._dialogue.log[-1] == ("agent", "Your mom")


def test_what_had_come_before_a_stop_may_still_be_said():
    written, left = threading.Event(), threading.Event()

    def wait(handler):
        written.set()
        handler.hung_up_on()
        left.set()

    with talk(f"{FIRST} {SECOND} And the ni", wait) as (conversation, _):
        conversation.begin(GRIEF)
        assert written.wait(30.0)
        conversation.rest.stop()
        assert left.wait(30.0)
        assert grown(conversation).text in (FIRST, f"{FIRST} {SECOND}")


def test_what_is_said_after_a_noise_is_closed_too():
    with talk("That sounds like a long day. And the ni", lambda handler: handler.hung_up_on()) as (
        conversation,
        _,
    ):
        assert conversation.begin(VAGUE).strategy is Strategy.QUESTION
        conversation.rest.stop()
        reply = grown(conversation)
    assert reply.text.endswith("?")
    assert reply.notes == ("added: no question where one was planned",)


def test_a_fork_shares_the_rest_and_may_cut_it():
    with talk(f"{FIRST} And the ni", lambda handler: handler.hung_up_on()) as (conversation, _):
        reply = conversation.begin(GRIEF)
        fork = conversation.fork()
        assert fork.rest is conversation.rest
        fork.heard(reply, 4)
        assert grown(conversation).text == FIRST
        assert fork._dialogue.log[-1] == ("agent", "Your")


def test_a_hang_in_mid_stream_ends_the_reply():
    over = threading.Event()
    with talk(f"{FIRST} And the ni", over, deadline_s=0.5) as (conversation, _):
        reply = conversation.respond(GRIEF)
        over.set()
    assert (reply.text, reply.unfinished, reply.source) == (FIRST, False, "endpoint")


@pytest.mark.parametrize(
    "broken",
    [
        b"data: {not json\n\n",
        b"data: [1, 2]\n\n",
        b'data: {"choices": 3}\n\n',
        b'data: {"choices": [{"delta": "no"}]}\n\n',
        b"\xff\xfe\n\ndata: {\n",
    ],
)
@pytest.mark.parametrize("before", ["", f"{FIRST} And the ni"])
def test_malformed_events_end_the_reply_or_never_begin_it(before, broken):
    with talk(*([before] if before else []), broken, SECOND, DONE) as (conversation, _):
        reply = conversation.respond(GRIEF)
    assert reply.source == ("endpoint" if before else "template")
    assert not before or reply.text == FIRST
    assert not reply.unfinished


def test_an_answer_that_is_cut_at_its_length_keeps_its_sentences():
    def cut(handler):
        handler.event(" And the ni", finish_reason="length")

    with talk(FIRST, cut, DONE) as (conversation, _):
        assert conversation.respond(GRIEF).text == FIRST


def test_an_endpoint_that_does_not_stream_is_checked_as_a_whole():
    answers = ["That was a lot.", "That was a lot. What was it?"]

    def reply(handler, body):
        notes = "JSON object" in body["messages"][0]["content"]
        whole("{}" if notes else answers.pop(0))(handler, body)

    with talk(reply=reply) as (conversation, _):
        said = conversation.begin(VAGUE)
    assert said.text == "That was a lot. What was it?"  # the first one had no question
    assert not said.unfinished


def test_a_reply_goes_into_json_while_it_is_unfinished():
    from voice_agent.contracts import to_json

    with talk(f"{FIRST} ", lambda handler: handler.hung_up_on()) as (conversation, _):
        reply = conversation.begin(GRIEF)
        assert json.loads(json.dumps(to_json(reply)))["unfinished"] is True
        conversation.rest.stop()


def test_the_point_of_a_number_ends_no_sentence():
    slept = "You slept 3.5 hours."
    late = Incoming(deadline_s=0.0)
    late.feed(f"{slept} What kept you awake? And")
    assert late.sentences_in_time() == f"{slept} What kept you awake?"
    assert (late.begun(), late.take()) == (True, slept)
    spoken = threading.Event()
    with talk(f"{slept} ", spoken, SECOND, DONE) as (conversation, _):
        assert conversation.begin(GRIEF).sentences == (slept,)
        spoken.set()
        assert grown(conversation).sentences == (slept, SECOND)


@given(st.text("ab .!?\"'\n3", max_size=60), st.data())
def test_sentences_are_the_same_for_every_chunking(text, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    taken = []
    incoming = Incoming(deadline_s=0.0)
    for piece in pieces:
        incoming.feed(piece)
        while incoming._next():
            taken.append(incoming.take())
    incoming.end()
    while incoming.begun():
        taken.append(incoming.take())
    assert "".join("".join(taken).split()) == "".join(text.split())
    at_once = Incoming(deadline_s=0.0)
    at_once.end(text)
    expected = []
    while at_once.begun():
        expected.append(at_once.take())
    assert taken == expected
