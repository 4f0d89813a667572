"""Reconstruction losses on waveforms: what the ear hears in bands, and a little of the phase."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from codec.frontend import mel_filters

MEL_RESOLUTIONS = ((256, 32), (512, 64), (1024, 80), (2048, 100))  # (window, mel bands)
FLOOR = 1e-3  # magnitudes below are silence; about -60 dB of speech in these windows


class Reconstruction(NamedTuple):
    mel: Tensor  # mean |difference| of log-mel, nats, over four resolutions
    magnitude: Tensor  # mean |difference| of log magnitude, nats, over two resolutions
    phase: Tensor  # mean |difference| of compressed complex spectra


class ReconstructionLoss(nn.Module):
    """Compares two waveforms ``[B, T]``; see :class:`Reconstruction` for the terms."""

    def __init__(self) -> None:
        super().__init__()
        for window, bands in MEL_RESOLUTIONS:
            self.register_buffer(f"window_{window}", torch.hann_window(window), persistent=False)
            filters = mel_filters(window, bands, fmin_hz=20.0)
            self.register_buffer(f"filters_{window}", filters, persistent=False)

    def forward(self, decoded: Tensor, target: Tensor) -> Reconstruction:
        mel, magnitude, phase = [], [], []
        for window, _bands in MEL_RESOLUTIONS:
            ours, theirs = self._spectrum(decoded, window), self._spectrum(target, window)
            size, true_size = _magnitude(ours), _magnitude(theirs)
            filters = getattr(self, f"filters_{window}")
            mel.append(_log_distance(size @ filters, true_size @ filters))
            if window in (512, 1024):
                magnitude.append(_log_distance(size, true_size))
                phase.append((_compress(ours, size) - _compress(theirs, true_size)).abs().mean())
        return Reconstruction(*(torch.stack(terms).mean() for terms in (mel, magnitude, phase)))

    def _spectrum(self, wav: Tensor, window: int) -> Tensor:
        """Complex spectra as real pairs ``[B, frames, bins, 2]``."""
        frames = wav.unfold(1, window, window // 4) * getattr(self, f"window_{window}")
        return torch.view_as_real(torch.fft.rfft(frames))


def _magnitude(spectrum: Tensor) -> Tensor:
    return (spectrum.square().sum(-1) + 1e-9).sqrt()


def _log_distance(ours: Tensor, theirs: Tensor) -> Tensor:
    return ((ours + FLOOR).log() - (theirs + FLOOR).log()).abs().mean()


def _compress(spectrum: Tensor, magnitude: Tensor) -> Tensor:
    """Power-law compression (0.3) that keeps the phase; quiet harmonics count too."""
    return spectrum * (magnitude + FLOOR).pow(-0.7)[..., None]


def acoustic_constraint(predicted: Tensor, acoustic: Tensor) -> Tensor:
    """Mean square of A^ - A in units of A's variance (the paper's L_acoustic_mse)."""
    return (predicted.float() - acoustic).square().mean() / acoustic.var().clamp(min=1e-4)


def kl_with_margin(kl: Tensor, margin: float = 0.5) -> Tensor:
    """The paper's L_semantic_kl: only what exceeds the margin costs."""
    return (kl - margin).clamp(min=0)
