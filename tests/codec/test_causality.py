"""Causality: no token depends on a sample that has not come yet."""

from __future__ import annotations

import pytest
import torch

from codec.codec import Codec
from codec.model import seeded_model
from codec.rates import RATES


@pytest.mark.parametrize("name", sorted(RATES))
def test_the_future_does_not_change_the_past(name: str) -> None:
    codec = Codec(seeded_model(RATES[name]))
    draw = torch.Generator().manual_seed(0)
    wav = 0.1 * torch.randn(1, 8 * codec.rate.packet_samples, generator=draw)
    changed = wav.clone()
    changed[:, 4 * codec.rate.packet_samples :] *= -3
    known = 4 * codec.rate.tokens_per_packet
    before, after = codec.encode(wav).codes, codec.encode(changed).codes
    assert torch.equal(before[:, :known], after[:, :known])
    assert not torch.equal(before[:, known:], after[:, known:])
