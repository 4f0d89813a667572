"""What a backend is, and the choice of one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from typing import Protocol

from torch import Tensor

from codec.errors import SecoustiError
from codec.model import SecoustiModel
from codec.runtime.torch_backend import TorchBackend

log = logging.getLogger(__name__)

BACKENDS = ("auto", "onnx", "onnx-fp32", "torch")


class EncoderNetwork(Protocol):
    """The encoder with the memory of its slots. One owner steps it: not thread-safe."""

    def step(self, pcm: Tensor, slots: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Float32 ``[A, packet_samples]`` for A slots -> codes ``[A, N]``, codewords ``[A]``."""

    def clear(self, slot: int, keep: tuple[str, ...] = ()) -> None:
        """Silence in ``slot``, but for layers whose name begins with one of ``keep``."""


class DecoderNetwork(Protocol):
    """The decoder with the memory of its slots. One owner steps it: not thread-safe."""

    def step(self, codes: Tensor, voice: Tensor, slots: Sequence[int]) -> Tensor:
        """Codes int64 ``[A, N]`` and codewords in force int64 ``[A]`` (-1: none yet) for A slots
        -> float32 ``[A, packet_samples]``."""

    def clear(self, slot: int, keep: tuple[str, ...] = ()) -> None:
        """Silence in ``slot``, but for layers whose name begins with one of ``keep``."""


class Backend(Protocol):
    """Makes networks of ``slots`` independent streams each."""

    name: str

    def encoder(self, slots: int) -> EncoderNetwork: ...
    def decoder(self, slots: int) -> DecoderNetwork: ...


def open_backend(model: SecoustiModel, name: str = "auto", device: str = "cpu") -> Backend:
    """``model`` ready to run by the backend ``name`` on ``device`` (``cpu`` or ``cuda``).

    ``onnx`` decodes in 8 bits on a CPU and encodes in float32, ``onnx-fp32`` does both in float32;
    ``auto`` is ``onnx``, or ``torch`` with a warning in the log where ONNX Runtime is missing or
    fails.

    Raises :class:`SecoustiError` for another name, a device that is not there, and a named backend
    that cannot run.
    """
    if name not in BACKENDS:
        raise SecoustiError(f"unknown backend {name!r}: choose one of {', '.join(BACKENDS)}")
    if name == "torch":
        return TorchBackend(model, device)
    try:
        from codec.runtime.onnx_backend import OnnxBackend

        return OnnxBackend(model, device, int8=name != "onnx-fp32")
    except Exception as error:  # whatever ails a foreign package, the codec must still speak
        if name != "auto":
            raise SecoustiError(
                f"backend {name} cannot run on {device} ({error}): "
                "pip install onnxruntime onnx, or choose the backend 'torch'"
            ) from error
        _warn(str(error))
        return TorchBackend(model, device)


@cache
def _warn(reason: str) -> None:
    """One warning for each reason, however many codecs are loaded."""
    log.warning("the codec runs in torch, several times slower than in onnxruntime: %s", reason)
