"""The ONNX graphs compute what the training graph computes, packet after packet."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor

from codec.model import SecoustiModel
from codec.runtime.backend import open_backend
from codec.runtime.graph import StateLayout
from codec.runtime.network import decoder_graph, encoder_graph
from codec.streaming import fresh_state

PACKETS, CALLERS = 6, 3
ROWS = range(CALLERS)


def sound(model: SecoustiModel) -> list[Tensor]:
    draw = torch.Generator().manual_seed(2)
    samples = model.rate.packet_samples
    return [0.1 * torch.randn(CALLERS, samples, generator=draw) for _ in range(PACKETS)]


def tokens(model: SecoustiModel) -> list[tuple[Tensor, Tensor]]:
    """Codes and codewords, the first packets without a voice."""
    draw = torch.Generator().manual_seed(3)
    size, count = 2**model.rate.token_bits, model.rate.tokens_per_packet
    codes = torch.randint(size, (PACKETS, CALLERS, count), generator=draw)
    voice = torch.randint(2**16, (PACKETS, CALLERS), generator=draw)
    voice[:2] = -1
    return list(zip(codes, voice, strict=True))


def decoded(model: SecoustiModel, backend: str) -> Tensor:
    network = open_backend(model, backend).decoder(CALLERS)
    return torch.cat([network.step(codes, voice, ROWS) for codes, voice in tokens(model)], dim=1)


@pytest.mark.parametrize("backend", ["onnx", "onnx-fp32"])
def test_onnx_finds_the_codes_of_the_training_graph(model: SecoustiModel, backend: str) -> None:
    torch_steps = open_backend(model, "torch").encoder(CALLERS)
    onnx_steps = open_backend(model, backend).encoder(CALLERS)
    for pcm in sound(model):
        for ours, theirs in zip(
            onnx_steps.step(pcm, ROWS), torch_steps.step(pcm, ROWS), strict=True
        ):
            assert ours.dtype == torch.int64
            assert torch.equal(ours, theirs)


def test_float32_sounds_as_the_training_graph(model: SecoustiModel) -> None:
    expected = decoded(model, "torch")
    assert expected.abs().max() > 0.01
    torch.testing.assert_close(decoded(model, "onnx-fp32"), expected, atol=2e-5, rtol=1e-3)


def test_eight_bits_sound_nearly_so(model: SecoustiModel) -> None:
    expected, got = decoded(model, "torch"), decoded(model, "onnx")
    assert got.shape == expected.shape
    assert 10 * torch.log10(expected.square().sum() / (got - expected).square().sum()) > 15


def test_the_graphs_are_valid_onnx(model: SecoustiModel) -> None:
    for graph, _ in (encoder_graph(model), decoder_graph(model, False), decoder_graph(model, True)):
        onnx.checker.check_model(graph)


def test_every_streaming_layer_has_its_place_in_a_state(model: SecoustiModel) -> None:
    layouts = [encoder_graph(model)[1], decoder_graph(model, False)[1]]
    fields = {field.name: field.size for layout in layouts for field in layout.fields}
    assert fields == {key: value.numel() for key, value in fresh_state(model, 1).items()}
    for layout in layouts:
        offsets = np.cumsum([0, *(field.size for field in layout.fields)])
        assert [*(field.offset for field in layout.fields), layout.width] == offsets.tolist()


def test_columns_of_a_state_by_name(model: SecoustiModel) -> None:
    layout: StateLayout = encoder_graph(model)[1]
    assert layout.columns(()).sum() == 0
    assert layout.columns(("",)).sum() == layout.width
    voice = layout.columns(("voice_encoder.",))
    assert voice.sum() == sum(f.size for f in layout.fields if f.name.startswith("voice_encoder."))
    assert 0 < voice.sum() < layout.width
