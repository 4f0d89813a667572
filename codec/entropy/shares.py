"""Scores to probabilities in whole numbers: each level's share of a total, from a written table.

Scores are base-2 logarithms in units of 2^-20. A share is a power of two in steps of 1/16 octave,
so it needs no exponential function, whose last bit differs between libraries.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEVELS = 4  # of every digit, in both rates and in the voice codeword
SCORE_BITS = 20
OCTAVE_STEPS = 16
# round(2^14 * 2^(-k / 16)) for k = 0 .. 15
POWERS = np.array(
    [
        16384, 15689, 15024, 14387, 13777, 13193, 12634, 12098,
        11585, 11094, 10624, 10173, 9742, 9329, 8933, 8555,
    ]
)  # fmt: skip


def shares_of_scores(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Scores ``[..., 4]``, integers in units of 2^-20 octave -> shares, whole numbers from 1 on."""
    below = scores.max(axis=-1, keepdims=True) - scores
    steps = (below * (OCTAVE_STEPS / 2**SCORE_BITS)).astype(np.int64)
    octaves = np.minimum(steps // OCTAVE_STEPS, 14)
    shares: NDArray[np.int64] = np.maximum(POWERS[steps % OCTAVE_STEPS] >> octaves, 1)
    return shares


def digits_of(codes: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Codes ``[...]`` -> their ``count`` digits ``[..., count]``, least significant first."""
    return codes[..., None] // LEVELS ** np.arange(count) % LEVELS


def codes_of(digits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Digits ``[..., D]`` -> codes ``[...]``; the inverse of :func:`digits_of`."""
    codes: NDArray[np.int64] = (digits * LEVELS ** np.arange(digits.shape[-1])).sum(axis=-1)
    return codes
