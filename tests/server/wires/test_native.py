"""The native wire round-trips every event and names every fault with its close code."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.rates import HIGH, LOW, RATES, Rate
from server.wires import native
from server.wires.closing import MEANING, REASON_BYTES, CloseCode, ProtocolError, close_reason
from voice_agent.contracts import RiskLevel, Stage, Strategy

generations = st.integers(1, 2**31)
samples = st.integers(0, 2**40)
texts = st.text(max_size=80)
latencies = st.dictionaries(
    st.sampled_from(["endpoint", "recognise", "think", "speak_first", "voice_to_voice"]),
    st.floats(0, 1e6),
)
client_controls = st.one_of(
    st.builds(native.Played, generation=generations, samples=samples),
    st.builds(native.Bye, reason=texts),
)
server_controls = st.one_of(
    st.builds(native.Begin, generation=generations),
    st.builds(native.End, generation=generations, samples=samples),
    st.builds(native.Flush, generation=generations),
    st.builds(native.Caption, text=texts),
    st.builds(native.Failure, code=st.sampled_from([int(c) for c in CloseCode]), message=texts),
    st.builds(
        native.TurnInfo,
        generation=generations,
        heard=texts,
        said=texts,
        stage=st.sampled_from(Stage),
        strategy=st.sampled_from(Strategy),
        risk=st.sampled_from(RiskLevel),
        latency_ms=latencies,
    ),
    st.builds(native.More, generation=generations, said=texts),
    st.builds(native.Bye, reason=texts),
)
rates = st.sampled_from([LOW, HIGH])


def packets_of(rate: Rate, first: int, count: int, fill: int = 7) -> list[bytes]:
    return [bytes([fill]) * rate.packet_bytes(first + k) for k in range(count)]


def server_after_hello(rate: str = "high") -> native.ServerWire:
    wire = native.ServerWire()
    wire.decode(native.encode(native.Hello(rate=rate)))
    return wire


def client_after_welcome(rate: str = "high") -> native.ClientWire:
    wire = native.ClientWire()
    wire.decode(native.encode(native.Welcome(rate=rate, session="s", lead_ms=400)))
    return wire


@given(
    rate=st.sampled_from(["low", "high"]),
    locale=st.from_regex(r"[A-Z]{2}", fullmatch=True),
    events=st.booleans(),
)
def test_hello_round_trips(rate, locale, events):
    hello = native.Hello(rate=rate, locale=locale, events=events)
    assert native.ServerWire().decode(native.encode(hello)) == (hello,)


@given(client_controls)
def test_client_controls_round_trip(event):
    assert server_after_hello().decode(native.encode(event)) == (event,)


@given(server_controls)
def test_server_controls_round_trip(event):
    assert client_after_welcome().decode(native.encode(event)) == event


@given(rate=rates, cuts=st.lists(st.integers(1, 12), min_size=1, max_size=12))
def test_packets_round_trip_under_every_grouping(rate, cuts):
    wire = server_after_hello(rate.name)
    packets = packets_of(rate, 0, sum(cuts))
    back: list[bytes] = []
    start = 0
    for cut in cuts:
        [event] = wire.decode(native.encode(native.Packets(tuple(packets[start : start + cut]))))
        assert isinstance(event, native.Packets)
        back += event.packets
        start += cut
    assert back == packets


@given(rate=rates, count=st.integers(1, 400))
def test_joined_keeps_order_and_the_limit(rate, count):
    packets = packets_of(rate, 0, count)
    messages = native.joined(packets)
    assert [p for m in messages for p in m.packets] == packets
    assert all(len(native.encode(m)) <= native.BINARY_BYTES for m in messages)


@given(rate=rates, count=st.integers(0, 20), missing=st.integers(1, 4))
def test_a_partial_packet_is_refused(rate, count, missing):
    data = b"".join(packets_of(rate, 0, count + 1))[:-missing]
    with pytest.raises(ProtocolError) as caught:
        server_after_hello(rate.name).decode(data)
    assert caught.value.code is CloseCode.BAD_PAYLOAD


@given(st.one_of(st.text(max_size=300), st.binary(max_size=300)))
def test_any_message_is_an_event_or_a_protocol_error(message):
    for wire in (native.ServerWire(), server_after_hello(), client_after_welcome()):
        try:
            wire.decode(message)
        except ProtocolError as error:
            assert error.code in MEANING


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


@given(st.sampled_from(["hello", "played", "bye", "begin"]), st.dictionaries(texts, json_values))
def test_any_json_object_is_an_event_or_a_protocol_error(kind, fields):
    message = json.dumps({**fields, "type": kind})
    for wire in (native.ServerWire(), server_after_hello()):
        try:
            wire.decode(message)
        except ProtocolError as error:
            assert error.code in MEANING


FAULTS = {
    "text where tokens belong": ("AAAAAAA=", CloseCode.BAD_PAYLOAD),
    "a JSON value that is no object": ("[1, 2]", CloseCode.BAD_PAYLOAD),
    "no type": ("{}", CloseCode.PROTOCOL),
    "unknown type": ('{"type": "dance"}', CloseCode.PROTOCOL),
    "a server's message": ('{"type": "begin", "generation": 1}', CloseCode.PROTOCOL),
    "a second hello": ('{"type": "hello"}', CloseCode.PROTOCOL),
    "a field of the wrong type": (
        '{"type": "played", "generation": "1", "samples": 0}',
        CloseCode.BAD_PAYLOAD,
    ),
    "a negative count": (
        '{"type": "played", "generation": 1, "samples": -1}',
        CloseCode.BAD_PAYLOAD,
    ),
    "too much text": (" " * (native.CLIENT_TEXT_BYTES + 1), CloseCode.TOO_BIG),
    "too many tokens": (bytes(native.BINARY_BYTES + 1), CloseCode.TOO_BIG),
    "an empty binary message": (b"", CloseCode.BAD_PAYLOAD),
}


@pytest.mark.parametrize(("message", "code"), FAULTS.values(), ids=FAULTS.keys())
def test_each_fault_has_its_close_code(message, code):
    with pytest.raises(ProtocolError) as caught:
        server_after_hello().decode(message)
    assert caught.value.code is code
    assert "\n" not in str(caught.value)


def test_tokens_before_hello_are_refused():
    with pytest.raises(ProtocolError) as caught:
        native.ServerWire().decode(bytes(5))
    assert caught.value.code is CloseCode.UNSUPPORTED


def test_a_wrong_version_is_named():
    with pytest.raises(ProtocolError, match="version 2") as caught:
        native.ServerWire().decode('{"type": "hello", "version": 2}')
    assert caught.value.code is CloseCode.WRONG_VERSION


def test_nothing_may_follow_bye():
    wire = server_after_hello()
    wire.decode(native.encode(native.Bye()))
    for message in ('{"type": "bye"}', bytes(5)):
        with pytest.raises(ProtocolError):
            wire.decode(message)


def test_fields_of_a_later_version_are_ignored():
    [event] = native.ServerWire().decode('{"type": "hello", "colour": "blue"}')
    assert event == native.Hello()


@pytest.mark.parametrize("rate", RATES)
def test_begin_starts_the_downlink_at_packet_zero(rate):
    wire = client_after_welcome(rate)
    first = packets_of(RATES[rate], 0, 9)
    for generation in (1, 2):
        wire.decode(native.encode(native.Begin(generation=generation)))
        event = wire.decode(b"".join(first))
        assert event == native.Packets(tuple(first))


@pytest.mark.parametrize(
    "closing", [native.Flush(generation=1), native.End(generation=1, samples=9)]
)
def test_packets_after_a_generation_are_refused(closing):
    wire = client_after_welcome()
    wire.decode(native.encode(native.Begin(generation=1)))
    wire.decode(native.encode(closing))
    with pytest.raises(ProtocolError) as caught:
        wire.decode(bytes(5))
    assert caught.value.code is CloseCode.PROTOCOL


def test_an_error_may_come_instead_of_welcome():
    failure = native.Failure(code=CloseCode.TRY_LATER, message="full")
    assert native.ClientWire().decode(native.encode(failure)) == failure
    with pytest.raises(ProtocolError):
        native.ClientWire().decode(native.encode(native.Begin(generation=1)))


@given(st.text(max_size=300))
def test_close_reasons_fit_their_frame(message):
    reason = close_reason(message)
    assert len(reason.encode()) <= REASON_BYTES
    assert message.startswith(reason)


def test_every_close_code_has_a_meaning():
    assert set(MEANING) == set(CloseCode)


def test_samples_pass_where_the_hello_asked_for_them():
    server, client = native.ServerWire(), native.ClientWire()
    server.decode(native.encode(native.Hello(sound="pcm")))
    assert server.sound is native.PCM
    assert server.limits is native.PCM_LIMITS
    piece = bytes(range(256)) * 2
    assert server.decode(piece) == (native.Packets((piece,)),)
    welcome = native.Welcome(rate="high", session="s", lead_ms=400, sound="pcm")
    client.decode(native.encode(welcome))
    client.decode(native.encode(native.Begin(generation=1)))
    assert client.decode(piece) == native.Packets((piece,))


@pytest.mark.parametrize(
    "data, code",
    [(b"", CloseCode.BAD_PAYLOAD), (b"odd", CloseCode.BAD_PAYLOAD), (bytes(1026), 1009)],
)
def test_what_is_no_samples_is_refused(data, code):
    server = native.ServerWire()
    server.decode(native.encode(native.Hello(sound="pcm")))
    with pytest.raises(ProtocolError) as caught:
        server.decode(data)
    assert caught.value.code == code
