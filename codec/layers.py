"""Building blocks on frames ``[B, T, C]``: causal convolution, ConvNeXt, stacking in time."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from codec.streaming import LeftContext, State


class CausalConv(nn.Module):
    """Convolution over time that sees only the past: ``[B, T, C_in] -> [B, T, C_out]``."""

    def __init__(self, c_in: int, c_out: int, kernel: int, groups: int = 1) -> None:
        super().__init__()
        self.context = LeftContext(kernel - 1, c_in)
        self.conv = nn.Conv1d(c_in, c_out, kernel, groups=groups)

    def forward(self, x: Tensor, state: State | None) -> Tensor:
        y: Tensor = self.conv(self.context(x, state).transpose(1, 2))
        return y.transpose(1, 2)


class ConvNeXt(nn.Module):
    """ConvNeXt block (Liu et al. 2022) made causal; with ``cond`` its norm is AdaLN.

    ``[B, T, C] -> [B, T, C]``; ``voice`` is ``[B, 1 or T, cond]``.
    """

    def __init__(self, channels: int, cond: int = 0, kernel: int = 7, expansion: int = 3) -> None:
        super().__init__()
        self.depthwise = CausalConv(channels, channels, kernel, groups=channels)
        self.norm = nn.LayerNorm(channels, elementwise_affine=cond == 0)
        self.up = nn.Linear(channels, expansion * channels)
        self.down = nn.Linear(expansion * channels, channels)
        # Small but not tiny: the blocks must take part within the few thousand steps we can afford.
        self.layer_scale = nn.Parameter(0.1 * self.down.weight.new_ones(channels))
        self.scale_shift = nn.Linear(cond, 2 * channels) if cond else None
        if self.scale_shift is not None:
            nn.init.zeros_(self.scale_shift.weight)
            nn.init.zeros_(self.scale_shift.bias)

    def forward(self, x: Tensor, state: State | None, voice: Tensor | None = None) -> Tensor:
        y = self.norm(self.depthwise(x, state))
        if self.scale_shift is not None and voice is not None:
            scale, shift = self.scale_shift(voice).chunk(2, dim=-1)
            y = y * (1 + scale) + shift
        y = self.down(F.gelu(self.up(y), approximate="tanh"))
        out: Tensor = x + self.layer_scale * y
        return out


class ConvNeXtStack(nn.Module):
    """``depth`` ConvNeXt blocks in a row: ``[B, T, C] -> [B, T, C]``."""

    def __init__(self, channels: int, depth: int, cond: int = 0) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(ConvNeXt(channels, cond) for _ in range(depth))

    def forward(self, x: Tensor, state: State | None, voice: Tensor | None = None) -> Tensor:
        for block in self.blocks:
            x = block(x, state, voice)
        return x


class Shorten(nn.Module):
    """Joins ``factor`` neighbouring frames into one: ``[B, factor * T, C_in] -> [B, T, C_out]``."""

    def __init__(self, c_in: int, c_out: int, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.project = nn.Linear(factor * c_in, c_out)

    def forward(self, x: Tensor) -> Tensor:
        B, T, C = x.shape
        y: Tensor = self.project(x.reshape(B, T // self.factor, self.factor * C))
        return y


class Lengthen(nn.Module):
    """Unfolds each frame into ``factor``: ``[B, T, C_in] -> [B, factor * T, C_out]``."""

    def __init__(self, c_in: int, c_out: int, factor: int) -> None:
        super().__init__()
        self.factor, self.c_out = factor, c_out
        self.project = nn.Linear(c_in, factor * c_out)

    def forward(self, x: Tensor) -> Tensor:
        B, T, _ = x.shape
        y: Tensor = self.project(x)
        return y.reshape(B, T * self.factor, self.c_out)
