"""Released weights: one safetensors file per operating point, in float16 or in 8 bits.

In 8 bits a large matrix ``[C_out, C_in]`` of the decoder is stored as int8 digits of the same shape
and, under its name with ``:scale``, one float16 scale for each block of 32 neighbours in a row. The
runtime multiplies with the same blocks, so that nothing is lost twice. All else is float16, the
encoder above all: the tokens stay what they were.

``python -m codec.shrink IN.safetensors OUT.safetensors`` turns the first form into the second.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from codec.errors import SecoustiError
from codec.model import SecoustiModel
from codec.rates import Rate

WEIGHTS_DIR = Path(__file__).parent / "weights"
BLOCK = 32  # neighbours that share a scale: 6 % more bytes, and outliers stay among themselves
LARGE = 32_768  # a matrix below this saves nothing worth its rounding
SCALE = ":scale"
DECODER = ("connector.", "decoder.")


def packaged_weights(rate: Rate) -> Path:
    """Where the weights of ``rate`` lie in this package."""
    return WEIGHTS_DIR / f"{rate.name}.safetensors"


def load_weights(model: SecoustiModel, path: Path) -> None:
    """Fills ``model`` from ``path``; raises :class:`SecoustiError` when they do not fit."""
    values = read_weights(path)
    own = dict(model.named_parameters())
    foreign = [k for k, v in values.items() if k not in own or own[k].shape != v.shape]
    missing = own.keys() - values.keys()
    if foreign or missing:
        raise SecoustiError(
            f"{path} holds weights of another model than rate {model.rate.name}: "
            f"{len(missing)} tensors missing, {len(foreign)} foreign"
        )
    model.load_state_dict(values, strict=False)


def save_weights(
    path: Path, values: dict[str, Tensor], metadata: dict[str, str], int8: bool = False
) -> None:
    """Writes ``values`` with what made them, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = compressed(values) if int8 else {name: halved(v) for name, v in values.items()}
    aside = path.with_suffix(".partial")
    save_file(stored, aside, metadata=metadata)
    aside.replace(path)


def compressed(values: dict[str, Tensor]) -> dict[str, Tensor]:
    """The decoder's large matrices as int8 digits and float16 scales, all else as float16."""
    stored: dict[str, Tensor] = {}
    for name, value in values.items():
        if name.startswith(DECODER) and fits_int8(value):
            stored[name], stored[name + SCALE] = to_int8(value)
        else:
            stored[name] = halved(value)
    return stored


def expanded(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """The values of a weight file in either form; int8 digits times their scales."""
    return {
        name: from_int8(value, stored[name + SCALE]) if name + SCALE in stored else value
        for name, value in stored.items()
        if not name.endswith(SCALE)
    }


def fits_int8(value: Tensor) -> bool:
    """Whether ``value`` is a matrix that is worth 8 bits and falls into whole blocks."""
    return value.dim() == 2 and value.numel() >= LARGE and value.shape[1] % BLOCK == 0


def to_int8(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """``[C_out, C_in]`` -> digits int8 ``[C_out, C_in]``, scales float16 ``[C_out, C_in / 32]``."""
    blocks = _blocks(matrix.detach().float())
    scale = (blocks.abs().amax(dim=2) / 127).half()
    # A block of zeros, or one too small for float16, has scale 0 and digits 0.
    steps = scale.float().masked_fill(scale == 0, torch.inf)
    digits = (blocks / steps[..., None]).round().clamp(-127, 127)
    return digits.flatten(1).to(torch.int8), scale


def from_int8(digits: Tensor, scale: Tensor) -> Tensor:
    """Float32 ``[C_out, C_in]`` of what :func:`to_int8` made."""
    values: Tensor = _blocks(digits.float()) * scale.float()[..., None]
    return values.flatten(1)


def _blocks(matrix: Tensor) -> Tensor:
    return matrix.reshape(len(matrix), -1, BLOCK)


def halved(value: Tensor) -> Tensor:
    return value.detach().half().contiguous()


def read_weights(path: Path) -> dict[str, Tensor]:
    """The values of a weight file in either form, those of 8 bits as float32.

    Raises :class:`SecoustiError` when it is missing, damaged or no safetensors file.
    """
    if not path.is_file():
        raise SecoustiError(
            f"no codec weights at {path}: reinstall secousti, or train them with "
            "'secousti train codec' and pass their path"
        )
    try:
        return expanded(load_file(path))
    except (SafetensorError, OSError) as error:
        raise SecoustiError(f"{path} is not a readable safetensors file ({error})") from error
    except RuntimeError as error:  # scales that do not belong to their digits
        raise SecoustiError(f"{path} holds damaged weights ({error}): get it again") from error
