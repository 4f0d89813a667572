"""How much of the codebook is used, and how many bits the tokens carry in fact.

Entropies are those of the tokens that were seen, each by itself. A token of the high rate has a
million values, more than any corpus has tokens: its own entropy is then bounded by the count
(``at_most``), and the sum over its digits, which needs few counts, bounds it from the other side.
What a token shares with those before it, the prior of :mod:`codec.entropy` knows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codec.entropy.prior import prior_of
from codec.entropy.shares import LEVELS, digits_of
from codec.errors import SecoustiError
from codec.rates import VOICE_BITS, VOICE_PERIOD_MS, Rate
from codec.voice import VOICE_LEVELS
from training.prior import measured_bps
from training.probes.data import Spoken

CODED_UTTERANCES = 60  # the prior's exact arithmetic is slow, and this many settle it


def codebook(rate: Rate, utterances: Sequence[Spoken]) -> dict[str, Any]:
    """Use, entropies and bits per second of ``utterances``' tokens and voice codewords."""
    tokens = np.concatenate([one.codes for one in utterances])
    voice = np.concatenate([one.voice for one in utterances])
    token_use = use(tokens, len(rate.levels))
    voice_use = use(voice, len(VOICE_LEVELS))
    per_second = rate.token_hz * token_use["digits_entropy_bits"]
    per_second += 1000 / VOICE_PERIOD_MS * voice_use["digits_entropy_bits"]
    return {
        "tokens": token_use | {"nominal_bits": rate.token_bits},
        "voice": voice_use | {"nominal_bits": VOICE_BITS},
        "bits_per_second": {"nominal": rate.nominal_bps, "digits_entropy": round(per_second, 1)}
        | _coded(rate, utterances[:CODED_UTTERANCES]),
    }


def use(codes: NDArray[np.int64], digits: int) -> dict[str, Any]:
    """Use of a codebook of ``digits`` digits by ``codes`` ``[N]``."""
    _, counts = np.unique(codes, return_counts=True)
    bits = entropy_bits(counts)
    levels = [np.bincount(column, minlength=LEVELS) for column in digits_of(codes, digits).T]
    each = [entropy_bits(count) for count in levels]
    return {
        "seen": len(codes),
        "codes_used": len(counts),
        "share_used": round(len(counts) / LEVELS**digits, 6),
        "entropy_bits": round(bits, 3),
        "at_most": round(math.log2(min(len(codes), LEVELS**digits)), 3),
        "perplexity": round(2**bits, 1),
        "digits_entropy_bits": round(sum(each), 3),
        "digit_entropy_bits": [round(value, 3) for value in each],
        "digit_levels": [[round(float(n) / len(codes), 4) for n in count] for count in levels],
    }


def entropy_bits(counts: NDArray[np.int64]) -> float:
    """Entropy of the distribution that ``counts`` make, in bits."""
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum()) + 0.0  # never -0.0


def _coded(rate: Rate, utterances: Sequence[Spoken]) -> dict[str, Any]:
    """Bits per second that the packaged prior needs, or null and why there is no such number."""
    try:
        prior = prior_of(rate.name)
    except SecoustiError as reason:
        return {"coded": None, "reason": str(reason)}
    pairs = [(one.codes.astype(np.int32), one.voice.astype(np.int32)) for one in utterances]
    return {"coded": round(measured_bps(pairs, prior)[1], 1)}
