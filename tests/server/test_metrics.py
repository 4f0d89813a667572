"""What is counted of a call: on a clock of our own, and as Prometheus reads it after a real one."""

from __future__ import annotations

import logging

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from codec.rates import HIGH
from server.metrics import CallMetrics, ErrorCount, Metrics, seconds_of, with_rest
from server.wires import native
from server.wires.closing import CallEnded, CloseCode
from server.wires.native import Begin, End, Flush, Lost, Packets, Played, Resumed, TurnInfo
from server.wires.twilio import TwilioWire
from server.witness import Opening
from tests.server.sockets import calling, calls_are, with_server
from voice_agent.contracts import RiskLevel, Stage, Strategy

FRAME = Packets((bytes(160),))  # 20 ms of mu-law


class Call:
    """One call's metrics, on a clock that a test moves."""

    def __init__(self, wire=None):
        self.now, self.metrics = 100.0, Metrics()
        opening = Opening("c0ffee", "north", wire or TwilioWire())
        self.told = CallMetrics(self.metrics, opening, lambda: self.now)

    def value(self, name, **labels):
        return self.metrics.registry.get_sample_value(f"secousti_{name}", labels)

    def send(self, *events, after_s=0.0):
        for event in events:
            self.now += after_s
            self.told.sent(event)


def turn(risk=RiskLevel.NONE, **latency_ms):
    return TurnInfo(
        generation=1,
        heard="I have not slept",
        said="That sounds hard.",
        stage=Stage.EXPLORATION,
        strategy=Strategy.REFLECTION,
        risk=risk,
        latency_ms=latency_ms,
    )


def test_a_call_is_counted_by_wire_and_tenant_and_by_its_end():
    call = Call()
    call.now += 42.0
    call.told.closed(CallEnded(CloseCode.IDLE))
    assert call.value("calls_total", wire="twilio", tenant="north") == 1
    assert call.value("calls_ended_total", wire="twilio", code="4003") == 1
    assert call.value("call_seconds_sum", wire="twilio") == pytest.approx(42.0)


def test_sound_is_counted_in_seconds_bytes_and_tokens():
    phone = Call()
    phone.told.came([FRAME, Flush(generation=1)])
    assert phone.value("sound_seconds_total", wire="twilio", direction="up") == pytest.approx(0.02)
    assert phone.value("sound_bytes_total", wire="twilio", direction="up") == 160
    tokens = Call(native.ServerWire())
    tokens.send(Packets((bytes(5), bytes(5))))
    assert tokens.value("sound_seconds_total", wire="native", direction="down") == 0.08
    assert tokens.value("sound_bytes_total", wire="native", direction="down") == 10
    assert tokens.value("tokens_total", rate="high", direction="down") == 4
    assert seconds_of(HIGH, "up", [bytes(5)] * 25) == 1.0


def test_what_was_made_up_is_counted_once():
    call = Call(native.ServerWire())
    reports = [(1, 160), (1, 480), (1, 480), (2, 160), (2, 0)]
    for generation, concealed in reports:
        call.told.came([Played(generation=generation, samples=0, concealed=concealed)])
    assert call.value("concealed_seconds_total", wire="native") == pytest.approx(640 / 16_000)
    call.told.came([Lost(packets=3)])
    assert call.value("lost_packets_total", wire="native") == 3
    call.send(Resumed(received=7))
    assert call.value("resumes_total", wire="native") == 1


def test_gaps_are_between_frames_of_one_reply_and_an_empty_queue_is_an_underrun():
    call = Call()
    call.send(Begin(generation=1), FRAME, FRAME)
    call.send(*[FRAME] * 3, after_s=0.02)
    assert call.value("playout_gap_seconds_count", wire="twilio") == 4
    assert call.value("playout_underruns_total", wire="twilio") is None
    call.send(FRAME, after_s=0.1)
    assert call.value("playout_underruns_total", wire="twilio") == 1
    call.send(End(generation=1, samples=0), Begin(generation=2))
    call.send(FRAME, after_s=5.0)
    assert call.value("playout_gap_seconds_count", wire="twilio") == 5
    assert call.value("playout_underruns_total", wire="twilio") == 1


def test_a_turn_is_timed_by_part_and_what_is_left_is_the_codecs():
    call = Call()
    call.send(turn(endpoint=300, recognise=40, think=100, speak_first=200, voice_to_voice=700))
    for part, seconds in {"endpoint": 0.3, "codec": 0.06, "voice_to_voice": 0.7}.items():
        assert call.value("turn_seconds_sum", wire="twilio", part=part) == pytest.approx(seconds)
    assert call.value("turns_total", stage="exploration", strategy="reflection") == 1
    assert "codec" not in with_rest({"think": 5.0, "speak_first": 9.0})


def test_a_risk_is_counted_when_it_rises_and_no_word_is_anywhere():
    call = Call()
    for level in ("none", "low", "low", "imminent", "high", "imminent"):
        call.send(turn(RiskLevel(level)))
    assert call.value("risk_raised_total", level="low") == 1
    assert call.value("risk_raised_total", level="imminent") == 2
    assert call.value("risk_raised_total", level="high") is None
    samples = [s for family in call.metrics.registry.collect() for s in family.samples]
    assert not [s for s in samples if "slept" in str(s) or "hard" in str(s)]


def test_errors_are_counted_by_part_and_kind():
    metrics = Metrics()
    log = logging.Logger("server.hearing")
    log.addHandler(ErrorCount(metrics))
    try:
        raise ValueError("I have not slept")
    except ValueError:
        log.exception("the ears failed")
    log.warning("no answer")
    log.info("nothing")

    def count(kind):
        labels = {"part": "server.hearing", "kind": kind}
        return metrics.registry.get_sample_value("secousti_errors_total", labels)

    assert (count("ValueError"), count("-")) == (1, 1)


EXPECTED = {
    "calls_total": {"wire": "native", "tenant": "anyone"},
    "calls_ended_total": {"wire": "native", "code": "1000"},
    "turn_seconds_count": {"wire": "native", "part": "voice_to_voice"},
    "frame_delay_seconds_count": {"direction": "up"},
    "codec_step_seconds_count": {},
    "playout_gap_seconds_count": {"wire": "native"},
    "event_loop_lag_seconds_count": {},
    "sound_bytes_total": {"wire": "native", "direction": "up"},
    "tokens_total": {"rate": "high", "direction": "down"},
    "slots": {},
    "ready": {},
}


def test_prometheus_reads_all_of_it_after_a_real_call():
    async def work(server):
        async with calling(server) as caller:
            await caller.until(native.End)
            await caller.turn()
            await caller.until(native.End, 2)
            await caller.socket.send(native.encode(native.Bye()))
            await caller.closed()
        await calls_are(server, 0)
        async with httpx.AsyncClient() as web:
            answer = await web.get(f"http://127.0.0.1:{server.port}/metrics")
        assert answer.headers["cache-control"] == "no-store"
        return answer.text

    text = with_server(work)
    samples = [
        sample for family in text_string_to_metric_families(text) for sample in family.samples
    ]
    for name, labels in EXPECTED.items():
        [sample] = [s for s in samples if s.name == f"secousti_{name}" and s.labels == labels]
        assert sample.value > 0, name
    up = {s.name: s.value for s in samples if s.labels == {"wire": "native", "direction": "up"}}
    bps = 8 * up["secousti_sound_bytes_total"] / up["secousti_sound_seconds_total"]
    assert bps == pytest.approx(1012.5, rel=0.05)
    assert {s.name: s.value for s in samples}["secousti_slots_used"] == 0
    assert next(s.value for s in samples if s.name == "process_resident_memory_bytes") > 1e6
    assert "tired" not in text
