"""The prior's float twin: the network of :class:`codec.entropy.prior.Prior` while it learns.

The same sums in float32; :meth:`PriorNet.integers` rounds the weights when the fit is over. That
costs less than a thousandth of the bits, because nothing in the integer network is below 12 bits.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from codec.entropy.prior import DILATIONS, WEIGHT_BITS, table_shapes
from codec.entropy.shares import LEVELS
from codec.rates import Rate

LARGEST = (2**15 - 1) / 2**WEIGHT_BITS  # of a weight: what int16 holds


class PriorNet(nn.Module):
    """Digits before and voice -> scores of every digit's levels, in octaves."""

    def __init__(self, rate: Rate, channels: int, hidden: int) -> None:
        super().__init__()
        self.rate = rate
        shapes = table_shapes(rate, channels, hidden)
        learnt = {n: s for n, s in shapes.items() if not n.startswith("voice_")}
        self.tables = nn.ParameterDict(
            {name.replace(".", "_"): _initial(name, shape) for name, shape in learnt.items()}
        )

    def __getitem__(self, name: str) -> Tensor:
        table: Tensor = self.tables[name.replace(".", "_")]
        return table

    def forward(self, before: Tensor, voice: Tensor, now: Tensor) -> Tensor:
        """``before``, ``now`` int64 ``[B, T, D]``, ``voice`` ``[B, T, 8]`` -> ``[B, T, D, 4]``."""
        x = _summed(self["embed"], before) + _summed(self["voice"], voice)
        x = x + (before[..., :1] < 0) * self["start"]
        for layer, dilation in enumerate(DILATIONS):
            x = x + self._block(layer, F.pad(x, (0, 0, dilation, 0))[:, : x.shape[1]], x)
        scores = torch.einsum("btdh,dhl->btdl", self._contexts(x, now).relu(), self["score"])
        return scores + self["score_bias"]

    def _contexts(self, x: Tensor, now: Tensor) -> Tensor:
        """Context of every digit ``[B, T, D, H]``: the past, and the token's earlier digits."""
        B, T, D = now.shape
        earlier = torch.ones(D, D).triu(1)[:, None, :, None]  # 1 where known digit < predicted one
        known = (self["known"] * earlier).reshape(D * LEVELS, -1)
        told = F.one_hot(now, LEVELS).float().reshape(B, T, D * LEVELS) @ known
        return (x @ self["read"] + told).reshape(B, T, D, -1) + self["read_bias"]

    def _block(self, layer: int, earlier: Tensor, x: Tensor) -> Tensor:
        first, second = self[f"mix.{layer}"]
        y = (earlier @ first + x @ second + self[f"mix_bias.{layer}"]).relu()
        joined: Tensor = y @ self[f"join.{layer}"] + self[f"join_bias.{layer}"]
        return joined

    @torch.no_grad()
    def clamp(self) -> None:
        """Keep every weight where int16 can hold it."""
        for table in self.tables.values():
            table.clamp_(-LARGEST, LARGEST)

    def integers(self) -> dict[str, NDArray[np.int16]]:
        """The tables in units of 2^-12."""
        names = [n for n in table_shapes(self.rate, 1, 1) if not n.startswith("voice_")]
        return {
            name: np.round(self[name].detach().numpy() * 2**WEIGHT_BITS).astype(np.int16)
            for name in names
        }


def _initial(name: str, shape: tuple[int, ...]) -> nn.Parameter:
    """Biases, residual branches and scores begin at zero: a fit starts from even shares."""
    if "bias" in name or name.startswith(("join", "start", "known", "score")):
        return nn.Parameter(torch.zeros(shape))
    if name.startswith(("embed", "voice")):
        return nn.Parameter(0.5 * torch.randn(shape))
    fan_in = 2 * shape[1] if name.startswith("mix") else shape[-2]
    return nn.Parameter(torch.randn(shape) * math.sqrt(2 / fan_in))


def _summed(table: Tensor, digits: Tensor) -> Tensor:
    """Table ``[D, 4, C]``, digits ``[B, T, D]`` (-1: none) -> the sum of their vectors."""
    D, levels, C = table.shape
    rows = F.one_hot(digits + 1, levels + 1)[..., 1:].float()
    return rows.reshape(*digits.shape[:2], D * levels) @ table.reshape(D * levels, C)
