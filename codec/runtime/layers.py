"""The layers of :mod:`codec.layers`, the front end and the head, as nodes of an ONNX graph.

Two liberties are taken with the training graph, both for speed on one thread. A depthwise
convolution is a gather of shifted frames, a product and a sum: onnxruntime's grouped convolution
takes ten times as long for so few frames. The Fourier transforms are products with a matrix that
holds their window.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from codec.frontend import WINDOW_SAMPLES, LogMel
from codec.head import BINS, N_FFT, ISTFTHead
from codec.layers import CausalConv, ConvNeXt, ConvNeXtStack, Lengthen, Shorten
from codec.rates import HOP_SAMPLES
from codec.runtime.graph import Frames, Graph


def array(value: Tensor) -> NDArray[Any]:
    return value.detach().cpu().numpy()


def affine(
    g: Graph,
    x: Frames,
    weight: NDArray[Any],
    bias: NDArray[Any],
    scale: NDArray[Any] | None = None,
) -> Frames:
    """``x @ (weight * scale) + bias`` with learnt weights ``[C_in, C_out]``."""
    y = g.op("Add", g.product(x.name, weight, scale), g.constant(bias))
    return Frames(y, x.frames, weight.shape[1])


def transform(g: Graph, x: Frames, matrix: NDArray[Any]) -> Frames:
    """``x @ matrix`` with a fixed matrix, always in float32."""
    return Frames(g.op("MatMul", x.name, g.constant(matrix)), x.frames, matrix.shape[1])


def linear(g: Graph, layer: nn.Linear, x: Frames) -> Frames:
    return affine(g, x, array(layer.weight.T), array(layer.bias))


def gelu(g: Graph, x: Frames, approximate: str) -> Frames:
    return Frames(g.op("Gelu", x.name, approximate=approximate), x.frames, x.channels)


def layer_norm(g: Graph, layer: nn.LayerNorm, x: Frames) -> Frames:
    weight = np.ones(x.channels) if layer.weight is None else array(layer.weight)
    inputs = [x.name, g.constant(weight)]
    if layer.bias is not None:
        inputs.append(g.constant(array(layer.bias)))
    y = g.op("LayerNormalization", *inputs, epsilon=layer.eps)
    return Frames(y, x.frames, x.channels)


def with_past(g: Graph, layer: str, past: int, x: Frames) -> Frames:
    """``x`` behind the last ``past`` frames that ``layer`` has seen, remembered anew."""
    joined = g.op("Concat", g.past(layer, past, x.channels), x.name, axis=1)
    _, last = g.split(joined, [x.frames, past], axis=1)
    g.remember(layer, last)
    return Frames(joined, past + x.frames, x.channels)


def shifted(g: Graph, x: Frames, kernel: int) -> str:
    """Every window of ``kernel`` frames, ``[B, frames - kernel + 1, kernel, C]``."""
    starts = np.arange(x.frames - kernel + 1)
    return g.op("Gather", x.name, g.constant(starts[:, None] + np.arange(kernel)), axis=1)


def causal_conv(g: Graph, layer: CausalConv, x: Frames) -> Frames:
    """Depthwise where the layer has as many groups as channels, else full."""
    weight, kernel = array(layer.conv.weight), layer.conv.kernel_size[0]
    windows = shifted(g, with_past(g, layer.context.state_key, kernel - 1, x), kernel)
    bias = array(layer.conv.bias)  # type: ignore[arg-type]  # these layers all have one
    if layer.conv.groups == 1:
        flat = g.reshape(windows, x.frames, kernel * x.channels)
        matrix = weight.transpose(2, 1, 0).reshape(kernel * x.channels, -1)
        return affine(g, Frames(flat, x.frames, matrix.shape[0]), matrix, bias)
    taps = g.op("Mul", windows, g.constant(weight[:, 0].T))
    y = g.op("Add", g.op("ReduceSum", taps, g.constant([2]), keepdims=0), g.constant(bias))
    return Frames(y, x.frames, x.channels)


def convnext(g: Graph, block: ConvNeXt, x: Frames, voice: Frames | None) -> Frames:
    y = layer_norm(g, block.norm, causal_conv(g, block.depthwise, x))
    if block.scale_shift is not None and voice is not None:
        y = modulated(g, block.scale_shift, y, voice)
    y = gelu(g, linear(g, block.up, y), "tanh")
    scale = array(block.layer_scale)  # folded into the last projection
    y = affine(g, y, array(block.down.weight.T), array(block.down.bias) * scale, scale)
    return Frames(g.op("Add", x.name, y.name), x.frames, x.channels)


def modulated(g: Graph, layer: nn.Linear, x: Frames, voice: Frames) -> Frames:
    """``x * (1 + scale) + shift`` with both read off the voice; the 1 goes into the bias."""
    bias = array(layer.bias) + np.repeat([1.0, 0.0], x.channels)
    both = affine(g, voice, array(layer.weight.T), bias)
    scale, shift = g.split(both.name, [x.channels, x.channels], axis=2)
    y = g.op("Add", g.op("Mul", x.name, scale), shift)
    return Frames(y, x.frames, x.channels)


def convnext_stack(
    g: Graph, stack: ConvNeXtStack, x: Frames, voice: Frames | None = None
) -> Frames:
    for block in stack.blocks:
        assert isinstance(block, ConvNeXt)
        x = convnext(g, block, x, voice)
    return x


def shorten(g: Graph, layer: Shorten, x: Frames) -> Frames:
    frames, channels = x.frames // layer.factor, x.channels * layer.factor
    return linear(g, layer.project, Frames(g.reshape(x.name, frames, channels), frames, channels))


def lengthen(g: Graph, layer: Lengthen, x: Frames) -> Frames:
    frames = x.frames * layer.factor
    y = linear(g, layer.project, x)
    return Frames(g.reshape(y.name, frames, layer.c_out), frames, layer.c_out)


def log_mel(g: Graph, layer: LogMel, wav: str, samples: int) -> Frames:
    """Waveform ``[B, samples]`` -> log-mel frames of 10 ms."""
    single = Frames(g.reshape(wav, samples, 1), samples, 1)
    past = WINDOW_SAMPLES - HOP_SAMPLES
    joined = g.reshape(with_past(g, layer.context.state_key, past, single).name, past + samples)
    count = samples // HOP_SAMPLES
    starts = HOP_SAMPLES * np.arange(count)
    windows = g.op("Gather", joined, g.constant(starts[:, None] + np.arange(N_FFT)), axis=1)
    spectrum = transform(g, Frames(windows, count, N_FFT), analysis_matrix(layer.window))
    real, imaginary = g.split(spectrum.name, [BINS, BINS], axis=2)
    power = g.op("Add", g.op("Mul", real, real), g.op("Mul", imaginary, imaginary))
    mel = transform(g, Frames(g.op("Sqrt", power), count, BINS), array(layer.filters))
    raised = g.op("Add", g.op("Log", g.op("Add", mel.name, g.constant(1e-3))), g.constant(1.5))
    return Frames(g.op("Div", raised, g.constant(2.5)), count, mel.channels)


def istft_head(g: Graph, head: ISTFTHead, x: Frames) -> str:
    """Frames of 20 ms -> waveform ``[B, 320 * frames]``."""
    both = linear(g, head.project, layer_norm(g, head.norm, x))
    count = 2 * x.frames
    parts = g.reshape(both.name, count, 2 * BINS)
    log_magnitude, phase = g.split(parts, [BINS, BINS], axis=2)
    magnitude = g.op("Exp", g.op("Min", log_magnitude, g.constant(6.0)))
    real = g.op("Mul", magnitude, g.op("Cos", phase))
    imaginary = g.op("Mul", magnitude, g.op("Sin", phase))
    spectrum = Frames(g.op("Concat", real, imaginary, axis=2), count, 2 * BINS)
    frames = transform(g, spectrum, synthesis_matrix(head.window))
    return overlap_add(g, head.overlap_add.state_key, frames)


def overlap_add(g: Graph, layer: str, frames: Frames) -> str:
    """Each frame as quarters of one hop, summed where they meet by a matrix of ones."""
    quarters = N_FFT // HOP_SAMPLES
    tail, count = quarters - 1, frames.frames
    pieces = g.reshape(frames.name, quarters * count, HOP_SAMPLES)
    both = g.op("Concat", g.past(layer, tail, HOP_SAMPLES), pieces, axis=1)
    meets = np.zeros((count + tail, tail + quarters * count))
    meets[np.arange(tail), np.arange(tail)] = 1
    for frame in range(count):
        for quarter in range(quarters):
            meets[frame + quarter, tail + quarters * frame + quarter] = 1
    summed = g.op("MatMul", g.constant(meets), both)
    done, rest = g.split(summed, [count, tail], axis=1)
    g.remember(layer, rest)
    return g.reshape(done, count * HOP_SAMPLES)


def analysis_matrix(window: Tensor) -> NDArray[Any]:
    """Windowed samples to real and imaginary parts, ``[640, 642]``."""
    spectrum = torch.fft.rfft(torch.diag(window.double()))
    return array(torch.cat([spectrum.real, spectrum.imag], dim=1))


def synthesis_matrix(window: Tensor) -> NDArray[Any]:
    """Real and imaginary parts to windowed samples, ``[642, 640]``."""
    unit = torch.eye(BINS, dtype=torch.complex128)
    samples = torch.fft.irfft(torch.cat([unit, 1j * unit]), n=N_FFT)
    return array(samples * window.double())
