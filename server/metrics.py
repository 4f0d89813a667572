"""What a server counts and times, in Prometheus's terms; ``docs/operating.md`` explains each.

Labels are from closed sets (wires, rates, codes, parts), names of tenants and of exception classes,
so their number is bounded. Nothing here tells one caller from another, or what was said.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from codec.rates import SAMPLE_RATE_HZ, Rate
from server.wires.closing import CallEnded
from server.wires.native import Begin, End, Flush, Lost, Packets, Played, Resumed, TurnInfo
from server.wires.sound import Sound, house_samples
from server.wires.wire import CallerEvent, CallEvent
from server.witness import Opening
from voice_agent.contracts import RiskLevel

# Seconds; around the aims of each, where one wants to read a quantile.
TURN_S = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9, 1.2, 1.5, 2, 3, 5, 8)
FRAME_S = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.08, 0.16, 0.32)
GAP_S = (0.005, 0.01, 0.02, 0.025, 0.03, 0.04, 0.05, 0.08, 0.12, 0.16, 0.2, 0.3, 0.5, 1)
LAG_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1)
CALL_S = (5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600)

Direction = Literal["up", "down"]
WAITED = ("endpoint", "recognise", "think", "speak_first")  # of a turn; the rest is codec and line


class Metrics:
    """One server's, in a registry of its own."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        for collector in (ProcessCollector, GCCollector, PlatformCollector):
            collector(registry=registry)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, namespace="secousti", registry=registry)

        def histogram(name: str, text: str, buckets: Sequence[float], *labels: str) -> Histogram:
            return Histogram(
                name, text, labels, namespace="secousti", registry=registry, buckets=buckets
            )

        self.calls = counter("calls", "Calls admitted", "wire", "tenant")
        self.ended = counter("calls_ended", "Calls ended, by close code", "wire", "code")
        self.call_s = histogram("call_seconds", "Length of calls", CALL_S, "wire")
        self.refusals = counter("refusals", "Connections and calls refused", "wire", "reason")
        self.turn_s = histogram(
            "turn_seconds", "From the caller's last sample, by part", TURN_S, "wire", "part"
        )
        self.turns = counter("turns", "Replies, by what they do", "stage", "strategy")
        self.risks = counter("risk_raised", "Calls whose risk rose to a level", "level")
        self.barge_ins = counter("barge_ins", "Replies cut by the caller", "wire")
        self.gap_s = histogram("playout_gap_seconds", "Between frames of a reply", GAP_S, "wire")
        self.late = counter("playout_underruns", "Frames sent after the caller ran dry", "wire")
        self.lost = counter("lost_packets", "Packets of callers made up by us", "wire")
        self.concealed_s = counter("concealed_seconds", "Replies made up by callers", "wire")
        self.resumes = counter("resumes", "Callers who came back after a break", "wire")
        self.sound_s = counter("sound_seconds", "Speech carried", "wire", "direction")
        self.bytes = counter("sound_bytes", "Bytes of that speech", "wire", "direction")
        self.tokens = counter("tokens", "Codec tokens carried", "rate", "direction")
        self.frame_s = histogram("frame_delay_seconds", "Wait for the codec", FRAME_S, "direction")
        self.step_s = histogram("codec_step_seconds", "One batched step of all slots", FRAME_S)
        self.lag_s = histogram("event_loop_lag_seconds", "Event loop oversleeping", LAG_S)
        self.ahead = counter("made_ahead", "First sounds made while callers paused", "outcome")
        self.errors = counter("errors", "Errors in the log", "part", "kind")

    def gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """A number that is asked for whenever the metrics are."""
        Gauge(name, text, namespace="secousti", registry=self.registry).set_function(value)

    def stepped(self, seconds: float) -> None:
        """The engine has stepped."""
        self.step_s.observe(seconds)

    def made_ahead(self, outcome: str) -> None:
        """What became of the first sound of an answer that might be wanted."""
        self.ahead.labels(outcome).inc()

    def framed(self, direction: str, seconds: float) -> None:
        """A frame waited so long for the codec."""
        self.frame_s.labels(direction).observe(seconds)


class CallMetrics:
    """The :class:`~server.witness.Witness` of one call that counts for all."""

    def __init__(self, metrics: Metrics, opening: Opening, clock: Callable[[], float]) -> None:
        self._metrics, self._clock, self._wire = metrics, clock, opening.wire
        self._name = opening.wire.name
        self._begun = clock()
        self._last: float | None = None  # when the last frame of this reply went out
        self._dry_at = 0.0  # when the caller has heard all that was sent
        self._risk = RiskLevel.NONE
        self._generation = self._concealed = 0
        metrics.calls.labels(self._name, opening.tenant).inc()

    def came(self, events: Sequence[CallerEvent]) -> None:
        for event in events:
            match event:
                case Packets(packets):
                    self._carried("up", packets)
                case Lost(packets=count):
                    self._metrics.lost.labels(self._name).inc(count)
                case Played():
                    self._played(event)

    def sent(self, event: CallEvent) -> None:
        match event:
            case Packets(packets):
                self._paced(self._carried("down", packets))
            case Flush():
                self._metrics.barge_ins.labels(self._name).inc()
                self._last = None
            case Begin() | End():
                self._last = None
            case TurnInfo():
                self._turn(event)
            case Resumed():
                self._metrics.resumes.labels(self._name).inc()

    def closed(self, ended: CallEnded) -> None:
        self._metrics.ended.labels(self._name, str(int(ended.code))).inc()
        self._metrics.call_s.labels(self._name).observe(self._clock() - self._begun)

    def _played(self, report: Played) -> None:
        """A report counts what was made up since its reply began."""
        before = self._concealed if report.generation == self._generation else 0
        new = max(0, report.concealed - before)
        self._metrics.concealed_s.labels(self._name).inc(new / SAMPLE_RATE_HZ)
        self._generation, self._concealed = report.generation, before + new

    def _turn(self, turn: TurnInfo) -> None:
        metrics = self._metrics
        for part, ms in with_rest(turn.latency_ms).items():
            metrics.turn_s.labels(self._name, part).observe(ms / 1000)
        metrics.turns.labels(turn.stage.value, turn.strategy.value).inc()
        if turn.risk.rank > self._risk.rank:
            metrics.risks.labels(turn.risk.value).inc()
        self._risk = turn.risk

    def _carried(self, direction: Direction, packets: Sequence[bytes]) -> float:
        """Counts sound and returns how many seconds of it there are."""
        metrics, sound = self._metrics, self._wire.sound
        seconds = seconds_of(sound, direction, packets)
        metrics.sound_s.labels(self._name, direction).inc(seconds)
        metrics.bytes.labels(self._name, direction).inc(sum(map(len, packets)))
        if isinstance(sound, Rate):
            count = len(packets) * sound.tokens_per_packet
            metrics.tokens.labels(sound.name, direction).inc(count)
        return seconds

    def _paced(self, seconds: float) -> None:
        now = self._clock()
        if self._last is not None:
            self._metrics.gap_s.labels(self._name).observe(now - self._last)
            if now > self._dry_at:
                self._metrics.late.labels(self._name).inc()
        self._dry_at = seconds + (now if self._last is None else max(now, self._dry_at))
        self._last = now


def seconds_of(sound: Sound, direction: Direction, packets: Sequence[bytes]) -> float:
    """How long ``packets`` of one direction of a wire last."""
    if isinstance(sound, Rate):
        return len(packets) * sound.packet_ms / 1000
    form = sound.up if direction == "up" else sound.down
    return sum(house_samples(form, packet) for packet in packets) / SAMPLE_RATE_HZ


def with_rest(latency_ms: Mapping[str, float]) -> dict[str, float]:
    """The parts of a turn, with what is left of the whole as ``codec``: encoding and the line."""
    parts = dict(latency_ms)
    if "voice_to_voice" in parts and all(name in parts for name in WAITED):
        rest = parts["voice_to_voice"] - sum(parts[name] for name in WAITED)
        parts["codec"] = max(0.0, rest)
    return parts


class ErrorCount(logging.Handler):
    """Counts what the log tells of errors, by the module that tells it and the error's class."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__(logging.WARNING)
        self._errors = metrics.errors

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else "-"
        self._errors.labels(record.name, kind).inc()
