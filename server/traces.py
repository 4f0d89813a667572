"""Calls and turns as OpenTelemetry spans, where the extra ``otel`` is installed.

A call is a span; each of its turns is a child, from the caller's last sample to the agent's first,
with the turn's parts as children. Where spans go is OpenTelemetry's own business
(``OTEL_EXPORTER_OTLP_ENDPOINT`` and the like). What is private, words and risk and who called, has
attributes that begin with :data:`PRIVATE`, which are left out unless the operator asks for them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import StatusCode, Tracer, set_span_in_context

from server.wires.closing import CallEnded, CloseCode
from server.wires.native import Flush, TurnInfo
from server.wires.wire import CallerEvent, CallEvent
from server.witness import Opening

PUBLIC, PRIVATE = "secousti.", "secousti.private."


class Traces:
    """One server's. ``processor`` takes the spans; None: they are sent in batches by OTLP."""

    def __init__(self, private: bool, processor: SpanProcessor | None = None) -> None:
        resource = Resource.create({"service.name": "secousti"})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor or BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("secousti", version("secousti"))
        self._private = private

    def call(self, opening: Opening) -> CallTrace:
        """The trace of one call, which begins now."""
        return CallTrace(self._tracer, opening, self._private)

    def close(self) -> None:
        """Sends what is not sent yet; blocks as long as that takes."""
        self._provider.shutdown()


class CallTrace:
    """The :class:`~server.witness.Witness` of one call that makes its spans."""

    def __init__(self, tracer: Tracer, opening: Opening, private: bool) -> None:
        self._tracer, self._private = tracer, private
        told = {"session": opening.session, "wire": opening.wire.name, "tenant": opening.tenant}
        self._span = tracer.start_span("call", Context(), attributes=self._told(told))
        self._span.set_attributes(self._hidden({"peer_id": opening.wire.peer_id}))
        self._context = set_span_in_context(self._span)

    def came(self, events: Sequence[CallerEvent]) -> None:
        """What the caller's side says is told with the turn that answers it."""

    def sent(self, event: CallEvent) -> None:
        match event:
            case TurnInfo():
                self._turn(event)
            case Flush():
                self._span.add_event("barge_in")

    def closed(self, ended: CallEnded) -> None:
        self._span.set_attributes({f"{PUBLIC}code": int(ended.code)})
        if ended.code == CloseCode.FAULT:
            self._span.set_status(StatusCode.ERROR)
        self._span.end()

    def _turn(self, turn: TurnInfo) -> None:
        """One turn, whose first sound has just gone out."""
        parts = list(parts_of(turn.latency_ms))
        if not parts:
            return
        told = {"stage": turn.stage, "strategy": turn.strategy}
        hidden = {"heard": turn.heard, "said": turn.said, "risk": turn.risk}
        now = time.time_ns()
        longest = max(ago for _, ago, _ in parts)
        span = self._tracer.start_span("turn", self._context, start_time=now - _ns(longest))
        span.set_attributes({**self._told(told), **self._hidden(hidden)})
        inside = set_span_in_context(span)
        for name, ago, length in parts:
            part = self._tracer.start_span(name, inside, start_time=now - _ns(ago))
            part.end(now - _ns(ago - length))
        span.end(now)

    def _told(self, fields: Mapping[str, str]) -> dict[str, str]:
        return {PUBLIC + name: str(value) for name, value in fields.items()}

    def _hidden(self, fields: Mapping[str, str]) -> dict[str, str]:
        if not self._private:
            return {}
        return {PRIVATE + name: str(value) for name, value in fields.items()}


def parts_of(latency_ms: Mapping[str, float]) -> Iterator[tuple[str, float, float]]:
    """The parts of a turn whose first sound goes out now: name, how many milliseconds ago it
    began, and its length.

    The end of turn is waited for from the last sample on; the other parts end one before the other.
    """
    whole = latency_ms.get("voice_to_voice")
    if whole is not None and "endpoint" in latency_ms:
        yield "endpoint", whole, min(whole, latency_ms["endpoint"])
    ago = 0.0
    for name in ("speak_first", "think", "recognise"):
        if name not in latency_ms:
            return
        ago += latency_ms[name]
        yield name, ago, latency_ms[name]


def _ns(ms: float) -> int:
    return round(1e6 * ms)
