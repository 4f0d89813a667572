"""Semantic bottleneck: a VAE whose mean is quantised by one FSQ codebook (SecoustiCodec, III)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from vector_quantize_pytorch import FSQ

from codec.rates import Rate


class Semantic(NamedTuple):
    quantised: Tensor  # [B, N, dims], straight-through gradient
    codes: Tensor  # int64 [B, N]
    kl: Tensor  # mean KL divergence per dimension, nats
    mean: Tensor  # [B, N, dims], before the quantiser


class SemanticVAE(nn.Module):
    """Frames ``[B, N, C]`` -> tokens of one codebook.

    Training samples the latent around its mean, which keeps neighbouring codes alike in sound and
    all codes in use; inference quantises the mean.
    """

    def __init__(self, channels: int, rate: Rate) -> None:
        super().__init__()
        dims = len(rate.levels)
        self.norm = nn.LayerNorm(channels)
        self.to_mean = nn.Linear(channels, dims)
        self.to_log_var = nn.Linear(channels, dims)
        nn.init.zeros_(self.to_log_var.weight)
        nn.init.constant_(self.to_log_var.bias, -4.0)
        self.quantiser: nn.Module = make_fsq(rate.levels)
        self.sampling = True  # while training

    def forward(self, x: Tensor) -> Semantic:
        x = self.norm(x)
        mean, log_var = self.to_mean(x).float(), self.to_log_var(x).float().clamp(-8, 4)
        z = mean
        if self.training and self.sampling:
            z = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
        quantised, codes = self.quantiser(z)
        kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean()
        return Semantic(quantised, codes.long(), kl, mean)

    def from_codes(self, codes: Tensor) -> Tensor:
        """Tokens int64 ``[B, N]`` -> the quantised vectors ``[B, N, dims]``."""
        return codes_to_vectors(self.quantiser, codes)


def make_fsq(levels: tuple[int, ...]) -> FSQ:
    """FSQ (Mentzer et al. 2023) with symmetric levels, without the library's table of all codes.

    That table holds 2^20 rows for the high rate (40 MB) and nothing here reads it.
    """
    quantiser = FSQ(levels=list(levels), preserve_symmetry=True)
    quantiser.implicit_codebook = torch.empty(0)
    return quantiser


def codes_to_vectors(quantiser: nn.Module, codes: Tensor) -> Tensor:
    """Codes int64 ``[B, N]`` -> vectors in [-1, 1] ``[B, N, dims]``."""
    vectors: Tensor = quantiser.indices_to_codes(codes)  # type: ignore[operator]
    return vectors
