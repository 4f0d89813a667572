"""How many calls this machine carries: measured with the codec's own steps, before the first call.

Each call needs one decoding step a packet time, always, and one encoding step while the agent
speaks. All callers' steps go through one thread, batched, so a number of calls fits when both steps
of a full batch take no more than a share of the packet time. Ears, mind and voice cost more than
the codec and are not measured: they bound the calls of each core, and the smaller number counts.
"""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import torch

from codec.rates import RATES, rate_named
from server.parts import StreamCodec

log = logging.getLogger(__name__)

BUSY_SHARE = 0.5  # of the packet time: twice the slowest batch still keeps up
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
CALLS_PER_CORE = 4  # 8 calls on two cores leave recogniser and voice their time
WARM_UP, STEPS = 2, 5  # per size; the fastest of five: what else runs now is not the codec's
FEWEST_S, MOST_S, UNKNOWN_S = 5, 300, 60  # what a refused caller is told to wait


@dataclass(frozen=True)
class Capacity:
    """``slots`` calls fit. ``step_ms`` is what one decoding and one encoding step of so many calls
    take together, by rate and size; empty where nobody has measured."""

    slots: int
    step_ms: Mapping[str, Mapping[int, float]]


def measured(
    codecs: Mapping[str, StreamCodec],
    threads: int = 1,
    clock: Callable[[], float] = time.perf_counter,
    cores: int | None = None,
) -> Capacity:
    """Steps each codec with growing batches until they take too long (a few seconds, blocking), on
    a machine of so many ``cores``, None: those that this process may use.

    The slowest rate decides: any call may be of it. One call is always taken: a machine that was
    only busy when it was asked would else have no server.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)  # as the engine's thread will
    try:
        with torch.inference_mode():
            step_ms = {rate: _measure(rate, codec, clock) for rate, codec in codecs.items()}
    finally:
        torch.set_num_threads(before)
    slots = min(fitting(times, _budget_ms(rate)) for rate, times in step_ms.items())
    if slots == 0:
        log.warning("this machine is busy, or too slow for one call in real time: taking one")
    return Capacity(max(1, min(slots, CALLS_PER_CORE * (cores or _cores()))), step_ms)


def fitting(step_ms: Mapping[int, float], budget_ms: float) -> int:
    """How many calls' steps take at most ``budget_ms``, between the sizes measured by straight
    lines."""
    points = sorted(step_ms.items())
    if points[0][1] > budget_ms:
        return 0
    for (fits, took), (size, longer) in pairwise(points):
        if longer > budget_ms:
            return fits + int((size - fits) * (budget_ms - took) / (longer - took))
    return points[-1][0]


def _measure(rate: str, codec: StreamCodec, clock: Callable[[], float]) -> dict[int, float]:
    times: dict[int, float] = {}
    for size in SIZES:
        times[size] = _step_ms(rate, codec, size, clock)
        if times[size] > _budget_ms(rate):
            break
    return times


def _step_ms(rate: str, codec: StreamCodec, size: int, clock: Callable[[], float]) -> float:
    """The shortest time of one encoding and one decoding step of ``size`` calls."""
    encoder, decoder = codec.stream_encoder(size), codec.stream_decoder(size)
    samples, rows = rate_named(rate).packet_samples, list(range(size))
    noise = torch.rand(size, samples, generator=torch.Generator().manual_seed(0)) - 0.5
    took = []
    for _ in range(WARM_UP + STEPS):
        begun = clock()
        decoder.step(encoder.step(noise, rows), rows)
        took.append(1000 * (clock() - begun))
    return min(took[WARM_UP:])


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _budget_ms(rate: str) -> float:
    return BUSY_SHARE * rate_named(rate).packet_ms


class Turnover:
    """How soon a slot becomes free, from how long the last calls took."""

    def __init__(self) -> None:
        self._took: deque[float] = deque(maxlen=32)

    def ended(self, seconds: float) -> None:
        """A call of that length has ended."""
        self._took.append(seconds)

    def retry_after_s(self, slots: int) -> int:
        """When a caller who is refused may hope for a slot: of ``slots`` calls of the usual length
        one ends in the mean this often."""
        if not self._took or not slots:
            return UNKNOWN_S
        every_s = sum(self._took) / len(self._took) / slots
        return int(min(MOST_S, max(FEWEST_S, every_s)))


def table(capacity: Capacity) -> str:
    """What was measured, as a Markdown table."""
    sizes = sorted({size for times in capacity.step_ms.values() for size in times})
    rows = [
        "| rate, ms a step both ways | " + " | ".join(f"{size}" for size in sizes) + " |",
        "|---" * (1 + len(sizes)) + "|",
    ]
    for rate, times in capacity.step_ms.items():
        cells = (f"{times[size]:.1f}" if size in times else "" for size in sizes)
        rows.append(f"| {rate} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


if __name__ == "__main__":
    from codec import load_codec
    from codec.conceal import ConcealingCodec

    found = measured({rate: ConcealingCodec(load_codec(rate)) for rate in RATES})
    print(table(found))
    print(f"\n{found.slots} calls")
