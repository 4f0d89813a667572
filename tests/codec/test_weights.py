"""Weight files in both forms, and the step from one to the other."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from codec.errors import SecoustiError
from codec.model import SecoustiModel, seeded_model
from codec.rates import HIGH
from codec.shrink import main
from codec.weights import (
    BLOCK,
    DECODER,
    SCALE,
    expanded,
    fits_int8,
    from_int8,
    load_weights,
    save_weights,
    to_int8,
)


@pytest.fixture(scope="module")
def values() -> dict[str, torch.Tensor]:
    return dict(seeded_model(HIGH).named_parameters())


def matrix(seed: int = 0) -> torch.Tensor:
    return torch.randn(6, 4 * BLOCK, generator=torch.Generator().manual_seed(seed))


def test_no_value_moves_by_more_than_half_a_step() -> None:
    value = matrix()
    digits, scale = to_int8(value)
    assert (digits.dtype, scale.dtype, scale.shape) == (torch.int8, torch.float16, (6, 4))
    off = (from_int8(digits, scale) - value).abs().reshape(6, 4, BLOCK)
    assert (off <= 0.502 * scale.float()[..., None]).all()


def test_a_second_time_changes_nothing() -> None:
    once = from_int8(*to_int8(matrix()))
    assert torch.equal(from_int8(*to_int8(once)), once)


@pytest.mark.parametrize("size", [0.0, 1e-9])
def test_a_block_of_nothing_stays_nothing(size: float) -> None:
    value = matrix()
    value[2, BLOCK : 2 * BLOCK] = size
    back = from_int8(*to_int8(value))
    assert torch.isfinite(back).all()
    assert not back[2, BLOCK : 2 * BLOCK].any()


def test_eight_bits_are_fewer_bytes_and_load_alike(
    values: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    halves, bytes_ = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    save_weights(halves, values, {"step": "7"})
    assert main([str(halves), str(bytes_)]) is None
    assert bytes_.stat().st_size < 0.7 * halves.stat().st_size
    with safe_open(bytes_, "pt") as file:
        assert file.metadata() == {"step": "7"}
    model = SecoustiModel(HIGH)
    load_weights(model, bytes_)
    for name, own in model.named_parameters():
        step = 0.006 if name.startswith(DECODER) else 0.0005
        most = step * values[name].abs().max() + 1e-6
        assert (own - values[name]).abs().max() <= most, name


def test_only_the_decoders_large_matrices_go_to_eight_bits(
    values: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    save_weights(tmp_path / "w.safetensors", values, {}, int8=True)
    stored = load_file(tmp_path / "w.safetensors")
    assert {name for name, value in stored.items() if value.dtype == torch.int8} == {
        name for name, value in values.items() if name.startswith(DECODER) and fits_int8(value)
    }
    assert set(expanded(stored)) == set(values)
    assert not fits_int8(torch.zeros(400, 100)) and not fits_int8(torch.zeros(4, 32))


def test_scales_of_another_matrix_are_told(values: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, values, {}, int8=True)
    stored = load_file(path)
    name = next(name for name in stored if name.endswith(SCALE))
    save_file(stored | {name: stored[name][:, 1:].contiguous()}, path)
    with pytest.raises(SecoustiError, match="damaged weights"):
        load_weights(SecoustiModel(HIGH), path)


def test_the_command_tells_what_is_wrong(tmp_path: Path) -> None:
    assert "usage" in str(main([]))
    assert "no codec weights at" in str(main([str(tmp_path / "none"), str(tmp_path / "out")]))
    (tmp_path / "text").write_text("no tensors")
    assert "not a readable safetensors" in str(main([str(tmp_path / "text"), str(tmp_path / "b")]))
    assert not (tmp_path / "b").exists()
