"""Spans of a call: where a turn's time went, and nothing private unless asked for."""

from __future__ import annotations

import dataclasses
import sys

import pytest

from codec.errors import SecoustiError
from codec.rates import HIGH
from server.latency import TurnClock
from server.parts import CallName
from server.speaking import Speech
from server.watch import traces_of
from server.wires.closing import CallEnded, CloseCode
from server.witness import Opening
from tests.server.fakes import reply_of
from tests.server.sockets import QUICK
from voice_agent.contracts import RiskLevel, RiskState

pytest.importorskip("opentelemetry.sdk", reason="pip install 'secousti[otel]'")

from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from server.traces import PRIVATE, Traces

OPENING = Opening(CallName("c0ffee", "twilio", "CA-secret"), "north", HIGH)
HEARD, SAID = "I have not slept since Tuesday", "That sounds hard."
RISK = RiskState(level=RiskLevel.LOW)
TURN = Speech(
    dataclasses.replace(reply_of(SAID), risk=RISK),
    HEARD,
    TurnClock(300.0, 40.0, speech_end=10.0, asked=10.4, answered=10.5, first_sent=10.7),
)


def spans(private=False, ended=CloseCode.NORMAL, turn=TURN):
    kept = InMemorySpanExporter()
    traces = Traces(private, SimpleSpanProcessor(kept))
    call = traces.call(OPENING, lambda: 11.0)
    call.turn(turn, {})
    call.note("resumed")
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
    assert seconds(turn) == pytest.approx(0.7, abs=0.01)
    parts = {"endpoint": 0.3, "recognise": 0.04, "think": 0.1, "speak_first": 0.2}
    assert set(told) == {"call", "turn", *parts}
    for name, length in parts.items():
        assert seconds(told[name]) == pytest.approx(length, abs=0.01)
        assert told[name].parent.span_id == turn.context.span_id
        assert turn.start_time - 1e7 <= told[name].start_time
        assert told[name].end_time <= turn.end_time + 1e7
    assert turn.parent.span_id == call.context.span_id
    assert [event.name for event in call.events] == ["resumed"]


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
    assert [span.name for span in spans(turn=Speech(reply_of("Hello.")))] == ["call"]


def test_without_opentelemetry_the_fault_says_what_to_install(monkeypatch):
    assert traces_of(QUICK) is None
    monkeypatch.setitem(sys.modules, "server.traces", None)
    with pytest.raises(SecoustiError, match=r"secousti\[otel\]"):
        traces_of(dataclasses.replace(QUICK, traces=True))
