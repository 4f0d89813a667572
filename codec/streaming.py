"""Streaming state: what every causal layer must remember from one step to the next.

A :class:`State` is a flat mapping from a layer's name to one tensor ``[B, ...]``, so that a batch
of callers is gathered, stepped and scattered row by row without the layers knowing. ``state=None``
means a whole signal from silence: zeros to the left, nothing remembered.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

State = dict[str, Tensor]


class StreamingModule(nn.Module, ABC):
    """A layer with memory; :func:`name_states` gives each its own key in the state."""

    state_key: str = ""

    @abstractmethod
    def init_state(self, batch: int) -> Tensor:
        """The memory of silence, ``[batch, ...]``."""


class LeftContext(StreamingModule):
    """Prepends the last ``frames`` frames of the past: ``[B, T, C] -> [B, frames + T, C]``."""

    def __init__(self, frames: int, channels: int) -> None:
        super().__init__()
        self.frames, self.channels = frames, channels

    def init_state(self, batch: int) -> Tensor:
        return torch.zeros(batch, self.frames, self.channels)

    def forward(self, x: Tensor, state: State | None) -> Tensor:
        past = x.new_zeros(x.shape[0], self.frames, x.shape[2])
        if state is not None:
            past = state[self.state_key]
        joined = torch.cat([past, x], dim=1)
        if state is not None:
            state[self.state_key] = joined[:, joined.shape[1] - self.frames :]
        return joined


def name_states(model: nn.Module) -> None:
    """Gives every streaming layer under ``model`` its qualified name as state key."""
    for name, module in model.named_modules():
        if isinstance(module, StreamingModule):
            module.state_key = name


def fresh_state(model: nn.Module, batch: int) -> State:
    """State of silence for every streaming layer under ``model``."""
    layers = [m for m in model.modules() if isinstance(m, StreamingModule)]
    return {layer.state_key: layer.init_state(batch) for layer in layers}


def gather(state: State, slots: Sequence[int]) -> State:
    """The rows of ``slots``, copied."""
    return {key: value.index_select(0, _rows(slots, value)) for key, value in state.items()}


def scatter(state: State, slots: Sequence[int], rows: State) -> None:
    """Writes ``rows`` back into ``slots``; all other slots stay untouched."""
    for key, value in rows.items():
        state[key].index_copy_(0, _rows(slots, value), value)


def _rows(slots: Sequence[int], beside: Tensor) -> Tensor:
    return torch.as_tensor(slots, device=beside.device)
