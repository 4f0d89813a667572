"""The codec with one idea taken out, to see what that idea is worth.

``vae``      no sampling around the mean, no KL: a plain bottleneck
``fsq``      a learnt codebook (VQ) in place of finite scalar quantisation
``text``     no phones to name, no contrast with the text
``staging``  no continuous stage and no constraint: tokens from the first step on
``voice``    no voice channel: the decoder never knows who speaks
``loudness`` no loss that imitates PESQ: the twin to show beside every PESQ figure

A run without ``fsq`` is scored by the trainer itself; all others export weights the codec loads.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn
from vector_quantize_pytorch import VectorQuantize

from codec.errors import SecoustiError
from codec.model import SecoustiModel
from codec.rates import Rate
from training.recipe import Stage

IDEAS = ("vae", "fsq", "text", "staging", "voice", "loudness")
LARGEST_CODEBOOK = 2**14  # vectors; the high rate's 2^20 codes cannot be learnt one by one
COMMITMENT = 0.25


def ideas_named(text: str) -> frozenset[str]:
    """The ideas in a list such as ``vae,text``; raises :class:`SecoustiError` for another word."""
    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    unknown = names - set(IDEAS)
    if unknown:
        raise SecoustiError(
            f"nothing called {', '.join(sorted(unknown))} can be left out: choose from "
            f"{', '.join(IDEAS)}"
        )
    return names


def ablated_stages(stages: tuple[Stage, ...], without: frozenset[str]) -> tuple[Stage, ...]:
    """The schedule without these ideas."""
    if "staging" in without:
        stages = tuple(replace(s, constraint=0.0) for s in stages if s.path == "semantic")
    if "text" in without:
        stages = tuple(replace(s, phones=0.0, contrast=0.0) for s in stages)
    if "vae" in without:
        stages = tuple(replace(s, kl=0.0) for s in stages)
    if "loudness" in without:
        stages = tuple(replace(s, loudness=0.0) for s in stages)
    return stages


def ablate(model: SecoustiModel, without: frozenset[str]) -> None:
    """Takes the ideas out of the network itself; raises :class:`SecoustiError` where none fits."""
    if "vae" in without:
        model.tokens.bottleneck.sampling = False
    if "fsq" in without:
        model.tokens.bottleneck.quantiser = LearntCodebook(model.rate)


class LearntCodebook(nn.Module):
    """A VQ codebook of as many vectors as the rate has codes, with FSQ's manners."""

    def __init__(self, rate: Rate) -> None:
        super().__init__()
        size = 2**rate.token_bits
        if size > LARGEST_CODEBOOK:
            raise SecoustiError(
                f"a learnt codebook for rate {rate.name} would have {size:,} vectors: "
                "compare VQ with FSQ at rate low"
            )
        self.codebook = VectorQuantize(
            dim=len(rate.levels), codebook_size=size, commitment_weight=COMMITMENT, kmeans_init=True
        )
        self.commitment: Tensor = torch.zeros(())

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Latents ``[B, N, dims]`` -> their nearest vectors and codes int64 ``[B, N]``."""
        quantised, codes, self.commitment = self.codebook(z)
        return quantised, codes

    def indices_to_codes(self, codes: Tensor) -> Tensor:
        """Codes int64 ``[B, N]`` -> vectors ``[B, N, dims]``."""
        vectors: Tensor = self.codebook.get_codes_from_indices(codes)
        return vectors
