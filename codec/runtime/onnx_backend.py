"""One streaming step as an ONNX graph, run by ONNX Runtime on one thread.

The graph is written anew at every start, in about 0.2 s of work for both directions: less than
reading a copy from a cache and making sure that it is the right one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from torch import Tensor

from codec.errors import SecoustiError
from codec.model import SecoustiModel
from codec.runtime.graph import StateLayout
from codec.runtime.network import decoder_graph, encoder_graph

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
ERRORS_ONLY = 3


class OnnxBackend:
    """Both directions of ``model`` as sessions of ONNX Runtime.

    ``int8`` is the decoder's on a CPU. The encoder always computes in float32, so that its tokens
    are those of the training graph: in 8 bits 6 % of them would differ at the high rate, and of
    thirty callers in a step it would hardly be faster. Raises :class:`SecoustiError` for a device
    that this onnxruntime does not have, and whatever onnxruntime raises.
    """

    def __init__(self, model: SecoustiModel, device: str = "cpu", int8: bool = True) -> None:
        int8 = int8 and device == "cpu"
        self.name = "onnx" if int8 else "onnx-fp32"
        self._encoder = _open(encoder_graph(model), device)
        self._decoder = _open(decoder_graph(model, int8), device)

    def encoder(self, slots: int) -> OnnxEncoder:
        return OnnxEncoder(*self._encoder, slots)

    def decoder(self, slots: int) -> OnnxDecoder:
        return OnnxDecoder(*self._decoder, slots)


class _OnnxNetwork:
    """A session and one row of memory, float32 ``[width]``, for each slot."""

    def __init__(self, session: ort.InferenceSession, layout: StateLayout, slots: int) -> None:
        self._session, self._layout = session, layout
        self._memory = np.zeros((slots, layout.width), np.float32)

    def clear(self, slot: int, keep: tuple[str, ...] = ()) -> None:
        """See :class:`codec.runtime.backend.EncoderNetwork`."""
        self._memory[slot, ~self._layout.columns(keep)] = 0

    def _run(self, feeds: Mapping[str, Tensor], slots: Sequence[int]) -> list[NDArray[Any]]:
        """The outputs, after the memory of ``slots`` has been taken and put back."""
        rows = np.asarray(slots)
        inputs = {name: value.numpy() for name, value in feeds.items()}
        outputs: list[NDArray[Any]]
        *outputs, after = self._session.run(None, inputs | {"state": self._memory[rows]})
        self._memory[rows] = after
        return outputs


class OnnxEncoder(_OnnxNetwork):
    """See :class:`codec.runtime.backend.EncoderNetwork`."""

    def step(self, pcm: Tensor, slots: Sequence[int]) -> tuple[Tensor, Tensor]:
        codes, voice = self._run({"pcm": pcm}, slots)
        return torch.from_numpy(codes), torch.from_numpy(voice)


class OnnxDecoder(_OnnxNetwork):
    """See :class:`codec.runtime.backend.DecoderNetwork`."""

    def step(self, codes: Tensor, voice: Tensor, slots: Sequence[int]) -> Tensor:
        (wav,) = self._run({"codes": codes, "voice": voice}, slots)
        return torch.from_numpy(wav)


def _open(
    graph: tuple[onnx.ModelProto, StateLayout], device: str
) -> tuple[ort.InferenceSession, StateLayout]:
    model, layout = graph
    provider = PROVIDERS.get(device)
    if provider not in ort.get_available_providers():
        raise SecoustiError(f"this onnxruntime has no device {device!r}")
    session = ort.InferenceSession(
        model.SerializeToString(), session_options(), providers=[provider]
    )
    return session, layout


def session_options() -> ort.SessionOptions:
    """One thread, the caller's own: a step is too small to share, and calls are many."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = ERRORS_ONLY
    return options
