"""Exported graphs: what a browser is told of them, and that compact ones lose nothing."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import onnxruntime as ort
import pytest
import torch

from codec.model import SecoustiModel
from codec.runtime.export import export_graphs, graph_files
from codec.weights import compressed, expanded

STEPS = 3


@pytest.fixture
def released(model: SecoustiModel) -> SecoustiModel:
    """A model whose weights have been in a weight file of 8 bits."""
    stored = expanded(compressed(dict(model.named_parameters())))
    other = SecoustiModel(model.rate)
    other.load_state_dict({name: value.float() for name, value in stored.items()}, strict=False)
    return other.requires_grad_(False)


def run(content: bytes, width: int, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    state, heard = np.zeros((1, width), np.float32), []
    for _ in range(STEPS):
        *outputs, state = session.run(None, feeds | {"state": state})
        heard += outputs
    return [*heard, state]


def feeds_of(name: str, facts: dict) -> dict[str, np.ndarray]:
    if name == "encoder":
        draw = torch.Generator().manual_seed(4)
        return {"pcm": 0.1 * torch.randn(1, facts["packet_samples"], generator=draw).numpy()}
    codes = np.arange(1, 1 + facts["tokens_per_packet"]) * 37 % 2 ** facts["token_bits"]
    return {"codes": codes[None], "voice": np.array([4711])}


@pytest.mark.parametrize("name", ["encoder", "decoder"])
def test_compact_graphs_compute_the_same_bits_from_half_the_bytes(released, name):
    whole, small = graph_files(released), graph_files(released, compact=True)
    facts = json.loads(small["codec.json"])
    assert len(small[f"{name}.onnx"]) < 0.6 * len(whole[f"{name}.onnx"])
    width = facts[name]["state"]["width"]
    expected, got = (run(f[f"{name}.onnx"], width, feeds_of(name, facts)) for f in (whole, small))
    assert np.abs(expected[0]).max() > 0
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_weights_that_were_never_rounded_stay_exact(model):
    whole, small = graph_files(model), graph_files(model, compact=True)
    facts = json.loads(small["codec.json"])
    feeds, width = feeds_of("decoder", facts), facts["decoder"]["state"]["width"]
    for ours, theirs in zip(
        run(small["decoder.onnx"], width, feeds),
        run(whole["decoder.onnx"], width, feeds),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_the_files_are_what_the_facts_say(model, tmp_path):
    paths = export_graphs(model, tmp_path / "new" / "folder")
    facts = json.loads((tmp_path / "new" / "folder" / "codec.json").read_text())
    assert [path.name for path in paths] == ["encoder.onnx", "decoder.onnx", "codec.json"]
    for name in ("encoder", "decoder"):
        content = (tmp_path / "new" / "folder" / facts[name]["file"]).read_bytes()
        assert facts[name]["bytes"] == len(content)
        assert facts[name]["sha256"] == hashlib.sha256(content).hexdigest()
