"""Speaker similarity: cosine of two Resemblyzer embeddings (GE2E, Wan et al. 2018).

Only the weight file of the ``resemblyzer`` package is used, loaded as data: its code would pull in
librosa and webrtcvad. The network is three LSTM layers over 40 mel bands; a recording's embedding
is the mean over 1.6 s windows, half overlapped, as its authors do, without their silence trimming.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from codec.bench.metrics.intrusive import UnscoredError, Wave
from codec.bench.metrics.predicted import package_folder
from codec.rates import SAMPLE_RATE_HZ

Similarity = Callable[[Wave, Wave], float]

WINDOW_SAMPLES = 400
HOP_SAMPLES = 160
N_MELS = 40
WINDOW_FRAMES = 160  # 1.6 s
WINDOW_STEP = 80
WIDTH = 256
TARGET_DBFS = -30.0
LINEAR_HZ = 1000.0  # Slaney's scale is linear to here, logarithmic above
LINEAR_MELS = 15.0
LOG_STEP = np.log(6.4) / 27


def load_similarity() -> Similarity | None:
    """Cosine in [0, 1] between the voices of two waveforms; ``None`` without ``resemblyzer``."""
    folder = package_folder("resemblyzer")
    if folder is None:
        return None
    network = VoiceNetwork()
    network.load(folder / "pretrained.pt")

    def similarity(reference: Wave, decoded: Wave) -> float:
        if not np.any(reference) or not np.any(decoded):
            raise UnscoredError("speaker similarity has no value for silence")
        return float(network.embed(reference) @ network.embed(decoded))

    return similarity


class VoiceNetwork(nn.Module):
    """Mel windows ``[W, 160, 40]`` -> unit vectors ``[W, 256]``; names match the weight file."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(N_MELS, WIDTH, num_layers=3, batch_first=True)
        self.linear = nn.Linear(WIDTH, WIDTH)
        self.filters = torch.from_numpy(mel_filters(N_MELS, WINDOW_SAMPLES, SAMPLE_RATE_HZ))

    def load(self, path: Path) -> None:
        """Read the authors' weights as data; their training-loss scalars are not needed."""
        stored = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
        wanted = self.state_dict()
        self.load_state_dict({name: stored[name] for name in wanted})
        self.eval()

    def forward(self, mels: Tensor) -> Tensor:
        _, (hidden, _) = self.lstm(mels)
        return functional.normalize(torch.relu(self.linear(hidden[-1])), dim=1)

    def embed(self, wave: Wave) -> Tensor:
        """A recording ``[T]`` -> its unit vector ``[256]``."""
        with torch.inference_mode():
            mels = self._mel(torch.from_numpy(louder(wave)))
            short = max(0, WINDOW_FRAMES - len(mels))
            windows = functional.pad(mels, (0, 0, 0, short)).unfold(0, WINDOW_FRAMES, WINDOW_STEP)
            return functional.normalize(self(windows.transpose(1, 2)).mean(dim=0), dim=0)

    def _mel(self, wave: Tensor) -> Tensor:
        """Waveform ``[T]`` -> mel power ``[F, 40]``, linear, as the network was trained on."""
        window = torch.hann_window(WINDOW_SAMPLES)
        spectrum = torch.stft(
            wave, WINDOW_SAMPLES, HOP_SAMPLES, window=window, pad_mode="constant",
            return_complex=True,
        )  # fmt: skip
        return (self.filters @ spectrum.abs().square()).T


def louder(wave: Wave) -> Wave:
    """``wave`` raised to -30 dBFS if it is quieter: the level the network expects."""
    gain = 10 ** (TARGET_DBFS / 20) / float(np.sqrt(np.mean(np.square(wave))))
    return (wave * max(1.0, gain)).astype(np.float32)


def mel_filters(bands: int, fft_samples: int, rate_hz: int) -> Wave:
    """Slaney's area-normalised triangles ``[bands, fft_samples / 2 + 1]``: librosa's default."""
    points = _from_mel(np.linspace(0, _to_mel(rate_hz / 2), bands + 2))
    bins = np.linspace(0, rate_hz / 2, fft_samples // 2 + 1)
    left, centre, right = points[:-2, None], points[1:-1, None], points[2:, None]
    rising = (bins - left) / (centre - left)
    falling = (right - bins) / (right - centre)
    triangles = np.clip(np.minimum(rising, falling), 0, None)
    return (triangles * 2 / (right - left)).astype(np.float32)


def _to_mel(hz: float) -> float:
    if hz < LINEAR_HZ:
        return hz * LINEAR_MELS / LINEAR_HZ
    return LINEAR_MELS + float(np.log(hz / LINEAR_HZ) / LOG_STEP)


def _from_mel(mels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    linear = mels * LINEAR_HZ / LINEAR_MELS
    logarithmic = LINEAR_HZ * np.exp(LOG_STEP * (mels - LINEAR_MELS))
    return np.where(mels < LINEAR_MELS, linear, logarithmic)
