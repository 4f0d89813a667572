"""The training graph's own steps in PyTorch, on CPU or CUDA."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from codec.errors import SecoustiError
from codec.model import SecoustiModel
from codec.streaming import fresh_state, gather, scatter


class TorchBackend:
    """Steps ``model`` itself, moved to ``device``.

    Raises :class:`SecoustiError` for a device that this PyTorch does not have.
    """

    name = "torch"

    def __init__(self, model: SecoustiModel, device: str = "cpu") -> None:
        try:
            self._model = model.to(device)
        except (RuntimeError, AssertionError) as error:
            reason = str(error).splitlines()[0]
            raise SecoustiError(f"PyTorch has no device {device!r} here ({reason})") from error
        self._device = device

    def encoder(self, slots: int) -> TorchEncoder:
        return TorchEncoder(self._model, slots, self._device)

    def decoder(self, slots: int) -> TorchDecoder:
        return TorchDecoder(self._model, slots, self._device)


class _TorchNetwork:
    """A model and one state row for each slot."""

    def __init__(self, model: SecoustiModel, slots: int, device: str) -> None:
        self._model, self._device = model, device
        state = fresh_state(model, slots)
        self._state = {key: value.to(device) for key, value in state.items()}

    def clear(self, slot: int, keep: tuple[str, ...] = ()) -> None:
        """See :class:`codec.runtime.backend.EncoderNetwork`."""
        for key, value in self._state.items():
            if not key.startswith(keep):
                value[slot] = 0


class TorchEncoder(_TorchNetwork):
    """See :class:`codec.runtime.backend.EncoderNetwork`."""

    @torch.inference_mode()
    def step(self, pcm: Tensor, slots: Sequence[int]) -> tuple[Tensor, Tensor]:
        rows = gather(self._state, slots)
        codes, voice = self._model.encode_step(pcm.to(self._device), rows)
        scatter(self._state, slots, rows)
        return codes.cpu(), voice.cpu()


class TorchDecoder(_TorchNetwork):
    """See :class:`codec.runtime.backend.DecoderNetwork`."""

    @torch.inference_mode()
    def step(self, codes: Tensor, voice: Tensor, slots: Sequence[int]) -> Tensor:
        rows = gather(self._state, slots)
        wav = self._model.decode_step(codes.to(self._device), voice.to(self._device), rows)
        scatter(self._state, slots, rows)
        return wav.cpu()
