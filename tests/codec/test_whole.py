"""Whole signals block by block: the size of the blocks changes nothing."""

from __future__ import annotations

import pytest
import torch

from codec.codec import Codec
from codec.errors import SecoustiError
from codec.model import seeded_model
from codec.rates import RATES


@pytest.fixture(scope="module", params=sorted(RATES))
def codec(request: pytest.FixtureRequest) -> Codec:
    return Codec(seeded_model(RATES[request.param]), "auto")


def noise(samples: int, signals: int = 1) -> torch.Tensor:
    return 0.1 * torch.randn(signals, samples, generator=torch.Generator().manual_seed(4))


@pytest.mark.parametrize("size", [1000, 640, 16_000])
def test_blocks_of_any_size_give_the_same_tokens(codec: Codec, size: int) -> None:
    wav = noise(22_222)
    encoder = codec.whole_encoder()
    for block in torch.split(wav[0], size):
        encoder.push(block)
    assert encoder.finish().equals(codec.encode(wav))


def test_blocks_of_sound_join_to_the_whole(codec: Codec) -> None:
    tokens = codec.encode(noise(22_222, 2))
    blocks = list(codec.decode_blocks(tokens))
    assert max(block.shape[1] for block in blocks) <= codec.rate.packet_samples
    joined = torch.cat(blocks, dim=1)
    assert joined.shape == (2, 22_222)
    assert torch.equal(joined, codec.decode(tokens))


def test_nothing_and_nan_are_refused(codec: Codec) -> None:
    encoder = codec.whole_encoder()
    encoder.push(torch.zeros(0))
    with pytest.raises(SecoustiError, match="empty"):
        encoder.finish()
    with pytest.raises(SecoustiError, match="NaN"):
        encoder.push(torch.tensor([float("inf")]))
