"""Which figures ``secousti bench calls`` gives, and what each aims at."""

from __future__ import annotations

from secousti.bench.calls import Load, Measured
from secousti.bench.figure import Figure, of_histogram, of_values

MIB = 2**20
LEAD_S = {"twilio": 0.4, "audiosocket": 0.04}  # how far ahead of real time each is sent
# Voice to voice of one call, and of many; barge-in where the far end keeps a queue, and where not.
ALONE, TOGETHER = {"p50": 600.0, "p95": 900.0}, {"p95": 1500.0}
SILENT_MS = {"native": 200.0, "twilio": 200.0, "audiosocket": 60.0}
GAP_MS, LOADED_MIB, CALL_MIB, GROWTH = 25.0, 1536.0, 15.0, 2.0
NONE = {"most": 0.0}
FRAME, TURN = "secousti_frame_delay_seconds", "secousti_turn_seconds"
WAYS = ("up", "down")
PARTS = ("endpoint", "recognise", "think", "speak_first")  # of voice to voice, by the server


def figures(found: Measured) -> list[Figure]:
    """Everything that was measured, one call on each wire first."""
    rows = [row for load in found.alone for row in _of_load(load, f"1 {load.wires[0]}", ALONE)]
    if found.together is not None:
        rows += _of_load(found.together, f"{found.together.calls} calls", TOGETHER)
        rows += _against_one(found.alone, found.together)
    return [*rows, *_memory(found), *_fullness(found)]


def _of_load(load: Load, name: str, aims: dict[str, float]) -> list[Figure]:
    kinds = list(dict.fromkeys(load.wires))
    answers = [seconds for tally in load.tallies for seconds in tally.answers]
    rows = [of_values("voice to voice", name, "ms", answers, 1000, **aims)]
    for part in PARTS:
        rows.append(of_histogram(f"  {part}", name, load.counted, TURN, part=part))
    for direction in WAYS:
        rows.append(
            of_histogram(f"codec, {direction}", name, load.counted, FRAME, direction=direction)
        )
    lag = of_histogram("event loop late", name, load.counted, "secousti_event_loop_lag_seconds")
    late = [seconds for tally in load.tallies for seconds in tally.late]
    worked = load.counted.value("process_cpu_seconds_total") / load.seconds / load.calls
    waited = load.waited_s / load.seconds
    shares = [tally.spoken_s / (tally.ended - tally.began) for tally in load.tallies]
    missing = [tally.talked_over + tally.unanswered for tally in load.tallies]
    broken = [float(tally.broken is not None) for tally in load.tallies]
    rows += [
        lag,
        of_values("processor's time for a call", name, "% of a core", [worked], 100),
        of_values("waited for a processor", name, "% of the time", [waited], 100),
        of_values("caller's frames late", name, "ms", late, 1000),
        of_values("caller speaks", name, "%", shares, 100),
        of_values("turns without an answer", name, "a call", missing),
        of_values("calls that broke", name, "a call", broken, **NONE),
    ]
    for wire in kinds:
        rows += _of_wire(load, wire, name if len(kinds) == 1 else f"{name}, {wire}")
    return rows


def _of_wire(load: Load, wire: str, name: str) -> list[Figure]:
    cuts = [cut for tally in load.of(wire) for cut in tally.barge_ins]
    rows = [
        of_values("first sample to silence", name, "ms", [cut.onset_s for cut in cuts], 1000),
        of_values(
            "noticed to silence",
            name,
            "ms",
            [cut.noticed_s for cut in cuts],
            1000,
            p95=SILENT_MS[wire],
        ),
    ]
    if wire not in LEAD_S:
        return rows
    replies = load.replies_on(wire)
    paced = [gap for reply in replies for gap in reply.gaps()]
    drifts = [drift for reply in replies if (drift := reply.drift(LEAD_S[wire])) is not None]
    return [
        *rows,
        of_values("gap between 20 ms frames", name, "ms", paced, 1000, p95=GAP_MS),
        of_values("reply ends behind its place", name, "ms", drifts, 1000),
    ]


def _against_one(alone: list[Load], together: Load) -> list[Figure]:
    """How much longer the codec makes a frame wait, and what a further call takes of memory."""
    name, rows = f"{together.calls} calls to 1", []
    for way in WAYS:
        one = [load.counted.quantile(FRAME, 0.95, direction=way) for load in alone]
        many = together.counted.quantile(FRAME, 0.95, direction=way)
        ratios = [many / max(filter(None, one))] if many and any(one) else []
        rows.append(of_values(f"codec, {way}, p95", name, "times", ratios, most=GROWTH))
    grown = together.resident_bytes - max(load.resident_bytes for load in alone)
    further = [max(0.0, grown / MIB) / (together.calls - 1)]
    return [*rows, of_values("memory of a further call", name, "MiB", further, most=CALL_MIB)]


def _memory(found: Measured) -> list[Figure]:
    most = max(load.resident_bytes for load in found.loads) / MIB
    return [
        of_values("memory", "no call yet", "MiB", [found.loaded_bytes / MIB], most=LOADED_MIB),
        of_values("memory", "at its most", "MiB", [most]),
    ]


def _fullness(found: Measured) -> list[Figure]:
    full = found.full
    load = f"{full.taken} of {full.slots}, + {len(full.refusals)}"
    rude = [float(not refusal.polite) for refusal in full.refusals.values()]
    return [
        of_values("refused without a word", load, "a call", rude, **NONE),
        of_values("calls harmed by a full house", load, "calls", [full.harmed], **NONE),
    ]
