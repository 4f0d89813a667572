"""A small vocabulary for writing ONNX graphs of one streaming step.

All activations are :class:`Frames`, ``[B, frames, channels]`` with a free batch axis. What the
layers remember travels in one matrix ``state [B, width]``, cut into the fields of a
:class:`StateLayout`, so that a batch of callers is gathered and scattered by one row each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from codec.weights import BLOCK, fits_int8, from_int8, to_int8

OPSET = 20  # the first with Gelu
IR_VERSION = 9  # its companion; onnxruntime 1.17 and younger read it
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
BATCH = "batch"
MICROSOFT = "com.microsoft"  # the domain of onnxruntime's own operators


@dataclass(frozen=True)
class Frames:
    """A value ``[B, frames, channels]`` of the graph."""

    name: str
    frames: int
    channels: int


@dataclass(frozen=True)
class Field:
    """The memory of one layer: ``shape`` (without batch) at column ``offset`` of the state."""

    name: str
    offset: int
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class StateLayout:
    """Which columns of ``state [B, width]`` belong to which layer; silence is all zeros."""

    fields: tuple[Field, ...]

    @property
    def width(self) -> int:
        return sum(field.size for field in self.fields)

    def columns(self, keep: tuple[str, ...]) -> NDArray[np.bool_]:
        """True for the columns of layers whose name begins with one of ``keep``, ``[width]``."""
        kept = [np.full(field.size, field.name.startswith(keep)) for field in self.fields]
        return np.concatenate(kept)

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(field) for field in self.fields]


class Graph:
    """An ONNX graph under construction. A value is known by its name.

    With ``int8``, products with large weights run in 8 bits by onnxruntime's own ``MatMulNBits``:
    weights and activations each with one scale per block of a row, so that no caller's sound
    depends on who shares the batch.

    With ``compact``, learnt weights are stored in the smallest form that has their exact values, as
    in a weight file, and unpacked by nodes that a runtime computes once, when it loads the graph.
    """

    def __init__(self, int8: bool = False, compact: bool = False) -> None:
        self._int8, self._compact = int8, compact
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._fields: list[Field] = []
        self._after: dict[str, str] = {}

    def input(self, name: str, kind: int, *shape: int) -> str:
        """An input ``[B, *shape]``."""
        self._inputs.append(helper.make_tensor_value_info(name, kind, [BATCH, *shape]))
        return name

    def output(self, value: str, name: str, kind: int, *shape: int) -> None:
        """Gives ``value`` ``[B, *shape]`` out under ``name``."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, kind, [BATCH, *shape]))

    def constant(self, value: NDArray[Any] | Sequence[int] | float) -> str:
        """A constant: arrays as they are, whole numbers as int64, others as float32."""
        array = np.asarray(value)
        return self._add(array.astype(np.int64 if array.dtype.kind == "i" else np.float32))

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """One node with one output."""
        return self._node(kind, inputs, 1, attributes)[0]

    def product(self, value: str, weight: NDArray[Any], scale: NDArray[Any] | None = None) -> str:
        """``value @ (weight * scale)`` with learnt weights ``[C_in, C_out]``, scale ``[C_out]``."""
        whole = weight if scale is None else weight * scale
        rows = torch.from_numpy(whole.T)
        if self._int8 and fits_int8(rows):
            return self._eight_bit_product(value, rows)
        if not self._compact:
            return self.op("MatMul", value, self.constant(whole))
        unpacked = self._packed(weight)
        if scale is not None:
            unpacked = self.op("Mul", unpacked, self.constant(scale))
        return self.op("MatMul", value, unpacked)

    def _eight_bit_product(self, value: str, rows: torch.Tensor) -> str:
        digits, scales = to_int8(rows)
        unsigned = (digits.short() + 128).to(torch.uint8).reshape(*scales.shape, BLOCK)
        return self.op(
            "MatMulNBits",
            value,
            self._add(unsigned.numpy()),
            self._add(scales.float().flatten().numpy()),
            domain=MICROSOFT,
            K=rows.shape[1],
            N=rows.shape[0],
            bits=8,
            block_size=BLOCK,
            accuracy_level=4,  # of int8 products; lower levels unpack the weights first
        )

    def _packed(self, weight: NDArray[Any]) -> str:
        """``weight`` ``[C_in, C_out]`` in its smallest exact form, and unpacked again."""
        rows = torch.from_numpy(weight.T)
        if fits_int8(rows):
            digits, scales = to_int8(rows)
            if torch.equal(from_int8(digits, scales), rows):
                blocks = digits.reshape(*scales.shape, BLOCK)
                factors = self._halves(scales[..., None].numpy())
                values = self.op("Mul", self._as_float(self._add(blocks.numpy())), factors)
                flat = self.op("Reshape", values, self.constant(rows.shape))
                return self.op("Transpose", flat, perm=[1, 0])
        halves = weight.astype(np.float16)
        exact = np.array_equal(halves.astype(np.float32), weight)
        return self._halves(halves) if exact else self.constant(weight)

    def _halves(self, values: NDArray[np.float16]) -> str:
        return self._as_float(self._add(values))

    def _as_float(self, name: str) -> str:
        return self.op("Cast", name, to=FLOAT)

    def split(self, value: str, sizes: Sequence[int], axis: int) -> list[str]:
        """``value`` cut into pieces of ``sizes`` along ``axis``."""
        return self._node("Split", (value, self.constant(sizes)), len(sizes), {"axis": axis})

    def reshape(self, value: str, *shape: int) -> str:
        """``value`` as ``[B, *shape]``."""
        return self.op("Reshape", value, self.constant([-1, *shape]))

    def past(self, layer: str, *shape: int) -> str:
        """What ``layer`` remembers, ``[B, *shape]``."""
        offset = sum(field.size for field in self._fields)
        self._fields.append(Field(layer, offset, shape))
        return f"past.{layer}"

    def remember(self, layer: str, value: str) -> None:
        """``value`` is what ``layer`` will find as its past in the next step."""
        self._after[layer] = value

    def finish(self) -> tuple[onnx.ModelProto, StateLayout]:
        """The model, with ``state`` as last input and ``state_after`` as last output."""
        layout = StateLayout(tuple(self._fields))
        self._join_states(layout)
        graph = helper.make_graph(self._nodes, "step", self._inputs, self._outputs, self._constants)
        opsets = [helper.make_opsetid("", OPSET)]
        if self._int8:
            opsets.append(helper.make_opsetid(MICROSOFT, 1))
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        return model, layout

    def _join_states(self, layout: StateLayout) -> None:
        own, self._nodes = self._nodes, []
        state = self.input("state", FLOAT, layout.width)
        pieces = self.split(state, [field.size for field in layout.fields], axis=1)
        for field, piece in zip(layout.fields, pieces, strict=True):
            shape = self.constant([-1, *field.shape])
            node = helper.make_node("Reshape", [piece, shape], [f"past.{field.name}"])
            self._nodes.append(node)
        self._nodes += own
        flat = [self.reshape(self._after[field.name], field.size) for field in layout.fields]
        self.output(self.op("Concat", *flat, axis=1), "state_after", FLOAT, layout.width)

    def _add(self, array: NDArray[Any]) -> str:
        name = f"constant{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def _node(
        self, kind: str, inputs: Sequence[str], outputs: int, attributes: dict[str, Any]
    ) -> list[str]:
        names = [f"{kind}{len(self._nodes)}.{k}" for k in range(outputs)]
        self._nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names
