"""The Realtime wire, message for message, against the SDK's own types."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.wires import native
from server.wires.closing import CloseCode, ProtocolError
from server.wires.events import Answer, Ask, Cancel, Commit, Discard, Muted, Truncated, TurnTaking
from server.wires.realtime import DETECTION, RealtimeWire
from server.wires.realtime_events import PCM, PCMA, PCMU
from tests.server.realtime_client import say
from voice_agent.contracts import RiskLevel, Stage, Strategy, UserTurn
from voice_agent.listen.events import SpeechDismissed, SpeechStarted, TurnEnded

BOTH = pytest.mark.parametrize("beta", [False, True], ids=["released", "beta"])


@pytest.fixture(scope="module")
def typed():
    """Checks a server message against the SDK's types; passes it on as plain JSON."""
    types = pytest.importorskip("openai.types.realtime", reason="pip install openai")
    from pydantic import TypeAdapter

    adapter = TypeAdapter(types.RealtimeServerEvent)

    def check(message):
        event = adapter.validate_json(message)
        assert event.type == json.loads(message)["type"]
        return json.loads(message)

    return check


def begun(**options):
    """A wire whose call has begun."""
    wire = RealtimeWire("sess_1", **options)
    wire.decode(say("input_audio_buffer.clear"))
    return wire


def answers(events):
    return [
        json.loads(message)
        for event in events
        if isinstance(event, Answer)
        for message in event.messages
    ]


def others(events):
    return [event for event in events if not isinstance(event, Answer)]


def kinds(messages):
    return [json.loads(message)["type"] for message in messages]


TURN = TurnEnded(UserTurn("I feel tired", t_start=1.0, t_end=2.5), 600.0, 5.0)


def info(generation, said="Hello."):
    return native.TurnInfo(
        generation=generation,
        heard="",
        said=said,
        stage=Stage.EXPLORATION,
        strategy=Strategy.OTHERS,
        risk=RiskLevel.NONE,
    )


def a_whole_session(wire):
    """Every message a session can have, in its order."""
    sent = list(wire.encode(*wire.connected()))
    sent += wire.encode(SpeechStarted(1.0))
    sent += wire.encode(TURN)
    sent += wire.encode(native.Begin(generation=1))
    sent += wire.encode(native.Packets((bytes(960),)))
    sent += wire.encode(info(1))
    sent += wire.encode(native.End(generation=1, samples=320))
    sent += wire.encode(native.Begin(generation=2))
    sent += wire.encode(native.Flush(generation=2))
    sent += wire.encode(SpeechStarted(3.0))
    sent += wire.encode(SpeechDismissed(3.1, ""))
    sent += wire.encode(native.Failure(code=1011, message="gone"))
    return sent


RELEASED = """
session.created
input_audio_buffer.speech_started input_audio_buffer.speech_stopped input_audio_buffer.committed
conversation.item.added conversation.item.done
conversation.item.input_audio_transcription.delta
conversation.item.input_audio_transcription.completed
response.created response.output_item.added conversation.item.added response.content_part.added
response.output_audio.delta response.output_audio_transcript.delta
response.output_audio.done response.output_audio_transcript.done
response.content_part.done response.output_item.done conversation.item.done response.done
response.created response.output_item.added conversation.item.added response.content_part.added
response.output_audio.done response.output_audio_transcript.done
response.content_part.done response.output_item.done conversation.item.done response.done
input_audio_buffer.speech_started input_audio_buffer.speech_stopped
error
"""


def test_a_session_has_the_released_names_and_the_sdks_shapes(typed):
    sent = [typed(message) for message in a_whole_session(RealtimeWire("sess_1"))]
    assert [event["type"] for event in sent] == RELEASED.split()
    assert len({event["event_id"] for event in sent}) == len(sent)
    done = [event["response"] for event in sent if event["type"] == "response.done"]
    assert [response["status"] for response in done] == ["completed", "cancelled"]
    assert done[1]["status_details"]["reason"] == "turn_detected"
    assert done[0]["output"][0]["content"] == [{"type": "output_audio", "transcript": "Hello."}]


def test_a_beta_client_gets_the_old_names():
    sent = kinds(a_whole_session(RealtimeWire("sess_1", beta=True)))
    old = {
        "conversation.item.created",
        "response.audio.delta",
        "response.audio.done",
        "response.audio_transcript.delta",
        "response.audio_transcript.done",
    }
    assert old <= set(sent)
    assert not set(sent) & {"response.output_audio.delta", "conversation.item.done"}


@given(st.binary(min_size=2, max_size=20_000))
def test_sound_goes_through_both_ways(data):
    data = data[: len(data) // 2 * 2]
    wire = begun()
    text = base64.b64encode(data).decode()
    events = wire.decode(say("input_audio_buffer.append", audio=text))
    assert b"".join(packet for event in events for packet in event.packets) == data
    assert all(len(packet) <= 4800 for event in events for packet in event.packets)
    wire.encode(native.Begin(generation=1))
    [delta] = wire.encode(native.Packets((data,)))
    assert base64.b64decode(json.loads(delta)["delta"]) == data


def test_the_first_event_that_can_be_carried_out_begins_the_call():
    wire = RealtimeWire("sess_1", locale="GB")
    assert others(wire.decode("not JSON")) == []
    assert others(wire.decode(say("dance"))) == []
    assert others(wire.decode(say("response.cancel"))) == []
    assert others(wire.decode(say("response.create")))[0] == native.Hello(locale="GB")
    assert others(wire.decode(say("input_audio_buffer.clear"))) == [Discard()]


FORMATS = {"audio/pcm": PCM, "audio/pcmu": PCMU, "audio/pcma": PCMA}


@pytest.mark.parametrize("name", FORMATS)
def test_formats_are_chosen_in_the_first_update_and_then_fixed(name, typed):
    wire = RealtimeWire("sess_1")
    audio = {"input": {"format": {"type": name}}, "output": {"format": {"type": name}}}
    events = wire.decode(say("session.update", session={"type": "realtime", "audio": audio}))
    assert others(events)[0] == native.Hello()
    [updated] = answers(events)
    typed(json.dumps(updated))
    assert updated["session"]["audio"]["input"]["format"]["type"] == name
    assert wire.sound.up == wire.sound.down == FORMATS[name]
    again = wire.decode(say("session.update", session={"type": "realtime", "audio": audio}))
    assert answers(again)[0]["type"] == "session.updated"
    other = {"input": {"format": {"type": "audio/pcma" if name != "audio/pcma" else "audio/pcm"}}}
    [error] = answers(wire.decode(say("session.update", session={"audio": other}, event_id="e7")))
    typed(json.dumps(error))
    assert (error["type"], error["error"]["event_id"]) == ("error", "e7")
    assert wire.sound.up == FORMATS[name]


def test_beta_formats_and_detection():
    wire = RealtimeWire("sess_1", beta=True)
    session = {
        "input_audio_format": "g711_ulaw",
        "output_audio_format": "pcm16",
        "turn_detection": None,
        "modalities": ["text"],
    }
    events = wire.decode(say("session.update", session=session))
    assert (wire.sound.up, wire.sound.down) == (PCMU, PCM)
    assert TurnTaking(hears=False, answers=False, interrupts=False) in events
    assert Muted(silent=True) in events
    [updated] = answers(events)
    assert updated["session"]["modalities"] == ["text"]


def test_turn_detection_is_taken_over_and_told():
    wire = RealtimeWire("sess_1")
    for detection, taking in {
        '{"type": "server_vad"}': TurnTaking(),
        '{"type": "semantic_vad", "create_response": false}': TurnTaking(answers=False),
        '{"type": "server_vad", "interrupt_response": false}': TurnTaking(interrupts=False),
        "null": TurnTaking(hears=False, answers=False, interrupts=False),
    }.items():
        audio = {"input": {"turn_detection": json.loads(detection)}}
        events = wire.decode(say("session.update", session={"type": "realtime", "audio": audio}))
        assert taking in events
    assert answers(events)[0]["session"]["audio"]["input"]["turn_detection"] is None


REFUSED = {
    "no object": ("[]", "invalid_json"),
    "deep": ("[" * 5000, "invalid_json"),
    "an unknown event": (say("dance"), "invalid_value"),
    "no type": ("{}", "invalid_value"),
    "a transcription session": (
        say("session.update", session={"type": "transcription"}),
        "invalid_value",
    ),
    "an unknown format": (
        say("session.update", session={"audio": {"input": {"format": {"type": "audio/opus"}}}}),
        "invalid_value",
    ),
    "another rate": (
        say(
            "session.update",
            session={"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}},
        ),
        "invalid_value",
    ),
    "an unknown detection": (
        say("session.update", session={"audio": {"input": {"turn_detection": {"type": "x"}}}}),
        "invalid_value",
    ),
    "no modality": (say("session.update", session={"output_modalities": []}), "invalid_value"),
    "sound that is none": (say("input_audio_buffer.append", audio="%%"), "invalid_value"),
    "no sound": (say("input_audio_buffer.append"), "invalid_value"),
    "an empty commit": (say("input_audio_buffer.commit"), "input_audio_buffer_commit_empty"),
    "a system message": (
        say("conversation.item.create", item={"type": "message", "role": "system"}),
        "invalid_value",
    ),
    "an image": (
        say(
            "conversation.item.create",
            item={"type": "message", "role": "user", "content": [{"type": "input_image"}]},
        ),
        "invalid_value",
    ),
    "an unknown item": (
        say("conversation.item.truncate", item_id="item_9", content_index=0, audio_end_ms=0),
        "item_not_found",
    ),
    "nothing to cancel": (say("response.cancel"), "response_cancel_not_active"),
}


@pytest.mark.parametrize(("message", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_done_is_an_error_and_the_session_goes_on(message, code, typed):
    wire = begun()
    events = wire.decode(message)
    assert others(events) == []
    [error] = answers(events)
    typed(json.dumps(error))
    assert (error["type"], error["error"]["code"]) == ("error", code)
    assert wire.decode(say("response.create")) == (Ask(),)


def test_binary_messages_have_no_place():
    with pytest.raises(ProtocolError) as caught:
        begun().decode(b"sound")
    assert caught.value.code is CloseCode.UNSUPPORTED


def test_words_that_were_typed_are_asked_about_once():
    wire = begun()
    for text in ("I feel", "tired"):
        item = {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": text}],
        }
        told = answers(wire.decode(say("conversation.item.create", item=item)))
        assert [event["type"] for event in told] == [
            "conversation.item.added",
            "conversation.item.done",
        ]
    create = say("response.create", response={"output_modalities": ["text"]})
    assert wire.decode(create) == (Ask("I feel tired", silent=True),)
    [busy] = answers(wire.decode(say("response.create")))
    assert busy["error"]["code"] == "conversation_already_has_active_response"
    wire.encode(native.Begin(generation=1))
    wire.encode(native.End(generation=1, samples=0))
    told = kinds(wire.encode(info(1)))
    assert told[:2] == ["response.output_text.delta", "response.output_text.done"]
    assert told[-1] == "response.done"
    assert wire.decode(say("response.create")) == (Ask("", silent=False),)


def test_words_that_are_written_later_end_in_the_same_transcript():
    wire = RealtimeWire("sess_1")
    wire.encode(native.Begin(generation=1))
    deltas = wire.encode(info(1)) + wire.encode(native.More(generation=1, said="And more."))
    assert [json.loads(m)["delta"] for m in deltas] == ["Hello.", " And more."]
    assert wire.encode(native.More(generation=7, said="Of another reply.")) == ()
    done = [json.loads(m) for m in wire.encode(native.End(generation=1, samples=320))]
    assert done[1]["transcript"] == "Hello. And more."


def test_a_truncation_says_what_was_heard():
    wire = begun()
    wire.encode(native.Begin(generation=4))
    wire.encode(native.Packets((bytes(4800),)))
    fields = {"item_id": "item_reply_4", "content_index": 0}
    events = wire.decode(say("conversation.item.truncate", **fields, audio_end_ms=60))
    assert others(events) == [Truncated(4, 960)]
    assert answers(events)[0]["type"] == "conversation.item.truncated"
    for beyond in (101, -1, 1.5, None, True):
        [error] = answers(
            wire.decode(say("conversation.item.truncate", **fields, audio_end_ms=beyond))
        )
        assert error["type"] == "error"
    assert others(wire.decode(say("response.cancel"))) == [Cancel()]
    done = json.loads(wire.encode(native.Flush(generation=4))[-1])["response"]
    assert done["status_details"]["reason"] == "client_cancelled"


def test_a_client_that_ends_turns_itself_gets_its_items_at_once_and_words_later():
    wire = begun()
    session = {"audio": {"input": {"turn_detection": None}}}
    wire.decode(say("session.update", session=session))
    assert wire.encode(SpeechStarted(1.0)) == ()
    wire.decode(say("input_audio_buffer.append", audio="AAAA"))
    events = wire.decode(say("input_audio_buffer.commit"))
    assert others(events) == [Commit()]
    committed = answers(events)[0]
    assert committed["type"] == "input_audio_buffer.committed"
    words = [json.loads(message) for message in wire.encode(TURN)]
    assert [event["item_id"] for event in words] == [committed["item_id"]] * 2
    assert words[1]["transcript"] == "I feel tired"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("realtime"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "audio", "input", "format", "rate"]), inner)
    ),
    max_leaves=8,
)
events = st.fixed_dictionaries(
    {"type": st.sampled_from(list(RealtimeWire("x")._handlers)) | values},
    optional={
        name: values
        for name in ("session", "audio", "item", "item_id", "audio_end_ms", "response", "event_id")
    },
)


@given(st.lists(st.one_of(events.map(json.dumps), st.text(max_size=20)), max_size=8))
def test_whatever_comes_is_carried_out_or_refused(messages):
    wire = RealtimeWire("sess_1")
    for message in messages:
        for event in wire.decode(message):
            wire.encode(event)


def test_the_detection_in_force_is_the_one_that_is_told():
    [created] = RealtimeWire("sess_1").connected()
    told = json.loads(created.messages[0])["session"]
    assert told["audio"]["input"]["turn_detection"] == DETECTION
