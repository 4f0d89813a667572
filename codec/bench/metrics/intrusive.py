"""Metrics that compare a decoded signal with its original: PESQ and STOI.

Conventions (those of VERSA, with the codec's fixed delay already taken out by the caller): both
signals are clipped to [-1, 1] and cut to the shorter length; nothing is trimmed, aligned further
or matched in loudness. WB is P.862.2 at 16 kHz, NB is P.862 at 8 kHz; the two scales differ, so
each has its own name everywhere. Signals are float32 arrays ``[T]`` at 16 kHz.
"""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt

from codec.rates import SAMPLE_RATE_HZ

Wave = npt.NDArray[np.float32]

NARROW_BAND_HZ = 8_000
STOI_SAMPLES = 6_400  # 30 of its frames; pystoi fails on signals shorter than one frame
STOI_TOO_SHORT = 1e-5  # what pystoi returns when so little is left without the silent frames
STOI_REFUSAL = "STOI has no value: under 0.4 s of speech"


class UnscoredError(Exception):
    """A metric has no value for this pair (silence, too short); it is counted, not averaged."""


def matched(reference: Wave, decoded: Wave) -> tuple[Wave, Wave]:
    """Both signals ``[T]`` cut to the shorter length and clipped to [-1, 1]."""
    length = min(len(reference), len(decoded))
    return np.clip(reference[:length], -1, 1), np.clip(decoded[:length], -1, 1)


def pesq_wb(reference: Wave, decoded: Wave) -> float:
    """Wide-band PESQ (P.862.2), 1.0 to 4.64; raises :class:`UnscoredError`."""
    return _pesq(*matched(reference, decoded), SAMPLE_RATE_HZ, "wb")


def pesq_nb(reference: Wave, decoded: Wave) -> float:
    """Narrow-band PESQ (P.862) on both signals at 8 kHz, 1.0 to 4.55; raises UnscoredError."""
    import soxr

    halves = [
        soxr.resample(wave, SAMPLE_RATE_HZ, NARROW_BAND_HZ) for wave in matched(reference, decoded)
    ]
    return _pesq(halves[0], halves[1], NARROW_BAND_HZ, "nb")


def stoi(reference: Wave, decoded: Wave) -> float:
    """Short-time objective intelligibility, about 0 to 1; raises :class:`UnscoredError`."""
    return _stoi(*matched(reference, decoded), extended=False)


def estoi(reference: Wave, decoded: Wave) -> float:
    """Extended STOI (Jensen and Taal, 2016), about 0 to 1; raises :class:`UnscoredError`."""
    return _stoi(*matched(reference, decoded), extended=True)


def _pesq(reference: Wave, decoded: Wave, rate_hz: int, mode: str) -> float:
    from pesq import PesqError, pesq

    if not np.any(reference) or not np.any(decoded):
        raise UnscoredError("PESQ has no value for silence")
    try:
        return float(pesq(rate_hz, reference, decoded, mode))
    except PesqError as error:  # its message comes as bytes
        raise UnscoredError(f"PESQ has no value: {error.args[0].decode()}") from None


def _stoi(reference: Wave, decoded: Wave, extended: bool) -> float:
    from pystoi import stoi as pystoi

    if not np.any(reference) or not np.any(decoded):
        raise UnscoredError("STOI has no value for silence")
    if len(reference) < STOI_SAMPLES:
        raise UnscoredError(STOI_REFUSAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        value = float(pystoi(reference, decoded, SAMPLE_RATE_HZ, extended=extended))
    if value == STOI_TOO_SHORT or not np.isfinite(value):
        raise UnscoredError(STOI_REFUSAL)
    return value
