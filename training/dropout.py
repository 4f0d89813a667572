"""Packet loss in training, so that the decoder learns to live with what concealment feeds it.

Whole packets are lost, as on a line. In their place the decoder gets the last token that came,
again and again, or zeros where none has come: the plainest concealment, which needs no prior while
the tokens themselves are still moving. The target stays the whole original.
"""

from __future__ import annotations

import torch
from torch import Tensor

from codec.rates import Rate


def drop_packets(quantised: Tensor, rate: Rate, share: float) -> Tensor:
    """Quantised tokens ``[B, N, dims]`` with about ``share`` (0-1) of their packets lost.

    Token 0 begins a packet. Draws from torch's global generator, which checkpoints keep; with
    ``share`` 0 nothing is drawn and the input comes back. The tokens that are repeated also get the
    gradient of their repetitions.
    """
    if share <= 0:
        return quantised
    B, N, dims = quantised.shape
    packets = -(-N // rate.tokens_per_packet)
    lost = torch.rand(B, packets, device=quantised.device) < share
    lost = lost.repeat_interleave(rate.tokens_per_packet, dim=1)[:, :N]
    place = torch.arange(N, device=quantised.device).masked_fill(lost, -1).expand(B, N)
    source = torch.cummax(place, dim=1).values[..., None]  # the last token that came; -1: none yet
    held = quantised.gather(1, source.clamp(min=0).expand(B, N, dims))
    return torch.where(source >= 0, held, torch.zeros_like(held))
