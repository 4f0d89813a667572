"""Checkpoints that survive being killed: written aside, then renamed; and the released weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from codec.errors import SecoustiError
from codec.weights import save_weights


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Writes ``content`` so that ``path`` is at every moment either the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".partial")
    torch.save(content, aside)
    aside.replace(path)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """The content of a checkpoint; tensors and plain values only, nothing is executed."""
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise SecoustiError(f"no checkpoint at {path}: train without --resume first") from error
    except Exception as error:
        raise SecoustiError(f"{path} is not a readable checkpoint ({error}); remove it") from error
    return content


class Averaged:
    """Exponential moving average of a model's parameters: what is released."""

    def __init__(self, model: nn.Module, decay: float = 0.999) -> None:
        self.decay = decay
        self.values = {name: p.detach().clone() for name, p in model.named_parameters()}

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))  # follow closely while everything moves
        current = [p.detach() for _, p in model.named_parameters()]
        torch._foreach_lerp_(list(self.values.values()), current, 1 - decay)


def export_weights(
    path: Path, values: dict[str, Tensor], metadata: dict[str, str], int8: bool = False
) -> None:
    """Released weights with what made them as metadata: float16, or with ``int8`` half of that."""
    save_weights(path, values, metadata, int8)


def load_matching(model: nn.Module, values: dict[str, Tensor]) -> list[str]:
    """Loads every tensor whose name and shape fit; returns the names that stayed untouched."""
    own = model.state_dict()
    fitting = {k: v for k, v in values.items() if k in own and own[k].shape == v.shape}
    model.load_state_dict(fitting, strict=False)
    return [name for name in own if name not in fitting]
