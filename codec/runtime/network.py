"""The codec's two directions as ONNX graphs of one packet's step.

Encoder: ``pcm`` float32 ``[B, packet_samples]`` -> ``codes`` int64 ``[B, tokens]``, ``voice`` int64
``[B]``. Decoder: ``codes`` and ``voice`` (-1: none yet) -> ``wav`` float32 ``[B, packet_samples]``.
Both also take ``state`` and give ``state_after``. They mirror :class:`codec.model.SecoustiModel`
line by line; a test holds the two together.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from torch import nn
from vector_quantize_pytorch import FSQ

from codec.model import Connector, Encoder, SecoustiModel, TokenHead
from codec.runtime.graph import FLOAT, INT64, Frames, Graph, StateLayout
from codec.runtime.layers import (
    array,
    causal_conv,
    convnext_stack,
    gelu,
    istft_head,
    layer_norm,
    lengthen,
    linear,
    log_mel,
    shorten,
)
from codec.semantic import SemanticVAE
from codec.voice import FORGET, RunningStatistics, VoiceCondition, VoiceEncoder


def encoder_graph(
    model: SecoustiModel, compact: bool = False
) -> tuple[onnx.ModelProto, StateLayout]:
    """The graph of :meth:`~codec.model.SecoustiModel.encode_step`."""
    g, rate = Graph(compact=compact), model.rate
    pcm = g.input("pcm", FLOAT, rate.packet_samples)
    mel = log_mel(g, model.mel, pcm, rate.packet_samples)
    codes = token_head(g, model.tokens, encoder(g, model.encoder, mel))
    g.output(codes, "codes", INT64, rate.tokens_per_packet)
    g.output(voice_encoder(g, model.voice_encoder, mel), "voice", INT64)
    return g.finish()


def decoder_graph(
    model: SecoustiModel, int8: bool, compact: bool = False
) -> tuple[onnx.ModelProto, StateLayout]:
    """The graph of :meth:`~codec.model.SecoustiModel.decode_step`."""
    g, rate = Graph(int8, compact), model.rate
    codes, voice_code = g.input("codes", INT64, rate.tokens_per_packet), g.input("voice", INT64)
    voice = voice_condition(g, model.voice_condition, voice_code)
    quantised = vectors(g, model.tokens.bottleneck.quantiser, codes, rate.tokens_per_packet)
    acoustic = connector(g, model.connector, quantised, voice)
    decoder = model.decoder
    trunk = convnext_stack(g, decoder.stack, linear(g, decoder.embed, acoustic), voice)
    g.output(istft_head(g, decoder.head, trunk), "wav", FLOAT, rate.packet_samples)
    return g.finish()


def encoder(g: Graph, module: Encoder, mel: Frames) -> Frames:
    frames = causal_conv(g, module.mix, shorten(g, module.shorten, mel))
    return convnext_stack(g, module.stack, frames)


def token_head(g: Graph, module: TokenHead, frames: Frames) -> str:
    if module.shorten is not None:
        frames = shorten(g, module.shorten, frames)
    return semantic_codes(g, module.bottleneck, convnext_stack(g, module.stack, frames))


def semantic_codes(g: Graph, module: SemanticVAE, x: Frames) -> str:
    mean = linear(g, module.to_mean, layer_norm(g, module.norm, x))
    return codes_of(g, module.quantiser, mean)


def connector(g: Graph, module: Connector, quantised: Frames, voice: Frames) -> Frames:
    x = convnext_stack(g, module.token_stack, linear(g, module.embed, quantised), voice)
    if module.lengthen is not None:
        x = lengthen(g, module.lengthen, x)
    return linear(g, module.project, convnext_stack(g, module.stack, x, voice))


def voice_encoder(g: Graph, module: VoiceEncoder, mel: Frames) -> str:
    frames = convnext_stack(g, module.stack, shorten(g, module.embed, mel))
    gate = g.op("Sigmoid", linear(g, module.gate, frames).name)
    x = statistics(g, module.statistics, frames, gate)
    return g.reshape(codes_of(g, module.quantiser, sequential(g, module.project, x)))


def statistics(g: Graph, module: RunningStatistics, x: Frames, gate: str) -> Frames:
    """Running mean and deviation as one frame ``[B, 1, 2C]``."""
    ages = np.arange(x.frames - 1, -1, -1)
    weight = g.op("Mul", gate, g.constant((FORGET**ages)[:, None]))
    first = g.op("Mul", weight, x.name)
    each = g.op("Concat", weight, first, g.op("Mul", first, x.name), axis=2)
    sums = g.op("ReduceSum", each, g.constant([1]), keepdims=1)
    past = g.past(module.state_key, 1, 1 + 2 * x.channels)
    sums = g.op("Add", sums, g.op("Mul", past, g.constant(FORGET**x.frames)))
    g.remember(module.state_key, sums)
    total, first, second = g.split(sums, [1, x.channels, x.channels], axis=2)
    total = g.op("Add", total, g.constant(1e-3))
    mean = g.op("Div", first, total)
    spread = g.op("Sub", g.op("Div", second, total), g.op("Mul", mean, mean))
    deviation = g.op("Sqrt", g.op("Max", spread, g.constant(1e-5)))
    return Frames(g.op("Concat", mean, deviation, axis=2), 1, 2 * x.channels)


def voice_condition(g: Graph, module: VoiceCondition, code: str) -> Frames:
    """Codewords ``[B]``, -1 where none has come yet -> condition ``[B, 1, cond]``."""
    column = g.reshape(code, 1)
    known = g.op("GreaterOrEqual", g.reshape(code, 1, 1), g.constant([0]))
    vector = vectors(g, module.quantiser, g.op("Max", column, g.constant([0])), 1)
    chosen = g.op("Where", known, vector.name, g.constant(array(module.unknown)))
    return sequential(g, module.project, Frames(chosen, 1, vector.channels))


def sequential(g: Graph, module: nn.Sequential, x: Frames) -> Frames:
    for layer in module:
        if isinstance(layer, nn.LayerNorm):
            x = layer_norm(g, layer, x)
        elif isinstance(layer, nn.Linear):
            x = linear(g, layer, x)
        else:
            assert isinstance(layer, nn.GELU)
            x = gelu(g, x, layer.approximate)
    return x


def codes_of(g: Graph, quantiser: FSQ, z: Frames) -> str:
    """FSQ: ``z`` ``[B, N, dims]`` -> codes int64 ``[B, N]``."""
    levels, basis = fsq_numbers(quantiser)
    raised = g.op("Add", g.op("Tanh", z.name), g.constant(1.0))
    scaled = g.op("Mul", g.op("Mul", raised, g.constant(levels - 1.0)), g.constant(0.5))
    digits = g.op("Floor", g.op("Add", scaled, g.constant(0.5)))
    # Exact in float32: the largest code is below 2^20.
    code = g.op("ReduceSum", g.op("Mul", digits, g.constant(1.0 * basis)), g.constant([2]))
    return g.reshape(g.op("Cast", code, to=INT64), z.frames)


def vectors(g: Graph, quantiser: FSQ, codes: str, count: int) -> Frames:
    """Codes int64 ``[B, count]`` -> vectors in [-1, 1] ``[B, count, dims]``."""
    levels, basis = fsq_numbers(quantiser)
    column = g.reshape(codes, count, 1)
    digits = g.op("Mod", g.op("Div", column, g.constant(basis)), g.constant(levels))
    scaled = g.op("Mul", g.op("Cast", digits, to=FLOAT), g.constant(2.0 / (levels - 1)))
    return Frames(g.op("Sub", scaled, g.constant(1.0)), count, len(levels))


def fsq_numbers(quantiser: FSQ) -> tuple[Any, Any]:
    """Levels and place values of each dimension, int64."""
    return array(quantiser._levels).astype(np.int64), array(quantiser._basis).astype(np.int64)
