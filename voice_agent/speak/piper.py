"""A Piper voice: a VITS network cut in two, so that speech starts before its sentence is decoded.

The front half (text encoder, durations, flow) runs once a sentence and gives latent frames; the
back half (a HiFi-GAN decoder) takes most of the time and is run on runs of frames. A run is decoded
with neighbour frames on both sides, as many as its filters reach, and is exact then.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray
from onnx.utils import Extractor

from codec.errors import SecoustiError

CONTEXT_FRAMES = 10  # measured on the joe voice: 8 frames leave -69 dB of error, 10 none
RUN_FRAMES = (24, 48, 96)  # 0.28 s first, to be heard early; longer runs waste less on context
NOISE_SCALE = 0.667  # Piper's published defaults: variation of sound and of rhythm
NOISE_WIDTH = 0.8


class PiperVoice:
    """One voice, shared by all calls. Thread-safe."""

    def __init__(
        self,
        front: onnxruntime.InferenceSession,
        decoder: onnxruntime.InferenceSession,
        config: dict[str, Any],
    ) -> None:
        self._front = front
        self._decoder = decoder
        self._ids: dict[str, list[int]] = config["phoneme_id_map"]
        self.sample_rate_hz = int(config["audio"]["sample_rate"])

    @classmethod
    def load(cls, model_path: Path, config_path: Path, threads: int) -> PiperVoice:
        """Load and cut a voice; raises :class:`SecoustiError` for other files."""
        try:
            config = json.loads(config_path.read_text(encoding="utf-8"))
            front, decoder = _cut(onnx.load(model_path))
            return cls(_session(front, threads), _session(decoder, threads), config)
        except (OSError, ValueError, KeyError, TypeError, DecodeError) as error:
            raise SecoustiError(
                f"{model_path} is not a Piper voice that can be used ({error}): "
                "expected a VITS .onnx file with its .onnx.json beside it"
            ) from error

    def speak(self, phonemes: str, pace: float) -> Iterator[NDArray[np.float32]]:
        """Speech of one sentence in runs, float32 ``[T]`` at ``sample_rate_hz``."""
        frames = self._frames(phonemes, pace)
        total = frames.shape[2]
        at = 0
        for length in chain(RUN_FRAMES, repeat(RUN_FRAMES[-1])):
            if at >= total:
                return
            yield self._run(frames, at, min(at + length, total))
            at += length

    def _frames(self, phonemes: str, pace: float) -> NDArray[np.float32]:
        """Latent frames ``[1, 192, frames]`` of a sentence."""
        ids = self._phoneme_ids(phonemes)
        inputs = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array([NOISE_SCALE, pace, NOISE_WIDTH], np.float32),
        }
        if any(given.name == "sid" for given in self._front.get_inputs()):
            inputs["sid"] = np.zeros(1, np.int64)
        frames: NDArray[np.float32] = self._front.run(None, inputs)[0]
        return frames

    def _run(self, frames: NDArray[np.float32], start: int, stop: int) -> NDArray[np.float32]:
        """Speech of frames ``start:stop``."""
        first = max(0, start - CONTEXT_FRAMES)
        piece = frames[:, :, first : stop + CONTEXT_FRAMES]
        name = self._decoder.get_inputs()[0].name
        wave: NDArray[np.float32] = self._decoder.run(None, {name: piece})[0].reshape(-1)
        hop = wave.size // piece.shape[2]
        return wave[(start - first) * hop : (stop - first) * hop]

    def _phoneme_ids(self, phonemes: str) -> list[int]:
        """Ids with Piper's padding between them; a symbol the voice does not know is left out."""
        pad = self._ids["_"]
        ids = [*self._ids["^"], *pad]
        for symbol in phonemes:
            if symbol in self._ids:
                ids += [*self._ids[symbol], *pad]
        return [*ids, *self._ids["$"]]


def _cut(model: onnx.ModelProto) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """The front half and the decoder of a VITS graph, parted before the decoder's first layer."""
    between = next(
        (node.input[0] for node in model.graph.node if "dec.conv_pre.weight" in node.input), None
    )
    if between is None:
        raise ValueError("the graph has no decoder layer named dec.conv_pre")
    parts = Extractor(model)
    inputs = [given.name for given in model.graph.input]
    outputs = [given.name for given in model.graph.output]
    return parts.extract_model(inputs, [between]), parts.extract_model([between], outputs)


def _session(model: onnx.ModelProto, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only: the runtime warns of harmless shape guesses
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
