"""One run of ``secousti bench limits``: what stands between the codec and the original.

Each row takes one fault of the codec away, or puts one in alone, and keeps the rest of the signal
true. Where the true phase lifts the decoded sound a lot, the head is the limit; where the decoded
magnitudes stay poor under a true phase, the tokens are. The rows of noise translate an error of
log-mel into opinion points, to read what a better one would be worth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from codec.audio import read_audio
from codec.bench.manifest import read_manifest
from codec.bench.metrics.intrusive import UnscoredError, Wave, pesq_nb, pesq_wb, stoi
from codec.bench.metrics.statistics import bootstrap, mean
from codec.bench.peers.secousti import load_rate
from codec.bench.report import machine, write_json
from codec.bench.session import describe_clips
from codec.codec import Codec
from codec.errors import SecoustiError
from codec.frontend import N_MELS, WINDOW_SAMPLES, mel_filters
from codec.rates import HOP_SAMPLES, RATES

Spectra = NDArray[np.complex128]  # [frames, bins]
METRICS: dict[str, Callable[[Wave, Wave], float]] = {
    "pesq_wb": pesq_wb, "pesq_nb": pesq_nb, "stoi": stoi,
}  # fmt: skip
NATS = (0.2, 0.4, 0.6, 0.8)
FLOOR = 1e-3  # magnitudes below are silence to the front end
AUDIBLE = 0.05  # share of a clip's loudest log-mel frame energy above which a frame is speech
CONVENTIONS = {
    "true phase": "magnitudes of that row, phase of the original, STFT 640/160",
    "log_mel_rms": "root mean square of the log-mel error in frames of speech, nats",
    "ci95": "95 % percentile bootstrap over clips, 1000 resamples",
}


@dataclass(frozen=True)
class LimitsBench:
    """What to take apart and where the numbers go; the fields are the command's options."""

    manifest: Path
    rates: tuple[str, ...] = tuple(RATES)
    weights: Path | None = None
    most: int | None = None
    json: Path | None = None
    command: str = ""


def run_limits(bench: LimitsBench) -> dict[str, Any]:
    """Scores every row on every clip; writes the file asked for and returns the report.

    Raises :class:`SecoustiError` for a malformed manifest, an unknown rate, missing weights, and
    without the package pesq.
    """
    clips = read_manifest(bench.manifest)[: bench.most]
    codecs = {rate: load_rate(rate, bench.weights) for rate in bench.rates}
    found: dict[str, list[dict[str, float]]] = {}
    for clip in track(clips, "taking apart", console=Console(stderr=True)):
        wave = read_audio(clip.file).numpy()
        for row, (decoded, rms) in rows(wave, codecs).items():
            found.setdefault(row, []).append(_scored(wave, decoded) | rms)
    table = {row: _summary(scores) for row, scores in found.items()}
    report = {
        "rows": table,
        "clips": describe_clips(clips),
        "conventions": CONVENTIONS,
        "machine": machine(),
        "command": bench.command,
    }
    if bench.json:
        write_json(bench.json, report)
    Console().print(_shown(table))
    return report


def rows(wave: Wave, codecs: dict[str, Codec]) -> dict[str, tuple[Wave, dict[str, float]]]:
    """Every row's signal float32 ``[T]``, and its log-mel error where it has one."""
    true = stft(wave)
    size, phase = np.abs(true), np.exp(1j * np.angle(true))
    found: dict[str, tuple[Wave, dict[str, float]]] = {
        "80 mel bands, true phase": (inverse(_through_mel(size) * phase, len(wave)), {}),
    }
    draw = np.random.default_rng(0)
    for nats in NATS:
        error = nats * draw.standard_normal((len(size), N_MELS))
        changed = _through_mel(size, error) * phase
        found[f"log-mel error of {nats} nat, true phase"] = inverse(changed, len(wave)), {}
    for rate, codec in codecs.items():
        frames = codec.rate.token_samples // HOP_SAMPLES
        held = _through_mel(_held(size, frames)) * phase
        name = f"one spectrum each {10 * frames} ms, true phase"
        found[name] = inverse(held, len(wave)), {}
        decoded = codec.decode(codec.encode(torch.from_numpy(wave)))[0].numpy()
        coded = stft(decoded)
        rms = {"log_mel_rms": log_mel_rms(size, np.abs(coded))}
        own = np.exp(1j * np.angle(coded))
        found[f"{rate}: decoded"] = decoded, rms
        found[f"{rate}: decoded magnitudes, true phase"] = (
            inverse(np.abs(coded) * phase, len(wave)),
            rms,
        )
        found[f"{rate}: true magnitudes, decoded phase"] = inverse(size * own, len(wave)), {}
    return found


def stft(wave: Wave) -> Spectra:
    """Hann windows of 640 samples, 160 apart, centred: ``[frames, 321]``."""
    padded = np.pad(wave.astype(np.float64), WINDOW_SAMPLES)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[::HOP_SAMPLES]
    spectra: Spectra = np.fft.rfft(frames * np.hanning(WINDOW_SAMPLES + 1)[:-1])
    return spectra


def inverse(spectra: Spectra, samples: int) -> Wave:
    """Weighted overlap-add; the inverse of :func:`stft`."""
    window = np.hanning(WINDOW_SAMPLES + 1)[:-1]
    pieces = np.fft.irfft(spectra, WINDOW_SAMPLES) * window
    wave = np.zeros(samples + 3 * WINDOW_SAMPLES)
    weight = np.full_like(wave, 1e-9)
    for number, piece in enumerate(pieces):
        at = slice(number * HOP_SAMPLES, number * HOP_SAMPLES + WINDOW_SAMPLES)
        wave[at] += piece
        weight[at] += window**2
    cut: Wave = (wave / weight)[WINDOW_SAMPLES : WINDOW_SAMPLES + samples].astype(np.float32)
    return cut


_FILTERS = mel_filters(WINDOW_SAMPLES, N_MELS).double().numpy()
_BACK = np.linalg.pinv(_FILTERS)


def _through_mel(size: NDArray[np.float64], error: NDArray[np.float64] | float = 0.0) -> Any:
    """Magnitudes ``[frames, 321]`` with the envelope of their 80 bands, ``error`` nats added."""
    return np.maximum((size @ _FILTERS) * np.exp(error) @ _BACK, 0)


def _held(size: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    """The mean magnitudes of each ``frames`` frames in place of every one."""
    short = -len(size) % frames
    padded = np.pad(size, ((0, short), (0, 0)), mode="edge")
    means = padded.reshape(-1, frames, size.shape[1]).mean(1)
    return np.asarray(means.repeat(frames, axis=0)[: len(size)])


def log_mel_rms(true: NDArray[np.float64], decoded: NDArray[np.float64]) -> float:
    """Error of decoded magnitudes in log-mel, nats, over the frames that are speech."""
    count = min(len(true), len(decoded))
    ours, theirs = true[:count] @ _FILTERS, decoded[:count] @ _FILTERS
    loud = ours.sum(1) > AUDIBLE * ours.sum(1).max()
    off = np.log(theirs[loud] + FLOOR) - np.log(ours[loud] + FLOOR)
    return float(np.sqrt(np.mean(off**2)))


def _scored(reference: Wave, decoded: Wave) -> dict[str, float]:
    scores = {}
    for name, metric in METRICS.items():
        try:
            scores[name] = metric(reference, decoded)
        except UnscoredError:
            continue
        except ImportError as error:
            raise SecoustiError(
                "the limits are told in PESQ and STOI: pip install 'secousti[bench]'"
            ) from error
    return scores


def _summary(scores: Sequence[dict[str, float]]) -> dict[str, Any]:
    row: dict[str, Any] = {"n": len(scores), "ci95": {}}
    for name in (*METRICS, "log_mel_rms"):
        values = [clip[name] for clip in scores if name in clip]
        row[name] = round(mean(values), 4) if values else None
        if values:
            row["ci95"][name] = [round(end, 4) for end in bootstrap(values, mean)]
    return row


def _shown(rows: dict[str, dict[str, Any]]) -> Table:
    grid = Table(box=None, pad_edge=False)
    grid.add_column("")
    for heading in ("PESQ-WB", "PESQ-NB", "STOI", "log-mel, nat"):
        grid.add_column(heading, justify="right")
    for name, row in rows.items():
        cells = [row["pesq_wb"], row["pesq_nb"], row["stoi"], row["log_mel_rms"]]
        digits = (2, 2, 3, 2)
        told = ["-" if c is None else f"{c:.{d}f}" for c, d in zip(cells, digits, strict=True)]
        grid.add_row(name, *told)
    return grid
