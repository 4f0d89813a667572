"""Paralinguistic side channel: who speaks and how, as one 16-bit codeword sent each 1.28 s.

SecoustiCodec sends 512 floats taken from the middle of the whole utterance and does not count them.
Here the description is causal (running, speech-weighted statistics of what was heard so far),
quantised (one FSQ codeword) and counted.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from codec.frontend import N_MELS
from codec.layers import ConvNeXtStack, Shorten
from codec.semantic import codes_to_vectors, make_fsq
from codec.streaming import State, StreamingModule

VOICE_LEVELS = (4,) * 8  # 16 bits
VOICE_FRAME_MELS = 4  # mel frames (40 ms) to one frame of this encoder
FORGET = 0.998  # weight of the past per 40 ms frame: about 20 s are remembered
CHANNELS = 192


class RunningStatistics(StreamingModule):
    """Gated mean and deviation of frames so far; memory is the weighted sums ``[B, 1 + 2C]``."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def init_state(self, batch: int) -> Tensor:
        return torch.zeros(batch, 1 + 2 * self.channels)

    def forward(self, x: Tensor, gate: Tensor, state: State | None) -> Tensor:
        """Frames ``[B, T, C]``, gate ``[B, T, 1]`` in (0, 1) -> statistics so far ``[B, 2C]``."""
        T = x.shape[1]
        ages = torch.arange(T - 1, -1, -1, dtype=x.dtype, device=x.device)
        weight = gate * (FORGET**ages)[:, None]
        sums = torch.cat([weight, weight * x, weight * x * x], dim=-1).sum(dim=1)
        if state is not None:
            sums = sums + state[self.state_key] * FORGET**T
            state[self.state_key] = sums
        total, first, second = torch.split(sums, [1, self.channels, self.channels], dim=-1)
        mean = first / (total + 1e-3)
        deviation = (second / (total + 1e-3) - mean**2).clamp(min=1e-5).sqrt()
        return torch.cat([mean, deviation], dim=-1)


class VoiceEncoder(nn.Module):
    """Log-mel ``[B, 4 * T, 80]`` -> quantised voice ``[B, 8]`` and its codeword int64 ``[B]``."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = Shorten(N_MELS, CHANNELS, VOICE_FRAME_MELS)
        self.stack = ConvNeXtStack(CHANNELS, 2)
        self.gate = nn.Linear(CHANNELS, 1)
        self.statistics = RunningStatistics(CHANNELS)
        self.project = nn.Sequential(
            nn.LayerNorm(2 * CHANNELS),
            nn.Linear(2 * CHANNELS, CHANNELS),
            nn.GELU(),
            nn.Linear(CHANNELS, len(VOICE_LEVELS)),
        )
        self.quantiser = make_fsq(VOICE_LEVELS)

    def forward(self, mel: Tensor, state: State | None) -> tuple[Tensor, Tensor]:
        frames = self.stack(self.embed(mel), state).float()
        gate = torch.sigmoid(self.gate(frames).float())
        latent = self.project(self.statistics(frames, gate, state)).float()
        quantised, code = self.quantiser(latent[:, None])
        return quantised[:, 0], code[:, 0].long()


class VoiceCondition(nn.Module):
    """Voice codeword -> condition of the decoder; before the first codeword, a learnt default."""

    def __init__(self, cond: int) -> None:
        super().__init__()
        self.quantiser = make_fsq(VOICE_LEVELS)
        self.unknown = nn.Parameter(torch.zeros(len(VOICE_LEVELS)))
        self.project = nn.Sequential(
            nn.Linear(len(VOICE_LEVELS), cond), nn.GELU(), nn.Linear(cond, cond)
        )

    def forward(self, vector: Tensor, known: Tensor) -> Tensor:
        """Vectors ``[B, 8]``, known bool ``[B]`` -> condition ``[B, 1, cond]``."""
        vector = torch.where(known[:, None], vector, self.unknown)
        condition: Tensor = self.project(vector)
        return condition[:, None]

    def from_codes(self, codes: Tensor) -> Tensor:
        """Codewords int64 ``[B]``, -1 where none has come yet -> condition ``[B, 1, cond]``."""
        vector = codes_to_vectors(self.quantiser, codes.clamp(min=0)[:, None])[:, 0]
        condition: Tensor = self(vector, codes >= 0)
        return condition
