"""Streaming iSTFT head: frames become sound without a separate vocoder (Vocos, Siuzdak 2023)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from codec.rates import HOP_SAMPLES
from codec.streaming import State, StreamingModule

N_FFT = 640
BINS = N_FFT // 2 + 1


class OverlapAdd(StreamingModule):
    """Windowed frames ``[B, T, 640]`` -> waveform ``[B, 160 * T]``, 480 samples behind."""

    def init_state(self, batch: int) -> Tensor:
        return torch.zeros(batch, N_FFT - HOP_SAMPLES)

    def forward(self, frames: Tensor, state: State | None) -> Tensor:
        B, T, _ = frames.shape
        length = (T - 1) * HOP_SAMPLES + N_FFT
        wav = torch.nn.functional.fold(
            frames.transpose(1, 2), (1, length), (1, N_FFT), stride=(1, HOP_SAMPLES)
        ).view(B, length)
        if state is None:
            return wav[:, : T * HOP_SAMPLES]
        tail = N_FFT - HOP_SAMPLES
        wav = torch.cat([wav[:, :tail] + state[self.state_key], wav[:, tail:]], dim=1)
        state[self.state_key] = wav[:, T * HOP_SAMPLES :]
        return wav[:, : T * HOP_SAMPLES]


class ISTFTHead(nn.Module):
    """Frames at 50 Hz ``[B, T, C]`` -> two STFT frames each -> waveform ``[B, 320 * T]``."""

    window: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.project = nn.Linear(channels, 2 * 2 * BINS)
        self.overlap_add = OverlapAdd()
        # Hann twice (analysis and synthesis) at 75 % overlap sums to 1.5.
        self.register_buffer("window", torch.hann_window(N_FFT) / 1.5, persistent=False)

    def forward(self, x: Tensor, state: State | None) -> Tensor:
        B, T, _ = x.shape
        with torch.autocast(x.device.type, enabled=False):  # phase needs full precision
            parts = self.project(self.norm(x.float())).reshape(B, 2 * T, 2 * BINS)
            log_magnitude, phase = parts.split(BINS, dim=-1)
            magnitude = torch.exp(log_magnitude.clamp(max=6.0))
            frames = torch.fft.irfft(torch.polar(magnitude, phase), n=N_FFT)
            wav: Tensor = self.overlap_add(frames * self.window, state)
        return wav
