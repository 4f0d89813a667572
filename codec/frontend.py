"""Causal log-mel front end: every frame's window ends at the newest sample."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from codec.rates import HOP_SAMPLES, SAMPLE_RATE_HZ
from codec.streaming import LeftContext, State

WINDOW_SAMPLES = 640
N_MELS = 80


def mel_filters(n_fft: int, n_mels: int, fmin_hz: float = 0.0) -> Tensor:
    """Triangular filters on the HTK mel scale at 16 kHz, ``[n_fft // 2 + 1, n_mels]``, peak 1."""

    def to_mel(hz: float) -> float:
        return 2595 * math.log10(1 + hz / 700)

    nyquist_hz = SAMPLE_RATE_HZ / 2
    mels = torch.linspace(to_mel(fmin_hz), to_mel(nyquist_hz), n_mels + 2, dtype=torch.float64)
    edges_hz = 700 * (10 ** (mels / 2595) - 1)
    bins_hz = torch.linspace(0, nyquist_hz, n_fft // 2 + 1, dtype=torch.float64)
    rise = (bins_hz[:, None] - edges_hz[:-2]) / (edges_hz[1:-1] - edges_hz[:-2])
    fall = (edges_hz[2:] - bins_hz[:, None]) / (edges_hz[2:] - edges_hz[1:-1])
    return torch.minimum(rise, fall).clamp(min=0).float()


class LogMel(nn.Module):
    """Waveform ``[B, 160 * T]`` -> log-mel ``[B, T, 80]``, scaled to about unit variance."""

    window: Tensor
    filters: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.context = LeftContext(WINDOW_SAMPLES - HOP_SAMPLES, 1)
        self.register_buffer("window", torch.hann_window(WINDOW_SAMPLES), persistent=False)
        self.register_buffer("filters", mel_filters(WINDOW_SAMPLES, N_MELS), persistent=False)

    def forward(self, wav: Tensor, state: State | None) -> Tensor:
        padded = self.context(wav[..., None], state)[..., 0]
        frames = padded.unfold(1, WINDOW_SAMPLES, HOP_SAMPLES) * self.window
        magnitude = torch.fft.rfft(frames).abs()
        return (torch.log(magnitude @ self.filters + 1e-3) + 1.5) / 2.5
