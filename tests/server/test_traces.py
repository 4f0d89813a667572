"""Spans of a call: where a turn's time went, and nothing private unless asked for."""

from __future__ import annotations

import dataclasses
import sys

import pytest

from codec.errors import SecoustiError
from server.watch import traces_of
from server.wires import native
from server.wires.closing import CallEnded, CloseCode
from server.wires.native import Begin, Flush, TurnInfo
from server.wires.twilio import TwilioWire
from server.witness import Opening
from tests.server.sockets import QUICK, calling, with_server
from voice_agent.contracts import RiskLevel, Stage, Strategy

pytest.importorskip("opentelemetry.sdk", reason="pip install 'secousti[otel]'")

from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from server.traces import PRIVATE, Traces

WIRE = TwilioWire()
WIRE.peer_id = "CA-secret"
OPENING = Opening("c0ffee", "north", WIRE)
HEARD, SAID = "I have not slept since Tuesday", "That sounds hard."
PARTS = {"endpoint": 300.0, "recognise": 40.0, "think": 100.0, "speak_first": 200.0}
TURN = TurnInfo(
    generation=1,
    heard=HEARD,
    said=SAID,
    stage=Stage.EXPLORATION,
    strategy=Strategy.REFLECTION,
    risk=RiskLevel.LOW,
    latency_ms={**PARTS, "voice_to_voice": 700.0},
)


def spans(private=False, ended=CloseCode.NORMAL, turn=TURN):
    kept = InMemorySpanExporter()
    traces = Traces(private, SimpleSpanProcessor(kept))
    call = traces.call(OPENING)
    call.came([])
    call.sent(Begin(generation=1))
    call.sent(turn)
    call.sent(Flush(generation=1))
    call.closed(CallEnded(ended))
    traces.close()
    return kept.get_finished_spans()


def named(name, **options):
    [span] = [span for span in spans(**options) if span.name == name]
    return span


def seconds(span):
    return (span.end_time - span.start_time) / 1e9


def test_a_turn_runs_from_the_last_sample_to_the_first_and_has_its_parts():
    told = {span.name: span for span in spans()}
    turn, call = told["turn"], told["call"]
    assert seconds(turn) == pytest.approx(0.7, abs=1e-6)
    assert set(told) == {"call", "turn", *PARTS}
    for name, ms in PARTS.items():
        assert seconds(told[name]) == pytest.approx(ms / 1000, abs=1e-6)
        assert told[name].parent.span_id == turn.context.span_id
        assert turn.start_time <= told[name].start_time
        assert told[name].end_time <= turn.end_time
    assert told["endpoint"].start_time == turn.start_time
    assert told["think"].end_time == told["speak_first"].start_time
    assert told["speak_first"].end_time == turn.end_time
    assert turn.parent.span_id == call.context.span_id
    assert [event.name for event in call.events] == ["barge_in"]


def test_what_is_private_is_left_out_unless_asked_for():
    told = str([(span.name, dict(span.attributes)) for span in spans()])
    for private in (HEARD, SAID, "CA-secret", "low", PRIVATE):
        assert private not in told
    assert "north" in told
    attributes = named("turn", private=True).attributes
    assert attributes[f"{PRIVATE}heard"] == HEARD
    assert attributes[f"{PRIVATE}risk"] == "low"
    assert named("call", private=True).attributes[f"{PRIVATE}peer_id"] == "CA-secret"


def test_only_a_fault_of_ours_is_an_error():
    assert named("call", ended=CloseCode.FAULT).status.status_code is StatusCode.ERROR
    assert named("call", ended=CloseCode.IDLE).status.status_code is StatusCode.UNSET
    assert named("call").attributes["secousti.code"] == 1000


def test_a_turn_that_reached_nothing_has_no_span():
    never = TURN.model_copy(update={"latency_ms": {}})
    assert [span.name for span in spans(turn=never)] == ["call"]
    greeting = TURN.model_copy(update={"latency_ms": {"think": 5.0, "speak_first": 9.0}})
    names = {span.name for span in spans(turn=greeting)}
    assert names == {"call", "turn", "think", "speak_first"}


def test_without_opentelemetry_the_fault_says_what_to_install(monkeypatch):
    assert traces_of(QUICK) is None
    monkeypatch.setitem(sys.modules, "server.traces", None)
    with pytest.raises(SecoustiError, match=r"secousti\[otel\]"):
        traces_of(dataclasses.replace(QUICK, traces=True))


def test_a_call_of_a_real_server_is_traced(monkeypatch):
    kept = InMemorySpanExporter()
    monkeypatch.setattr("server.app.traces_of", lambda _: Traces(False, SimpleSpanProcessor(kept)))

    async def work(server):
        async with calling(server) as caller:
            await caller.until(native.End)
            await caller.turn()
            await caller.until(native.End, 2)

    with_server(work)
    told = [span.name for span in kept.get_finished_spans()]
    assert told.count("call") == 1
    assert told.count("turn") == 2  # the greeting and the answer
    assert set(told) == {"call", "turn", *PARTS}
    assert not [span for span in kept.get_finished_spans() if PRIVATE in str(span.attributes)]
