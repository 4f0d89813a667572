"""The network of every probe, and how it learns: small, the same for tokens and for log-mel."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from codec.layers import Lengthen, Shorten

FRAME_MS = 20  # the probes work at 50 Hz whatever they read
KERNEL = 9
DILATIONS = (1, 2, 4, 1)  # with the kernel: 0.3 s to either side
WARM_UP = 0.05  # share of the steps in which the learning rate rises


@dataclass(frozen=True)
class ProbeConfig:
    """Sizes and schedule of one probe."""

    steps: int
    batch: int
    crop_ms: int
    channels: int = 128
    depth: int = len(DILATIONS)
    lr: float = 3e-3
    dropout: float = 0.1


class Block(nn.Module):
    """Residual convolution over time, past and future: ``[B, T, C] -> [B, T, C]``."""

    def __init__(self, channels: int, dilation: int, dropout: float) -> None:
        super().__init__()
        reach = dilation * (KERNEL // 2)
        self.norm = nn.LayerNorm(channels)
        self.along = nn.Conv1d(
            channels, channels, KERNEL, padding=reach, dilation=dilation, groups=channels
        )
        self.across = nn.Sequential(
            nn.Linear(channels, 2 * channels),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(2 * channels, channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.along(self.norm(x).transpose(1, 2)).transpose(1, 2)
        out: Tensor = x + self.across(y)
        return out


class Reader(nn.Module):
    """Rows of features ``[B, N, c_in]``, one each ``row_ms`` -> frames ``[B, T, C]`` at 50 Hz.

    Rows rarer than frames by no more than two are unfolded; rarer ones are frames themselves.
    """

    def __init__(self, c_in: int, row_ms: int, config: ProbeConfig) -> None:
        super().__init__()
        self.rows_a_frame = max(1, FRAME_MS // row_ms)
        channels = config.channels
        self.fit: nn.Module = nn.Linear(c_in, channels)
        if row_ms < FRAME_MS:
            self.fit = Shorten(c_in, channels, self.rows_a_frame)
        elif row_ms == 2 * FRAME_MS:
            self.fit = Lengthen(c_in, channels, 2)
        blocks = [Block(channels, d, config.dropout) for d in DILATIONS[: config.depth]]
        self.body = nn.Sequential(*blocks, nn.LayerNorm(channels))

    def forward(self, rows: Tensor) -> Tensor:
        rows = F.pad(rows, (0, 0, 0, -rows.shape[1] % self.rows_a_frame))
        frames: Tensor = self.body(self.fit(rows))
        return frames


def learn(
    net: nn.Module,
    loss_at: Callable[[int], Tensor],
    config: ProbeConfig,
    report: Callable[[float], None],
) -> None:
    """AdamW over ``config.steps`` steps, cosine to zero; leaves ``net`` ready to be tested.

    ``loss_at`` gives the loss of a step; ``report`` hears the share done, 0-1.
    """
    optimiser = torch.optim.AdamW(net.parameters(), lr=config.lr, weight_decay=0.02)
    net.train()
    for step in range(config.steps):
        done = (step + 1) / config.steps
        for group in optimiser.param_groups:
            group["lr"] = config.lr * min(1.0, done / WARM_UP) * (1 + math.cos(math.pi * done)) / 2
        loss = loss_at(step)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        report(done)
    net.eval().requires_grad_(False)
