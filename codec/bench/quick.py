"""A few numbers for a handful of clips, for watching a training run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from codec.bench.metrics import intrusive
from codec.bench.metrics.intrusive import UnscoredError, Wave
from codec.bench.metrics.predicted import Opinion, load_distillmos


def score(pairs: Sequence[tuple[Wave, Wave]]) -> dict[str, float]:
    """Mean PESQ-WB, STOI, ESTOI and (where installed) DistillMOS over (original, decoded) pairs.

    Waveforms are float32 ``[T]`` at 16 kHz, already aligned; the longer of a pair is cut. A metric
    that has no value for any pair is left out of the result.
    """
    means = {
        "pesq_wb": _mean(intrusive.pesq_wb, pairs),
        "stoi": _mean(intrusive.stoi, pairs),
        "estoi": _mean(intrusive.estoi, pairs),
    }
    opinion = _distillmos()
    if opinion is not None:
        means["distillmos"] = _mean(lambda _, decoded: opinion(decoded), pairs)
    return {name: mean for name, mean in means.items() if mean is not None}


@cache
def _distillmos() -> Opinion | None:
    return load_distillmos()


def _mean(
    metric: Callable[[Wave, Wave], float], pairs: Sequence[tuple[Wave, Wave]]
) -> float | None:
    values = []
    for reference, decoded in pairs:
        try:
            values.append(metric(reference, decoded))
        except UnscoredError:
            continue
    return float(np.mean(values)) if values else None
