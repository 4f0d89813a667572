"""Signals that are no clips of speech: silence, music, and a stream of many minutes.

Here the question is not how well but whether anything goes wrong: noise out of silence, a level
that drifts, a minute that sounds worse than the first, a value that is no number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from codec.bench.metrics.intrusive import UnscoredError, Wave, stoi
from codec.bench.robustness_sound import level_db, music_like
from codec.codec import Codec
from codec.rates import DELAY_SAMPLES, SAMPLE_RATE_HZ

SIGNAL_SECONDS = 6
FAINT = 0.001  # RMS of a quiet room, -60 dB
MINUTE_SAMPLES = 60 * SAMPLE_RATE_HZ
BAND_HZ = 250  # width of the bands in which music is compared
FRAME_SAMPLES = 512


def signals() -> dict[str, Wave]:
    """Name -> float32 ``[T]``: what is not speech."""
    samples = SIGNAL_SECONDS * SAMPLE_RATE_HZ
    hiss = np.random.default_rng(0).standard_normal(samples)
    return {
        "digital silence": np.zeros(samples, np.float32),
        "quiet room (-60 dB)": (FAINT * hiss).astype(np.float32),
        "music": music_like(SIGNAL_SECONDS),
    }


def measure_signals(codec: Codec) -> dict[str, dict[str, float]]:
    """Levels in and out, the loudest sample out, and the spectral distance, of each signal."""
    found = {}
    for name, wave in signals().items():
        decoded = codec.decode(codec.encode(torch.from_numpy(wave)))[0].numpy()
        found[name] = {
            "level_in_db": round(level_db(wave), 1),
            "level_out_db": round(level_db(decoded), 1),
            "peak_out": round(float(np.abs(decoded).max()), 4),
            "spectral_distance_db": round(spectral_distance_db(wave, decoded), 1),
        }
    return found


def spectral_distance_db(wave: Wave, decoded: Wave) -> float:
    """Mean absolute difference of band levels in dB, bands of 250 Hz in frames of 32 ms.

    Levels below -80 dB count as -80 dB.
    """
    levels = [_band_levels_db(signal) for signal in (wave, decoded)]
    return float(np.abs(levels[0] - levels[1]).mean())


def _band_levels_db(wave: Wave) -> NDArray[np.float64]:
    frames = wave[: len(wave) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    power = np.abs(np.fft.rfft(frames * np.hanning(FRAME_SAMPLES)) / FRAME_SAMPLES) ** 2
    wide = BAND_HZ * FRAME_SAMPLES // SAMPLE_RATE_HZ
    bands = power[:, : power.shape[1] // wide * wide].reshape(len(frames), -1, wide).sum(axis=2)
    levels: NDArray[np.float64] = 10 * np.log10(np.maximum(bands, 1e-8))
    return levels


def long_stream(
    codec: Codec, clips: Sequence[Wave], minutes: int, tick: Callable[[], object]
) -> list[dict[str, float]]:
    """One stream in which the same minute of speech comes ``minutes`` times: a row for each.

    The stream is coded packet by packet through one encoder and one decoder that are never reset.
    ``tick`` is called after each minute.
    """
    minute = np.resize(np.concatenate(clips), MINUTE_SAMPLES)
    speech = torch.from_numpy(np.pad(np.tile(minute, minutes), (0, DELAY_SAMPLES)))[None]
    encoder, decoder = codec.stream_encoder(1), codec.stream_decoder(1)
    decoded = np.zeros(0, np.float32)
    rows: list[dict[str, float]] = []
    for piece in torch.split(speech, codec.rate.packet_samples, dim=1):
        whole = torch.nn.functional.pad(piece, (0, codec.rate.packet_samples - piece.shape[1]))
        sound = decoder.step(encoder.step(whole, [0]), [0])[0]
        decoded = np.concatenate([decoded, sound.numpy()])
        late = 0 if rows else DELAY_SAMPLES
        if len(decoded) >= MINUTE_SAMPLES + late:
            rows.append(_minute_row(minute, decoded[late : late + MINUTE_SAMPLES]))
            decoded = decoded[late + MINUTE_SAMPLES :]
            tick()
    return rows


def _minute_row(minute: Wave, decoded: Wave) -> dict[str, float]:
    finite = np.isfinite(decoded)
    decoded = np.where(finite, decoded, 0).astype(np.float32)
    try:
        likeness = round(stoi(minute, decoded), 4)
    except UnscoredError:
        likeness = float("nan")
    return {
        "level_in_db": round(level_db(minute), 2),
        "level_out_db": round(level_db(decoded), 2),
        "peak_out": round(float(np.abs(decoded).max()), 4),
        "stoi": likeness,
        "not_finite": int((~finite).sum()),
    }


def drift(rows: Sequence[dict[str, float]]) -> dict[str, Any]:
    """How far the last minute is from the second (the first has to get to know the voice)."""
    if len(rows) < 3:
        return {}
    first, last = rows[1], rows[-1]
    return {
        "level_db": round(last["level_out_db"] - first["level_out_db"], 3),
        "stoi": round(last["stoi"] - first["stoi"], 4),
        "not_finite": sum(int(row["not_finite"]) for row in rows),
    }
