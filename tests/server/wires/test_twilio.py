"""Twilio Media Streams: message for message, and whole calls on virtual time."""

from __future__ import annotations

import base64
import json
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.auth import admits, twilio_signed
from server.dialogue import NO_PERSON_ID, PERSON_ID, WORDS
from server.wires import native
from server.wires.closing import CloseCode, ProtocolError
from server.wires.events import Digit, HungUp
from server.wires.twilio import TwilioWire, place_name, played_of
from tests.server.fakes import FakeConversation, FakeVoice, reply_of
from tests.server.phones import LOUD, SILENT, TwilioPhone
from tests.server.virtual import always, now, over
from voice_agent.listen.events import Partial, SpeechStarted

START = {
    "event": "start",
    "sequenceNumber": "1",
    "streamSid": "MZ1",
    "start": {
        "accountSid": "AC1",
        "streamSid": "MZ1",
        "callSid": "CA1",
        "tracks": ["inbound"],
        "customParameters": {},
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
    },
}


def started(**parameters):
    wire = TwilioWire()
    wire.decode(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
    [hello] = wire.decode(json.dumps(with_parameters(parameters)))
    assert hello == native.Hello()
    return wire


def with_parameters(parameters):
    return {**START, "start": {**START["start"], "customParameters": parameters}}


def media(payload, track="inbound"):
    return json.dumps({"event": "media", "media": {"track": track, "payload": payload}})


@given(st.binary(min_size=1, max_size=400))
def test_sound_goes_through_both_ways(data):
    wire = started()
    assert wire.decode(media(base64.b64encode(data).decode())) == (native.Packets((data,)),)
    [message, *_] = wire.encode(native.Packets((data,)))
    sent = json.loads(message)
    assert (sent["event"], sent["streamSid"]) == ("media", "MZ1")
    assert base64.b64decode(sent["media"]["payload"]) == data


@given(st.integers(1, 10**8), st.integers(0, 10**8))
def test_a_mark_says_what_was_heard(generation, ms):
    name = place_name(generation, ms)
    assert played_of(name) == (native.Played(generation=generation, samples=16 * ms),)
    wire = started()
    mark = json.dumps({"event": "mark", "streamSid": "MZ1", "mark": {"name": name}})
    assert wire.decode(mark) == played_of(name)


@pytest.mark.parametrize("name", ["", "greeting", "0:5", "1:", "1:-3", "1:9999999999", "١:5"])
def test_marks_of_others_say_nothing(name):
    assert played_of(name) == ()


def test_marks_stand_every_200_ms_and_at_the_end_of_a_reply():
    wire = started()
    assert wire.encode(native.Begin(generation=3)) == ()
    names = []
    for _ in range(25):
        for message in wire.encode(native.Packets((bytes(160),))):
            names += [json.loads(message).get("mark", {}).get("name")]
    [end] = wire.encode(native.End(generation=3, samples=8000))
    assert [name for name in names if name] == ["3:200", "3:400"]
    assert json.loads(end) == {"event": "mark", "mark": {"name": "3:500"}, "streamSid": "MZ1"}


def test_a_flush_is_a_clear_and_what_has_no_word_is_not_sent():
    wire = started()
    [clear] = wire.encode(native.Flush(generation=1))
    assert json.loads(clear) == {"event": "clear", "streamSid": "MZ1"}
    for event in (Partial("so"), SpeechStarted(1.0), native.Bye(), native.Caption(text="so")):
        assert wire.encode(event) == ()


def test_keys_and_the_end_are_told():
    wire = started()
    key = {"event": "dtmf", "dtmf": {"track": "inbound_track", "digit": "0"}}
    assert wire.decode(json.dumps(key)) == (Digit("0"),)
    key["dtmf"]["digit"] = "00"
    assert wire.decode(json.dumps(key)) == ()
    assert wire.decode('{"event": "stop", "stop": {"callSid": "CA1"}}') == (HungUp(),)
    assert wire.decode('{"event": "news"}') == ()
    assert wire.decode(media("AAAA", track="outbound")) == ()


@pytest.mark.parametrize("token", [None, "wrong", "", "\ud800"])
def test_without_the_token_there_is_no_hello(token):
    parameters = {} if token is None else {"token": token}
    wire = TwilioWire(partial(admits, "long-enough"))
    with pytest.raises(ProtocolError) as caught:
        wire.decode(json.dumps(with_parameters(parameters)))
    assert caught.value.code is CloseCode.POLICY
    wire = TwilioWire(partial(admits, "long-enough"))
    right = with_parameters({"token": "long-enough", "locale": "GB"})
    assert wire.decode(json.dumps(right)) == (native.Hello(locale="GB"),)
    assert wire.peer_id == "CA1"


FAULTS = {
    "not JSON": ("{", CloseCode.BAD_PAYLOAD),
    "deep": ("[" * 5000, CloseCode.BAD_PAYLOAD),
    "no object": ("[]", CloseCode.BAD_PAYLOAD),
    "no event": ("{}", CloseCode.BAD_PAYLOAD),
    "binary": (b"\x00", CloseCode.UNSUPPORTED),
    "a second start": (json.dumps(START), CloseCode.PROTOCOL),
    "no payload": ('{"event": "media", "media": {}}', CloseCode.BAD_PAYLOAD),
    "media no object": ('{"event": "media", "media": 3}', CloseCode.BAD_PAYLOAD),
    "not base64": (media("%%%"), CloseCode.BAD_PAYLOAD),
    "empty sound": (media(""), CloseCode.BAD_PAYLOAD),
    "a mark without a name": ('{"event": "mark"}', CloseCode.BAD_PAYLOAD),
}


@pytest.mark.parametrize(("message", "code"), FAULTS.values(), ids=FAULTS.keys())
def test_faults_have_their_close_code(message, code):
    with pytest.raises(ProtocolError) as caught:
        started().decode(message)
    assert caught.value.code is code


def test_sound_before_start_and_other_formats_are_refused():
    with pytest.raises(ProtocolError):
        TwilioWire().decode(media("AAAA"))
    opus = json.loads(json.dumps(START))
    opus["start"]["mediaFormat"]["encoding"] = "audio/opus"
    with pytest.raises(ProtocolError) as caught:
        TwilioWire().decode(json.dumps(opus))
    assert caught.value.code is CloseCode.UNSUPPORTED


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
events = st.fixed_dictionaries(
    {"event": st.sampled_from(["start", "media", "dtmf", "mark", "stop", "connected", "x"])},
    optional={name: json_values for name in ("start", "media", "dtmf", "mark", "streamSid")},
)


@given(st.lists(st.one_of(events.map(json.dumps), st.just(json.dumps(START)), st.text())))
def test_whatever_comes_is_an_event_or_a_protocol_error(messages):
    wire = TwilioWire()
    for message in messages:
        try:
            wire.decode(message)
        except ProtocolError as fault:
            assert fault.code in CloseCode


# Whole calls.


def call(work, phone=None, wire=None, **parts):
    phone = phone or TwilioPhone()
    return over(phone, wire or TwilioWire(), lambda line, _: work(line), **parts)


def test_a_call_greets_hears_and_answers():
    talk = FakeConversation()

    async def caller(phone):
        assert await phone.listen(1.0) == pytest.approx(0.1, abs=0.02)  # "Hello."
        await phone.turn()
        await phone.listen(2.0)
        assert phone.heard_s(since=1.0) == pytest.approx(0.4, abs=0.05)
        assert talk.turns == ["I feel tired"]
        assert talk.truncated == []
        assert phone.marks == []
        phone.say('{"event": "stop", "stop": {}}')

    assert call(caller, conversation=always(talk)).code is CloseCode.NORMAL


@pytest.mark.parametrize("echoes", [True, False], ids=["marks echoed", "marks dropped"])
def test_barge_in_clears_the_queue_and_the_history_ends_where_the_caller_stopped_hearing(echoes):
    talk = FakeConversation(greeting=reply_of("a" * 200))

    async def caller(phone):
        await phone.speak(SILENT, 1.0)
        begun = now()
        await phone.speak(LOUD, 0.6)
        [cleared] = phone.cleared()
        assert cleared - begun < 0.3
        assert phone.heard_s(since=cleared + 0.02) == 0.0  # silent from the clear on
        heard = phone.heard_s()
        await phone.listen(2.0)
        assert phone.heard_s(since=cleared) > 0.3  # the answer
        [(_, chars)] = talk.truncated
        assert chars == pytest.approx(15 * heard, abs=8)  # length unknown: 15 a second

    call(caller, TwilioPhone(echoes=echoes), conversation=always(talk))


def test_a_phone_that_plays_late_shortens_what_counts_as_heard():
    """Marks that do not come back mean: not heard yet, whatever our clock says."""

    class Stalled(TwilioPhone):
        def _passed(self, name):
            if name == "1:200":
                super()._passed(name)

    talk = FakeConversation(greeting=reply_of("a" * 20, "b" * 400))

    async def caller(phone):
        await phone.speak(SILENT, 0.3)  # 1:200 came back
        phone.empty()
        await phone.turn()
        await phone.listen(1.0)
        [(_, chars)] = talk.truncated
        assert chars < 60

    call(caller, Stalled(), conversation=always(talk))


def heard_after_zero(hand_off):
    talk = FakeConversation(greeting=reply_of("a" * 300))
    asked, said = [], []

    async def caller(phone):
        await phone.speak(SILENT, 1.0)
        phone.press("5")
        phone.press("0")
        await phone.speak(SILENT, 0.2)
        assert len(phone.cleared()) == 1
        assert await phone.listen(3.0) > 1.0
        said.extend(talk.truncated)

    take = hand_off and (lambda call: asked.append(call) or hand_off())
    call(caller, conversation=always(talk), hand_off=take, voice=(voice := Spoken()))
    return voice.said, asked, said


class Spoken(FakeVoice):
    def __init__(self):
        super().__init__()
        self.said = []

    def speak(self, text, pace=1.0):
        self.said.append(text)
        yield from super().speak(text, pace)


def test_zero_without_anybody_says_so_honestly():
    said, _, truncated = heard_after_zero(None)
    assert said[-1] in WORDS[NO_PERSON_ID]
    [(text, chars)] = truncated
    assert 5 < chars < len(text)


def test_zero_asks_the_adapter_and_tells_who_comes():
    said, [asked], _ = heard_after_zero(lambda: True)
    assert said[-1] in WORDS[PERSON_ID]
    assert (asked.session, asked.wire, asked.peer_id) == ("test", "twilio", "CA1")


def failing():
    raise OSError("no route")


@pytest.mark.parametrize("hand_off", [lambda: False, failing], ids=["refuses", "fails"])
def test_an_adapter_that_finds_nobody_promises_nobody(hand_off):
    said, asked, _ = heard_after_zero(hand_off)
    assert len(asked) == 1
    assert said[-1] in WORDS[NO_PERSON_ID]


# The signature.


@given(
    st.from_regex(r"[a-z]{1,10}\.example(:[1-9][0-9]{3})?", fullmatch=True),
    st.dictionaries(st.text("abAB", min_size=1, max_size=4), st.text(max_size=8), max_size=3),
)
def test_the_signature_is_the_one_of_twilios_own_library(host, parameters):
    oracle = pytest.importorskip("twilio.request_validator", reason="pip install twilio")
    validator = oracle.RequestValidator("secret")
    url = f"wss://{host}/twilio"
    signature = validator.compute_signature(url, parameters)
    assert twilio_signed("secret", url, signature, parameters)
    assert validator.validate(url, parameters, signature)
    assert not twilio_signed("other", url, signature, parameters)
    assert not twilio_signed("secret", url + "/", signature, parameters)
    assert not twilio_signed("secret", url, None, parameters)
    assert not twilio_signed("secret", url, "\udc80", parameters)


def test_a_host_that_is_none_is_not_signed():
    assert not twilio_signed("secret", "wss://a.example:1\u0660/twilio", "c2lnbmF0dXJl")
