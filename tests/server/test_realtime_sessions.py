"""Whole Realtime sessions on virtual time: by voice, by text, with turns of the client's own."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from server.wires.closing import CloseCode
from server.wires.realtime import RealtimeWire
from server.wires.realtime_events import RELEASED_FORMATS as FORMATS
from tests.server.fakes import FakeConversation, FakeListener, reply_of
from tests.server.phones import LOUD, SILENT
from tests.server.realtime_client import Client
from tests.server.virtual import always, over, spend


def session(work, client=None, **parts):
    return over(
        client or Client(session={}), RealtimeWire("sess_1"), lambda line, _: work(line), **parts
    )


@pytest.mark.parametrize("name", FORMATS)
def test_a_conversation_by_voice(name):
    form = FORMATS[name]
    chosen = {"format": {"type": name}}
    talk = FakeConversation()

    async def caller(client):
        assert await client.listen(0.5) == 0.0  # nothing is said unasked
        await client.turn()
        done = await client.until("response.done")
        await client.listen(1.0)
        assert client.heard_s() == pytest.approx(0.4, abs=0.05)
        assert talk.turns == ["I feel tired"]
        assert done["response"]["status"] == "completed"
        content = done["response"]["output"][0]["content"][0]
        assert content["transcript"] == "You said I feel tired."
        completed = client.of("conversation.item.input_audio_transcription.completed")
        assert completed[0]["transcript"] == "I feel tired"
        assert client.of("error") == []

    client = Client(form, {"audio": {"input": chosen, "output": chosen}})
    assert session(caller, client, conversation=always(talk)).code is CloseCode.NORMAL


def test_asked_at_the_start_it_greets_and_asked_again_it_speaks_up():
    talk = FakeConversation()

    async def caller(client):
        client.send_event("response.create")
        await client.until("response.done")
        client.send_event("response.create")
        await client.until("response.done", 2)
        said = [e["transcript"] for e in client.of("response.output_audio_transcript.done")]
        assert said == ["Hello.", "You said ."]
        assert talk.turns == [""]

    session(caller, conversation=always(talk))


def test_words_typed_are_answered_in_words():
    async def caller(client):
        client.type("I cannot sleep")
        client.send_event("response.create")
        done = await client.until("response.done")
        assert done["response"]["output_modalities"] == ["text"]
        text = done["response"]["output"][0]["content"][0]["text"]
        assert text == "You said I cannot sleep."
        assert client.played == []

    session(caller, Client(session={"output_modalities": ["text"]}))


def test_one_answer_may_be_text_and_the_next_one_sound():
    async def caller(client):
        client.type("hello")
        client.send_event("response.create", response={"output_modalities": ["text"]})
        await client.until("response.done")
        assert client.played == []
        await client.turn()
        await client.until("response.done", 2)
        await client.listen(1.0)
        assert client.heard_s() > 0.3

    session(caller)


def test_barge_in_truncates_to_what_the_client_has_played():
    talk = FakeConversation(greeting=reply_of("a" * 300))

    async def caller(client):
        client.send_event("response.create")
        await client.speak(SILENT, 1.0)
        await client.speak(LOUD, 0.6)
        heard = client.heard_s()
        assert 1.0 < heard < 1.4
        await client.speak(SILENT, 0.4)
        await client.until("response.done", 2)
        cancelled, completed = (event["response"] for event in client.of("response.done"))
        assert (cancelled["status"], completed["status"]) == ("cancelled", "completed")
        assert len(client.of("conversation.item.truncated")) == 1
        assert client.of("error") == []
        [(_, chars)] = talk.truncated
        assert chars == pytest.approx(15 * heard, abs=3)

    session(caller, conversation=always(talk))


def test_the_client_cancels_and_nothing_is_resumed():
    talk = FakeConversation(greeting=reply_of("a" * 100, "b" * 100))

    async def caller(client):
        client.send_event("response.create")
        await client.speak(SILENT, 0.5)
        client.send_event("response.cancel")
        done = await client.until("response.done")
        assert done["response"]["status_details"]["reason"] == "client_cancelled"
        await client.speak(LOUD, 0.14)  # a noise, after which a mere pause would be taken up
        await client.listen(1.0)
        assert len(client.of("response.created")) == 1
        assert len(talk.truncated) == 1

    session(caller, conversation=always(talk))


def manual(**more):
    return Client(session={"audio": {"input": {"turn_detection": None, **more}}})


def test_push_to_talk_answers_only_when_asked():
    talk = FakeConversation()

    async def caller(client):
        await client.speak(LOUD, 0.6)
        await client.speak(SILENT, 0.6)  # the ears end a turn here; the client does not
        await client.speak(LOUD, 0.6)
        client.send_event("input_audio_buffer.commit")
        await client.until("conversation.item.input_audio_transcription.completed")
        await asyncio.sleep(1.0)
        assert client.of("response.created") == []
        client.send_event("response.create")
        await client.until("response.done")
        assert talk.turns == ["one two"]
        assert client.of("input_audio_buffer.speech_started") == []

    ears = always(FakeListener(texts=["one", "two"]))
    session(caller, manual(), conversation=always(talk), listener=ears)


def test_commit_and_create_at_once_are_answered_when_the_ears_are_done():
    talk = FakeConversation()

    async def caller(client):
        payload = client.form.encode(np.full(24_000, LOUD, np.float32))
        client.say(client.media(payload))  # a second of speech in one message
        client.send_event("input_audio_buffer.commit")
        client.send_event("response.create")
        await client.until("response.done")
        assert talk.turns == ["I feel tired"]

    session(caller, manual(), conversation=always(talk))


def test_what_is_cleared_is_not_answered():
    talk = FakeConversation()

    async def caller(client):
        await client.turn()
        client.send_event("input_audio_buffer.clear")
        await client.until("input_audio_buffer.cleared")
        await client.speak(LOUD, 0.6)
        client.send_event("input_audio_buffer.commit")
        client.send_event("response.create")
        await client.until("response.done")
        assert talk.turns == ["two"]

    ears = always(FakeListener(texts=["one", "two"]))
    session(caller, manual(), conversation=always(talk), listener=ears)


def test_a_voice_that_may_not_interrupt_does_not():
    talk = FakeConversation(greeting=reply_of("a" * 120))

    async def caller(client):
        client.send_event("response.create")
        await client.speak(SILENT, 0.5)
        await client.turn()
        assert [e["response"]["status"] for e in client.of("response.done")] in ([], ["completed"])
        await client.until("response.done", 2)
        assert talk.truncated == []
        assert talk.turns == ["I feel tired"]

    detection = {"type": "server_vad", "interrupt_response": False}
    client = Client(session={"audio": {"input": {"turn_detection": detection}}})
    session(caller, client, conversation=always(talk))


def test_a_slow_mind_is_waited_for_and_busy_meanwhile():
    def think(turn):
        spend(2.0)
        return reply_of("Yes.")

    async def caller(client):
        client.type("hello")
        client.send_event("response.create")
        client.send_event("response.create")
        error = await client.until("error")
        assert error["error"]["code"] == "conversation_already_has_active_response"
        await client.until("response.done")

    session(caller, conversation=always(FakeConversation(answer=think)))


def test_a_client_that_is_silent_is_not_hung_up_on():
    async def caller(client):
        await asyncio.sleep(120)
        client.send_event("response.create")
        await client.until("response.done")

    session(caller)
