"""Calls and turns as OpenTelemetry spans, where the extra ``otel`` is installed.

A call is a span; each of its turns is a child, from the caller's last sample to the agent's first,
with the turn's parts as children. Where spans go is OpenTelemetry's own business
(``OTEL_EXPORTER_OTLP_ENDPOINT`` and the like). What is private, words and risk and who called, has
attributes that begin with :data:`PRIVATE`, which are left out unless the operator asks for them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import StatusCode, Tracer, set_span_in_context

from server.latency import TurnClock
from server.speaking import Speech
from server.wires.closing import CallEnded, CloseCode
from server.wires.wire import CallEvent
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

    def call(self, opening: Opening, clock: Callable[[], float]) -> CallTrace:
        """The trace of one call, which begins now."""
        return CallTrace(self._tracer, opening, self._private, clock)

    def close(self) -> None:
        """Sends what is not sent yet; blocks as long as that takes."""
        self._provider.shutdown()


class CallTrace:
    """The :class:`~server.witness.Witness` of one call that makes its spans."""

    def __init__(
        self, tracer: Tracer, opening: Opening, private: bool, clock: Callable[[], float]
    ) -> None:
        self._tracer, self._private, self._clock = tracer, private, clock
        call = opening.call
        told = {"session": call.session, "wire": call.wire, "tenant": opening.tenant}
        self._span = tracer.start_span("call", Context(), attributes=self._told(told))
        self._span.set_attributes(self._hidden({"peer_id": call.peer_id}))
        self._context = set_span_in_context(self._span)

    def came(self, packets: Sequence[bytes], samples: int) -> None:
        """Sound is no matter for a trace."""

    def sent(self, event: CallEvent, samples: int) -> None:
        """Sound is no matter for a trace."""

    def turn(self, speech: Speech, latency_ms: Mapping[str, float]) -> None:
        parts = list(moments(speech.clock))
        if not parts:
            return
        reply = speech.reply
        told = {"stage": reply.stage, "strategy": reply.strategy, "source": reply.source}
        hidden = {"heard": speech.heard, "said": reply.text, "risk": reply.risk.level}
        begun, ended = min(start for _, start, _ in parts), max(end for _, _, end in parts)
        turn = self._tracer.start_span("turn", self._context, start_time=self._at(begun))
        turn.set_attributes({**self._told(told), **self._hidden(hidden)})
        inside = set_span_in_context(turn)
        for name, start, end in parts:
            part = self._tracer.start_span(name, inside, start_time=self._at(start))
            part.end(self._at(end))
        turn.end(self._at(ended))

    def note(self, event: str) -> None:
        self._span.add_event(event)

    def closed(self, ended: CallEnded) -> None:
        self._span.set_attributes({f"{PUBLIC}code": int(ended.code)})
        if ended.code == CloseCode.FAULT:
            self._span.set_status(StatusCode.ERROR)
        self._span.end()

    def _told(self, fields: Mapping[str, str]) -> dict[str, str]:
        return {PUBLIC + name: str(value) for name, value in fields.items()}

    def _hidden(self, fields: Mapping[str, str]) -> dict[str, str]:
        if not self._private:
            return {}
        return {PRIVATE + name: str(value) for name, value in fields.items()}

    def _at(self, moment: float) -> int:
        """A moment of the server's clock in nanoseconds of the world's."""
        return time.time_ns() - round(1e9 * (self._clock() - moment))


def moments(clock: TurnClock) -> Iterator[tuple[str, float, float]]:
    """The parts of a turn that were reached: name, begin and end on the server's clock."""
    if clock.speech_end is not None and clock.endpoint_ms is not None:
        yield "endpoint", clock.speech_end, clock.speech_end + clock.endpoint_ms / 1000
    if clock.asked is not None and clock.recognise_ms is not None:
        yield "recognise", clock.asked - clock.recognise_ms / 1000, clock.asked
    if clock.asked is not None and clock.answered is not None:
        yield "think", clock.asked, clock.answered
    if clock.answered is not None and clock.first_sent is not None:
        yield "speak_first", clock.answered, clock.first_sent
