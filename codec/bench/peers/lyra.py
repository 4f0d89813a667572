"""Lyra V2 (Google, 2022) from its three tflite files, run with ``ai-edge-litert``."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from codec.bench.metrics.intrusive import Wave
from codec.bench.peers.base import Coded, PeerMissingError, undelayed
from codec.errors import SecoustiError
from codec.rates import SAMPLE_RATE_HZ

FRAME_SAMPLES = 320
CODEBOOKS = 46
CODEBOOK_BITS = 4
UNUSED = -1
CODEBOOKS_OF_KBPS = {"3.2": 16, "6": 30, "9.2": 46}
DELAY_SAMPLES = 0  # measured by correlation: nothing beyond the frame itself
FILES = ("soundstream_encoder.tflite", "quantizer.tflite", "lyragan.tflite")


def lyra_systems(folder: Path | None) -> list[Lyra]:
    """Lyra V2 at 3.2, 6 and 9.2 kbps from the weights in ``folder``.

    Raises :class:`PeerMissingError` without the runtime or when no folder was named, and
    :class:`SecoustiError` when the folder lacks a file.
    """
    if folder is None:
        raise PeerMissingError("no Lyra weights were named: give --lyra DIR with its tflite files")
    if importlib.util.find_spec("ai_edge_litert") is None:
        raise PeerMissingError("ai_edge_litert is not installed: pip install ai-edge-litert")
    for file in FILES:
        if not (folder / file).is_file():
            raise SecoustiError(f"--lyra: {folder} has no {file}, expected {', '.join(FILES)}")
    return [Lyra(folder, kbps) for kbps in CODEBOOKS_OF_KBPS]


@dataclass(frozen=True)
class Lyra:
    """One rate of Lyra V2: the first 16, 30 or 46 of its codebooks, 4 bits each, every 20 ms."""

    folder: Path
    kbps: str
    family: str = "Lyra V2"
    streaming: bool = True
    delay_samples: int = DELAY_SAMPLES
    sample_rate_hz: int = SAMPLE_RATE_HZ
    note: str = "ai-edge-litert"

    @property
    def name(self) -> str:
        return f"lyra-{self.kbps}"

    def code(self, wave: Wave) -> Coded:
        """See :meth:`codec.bench.peers.base.System.code`."""
        encode, quantise, dequantise, decode = self._fresh_networks()
        codebooks = CODEBOOKS_OF_KBPS[self.kbps]
        count = -(-(len(wave) + self.delay_samples) // FRAME_SAMPLES)
        padded = np.pad(wave, (0, count * FRAME_SAMPLES - len(wave)))
        decoded = []
        for frame in padded.reshape(count, 1, FRAME_SAMPLES):
            features = encode(input_audio=frame)["output_0"]
            indices = quantise(input_frames=features, num_quantizers=np.int32(codebooks))
            sent = np.full((CODEBOOKS, 1, 1), UNUSED, dtype=np.int32)
            sent[:codebooks] = indices["output_0"][:codebooks]
            restored = dequantise(encoding_indices=sent)["output_0"]
            decoded.append(decode(input_audio=restored)["output_0"].ravel())
        spoken = undelayed(np.concatenate(decoded), self.delay_samples, len(wave))
        return Coded(spoken, count * codebooks * CODEBOOK_BITS)

    def _fresh_networks(self) -> tuple[Any, Any, Any, Any]:
        """Encoder, quantiser, its inverse and decoder, with their memories empty."""
        from ai_edge_litert.interpreter import Interpreter

        encoder, quantiser, decoder = (
            Interpreter(str(self.folder / file), num_threads=1) for file in FILES
        )
        return (
            encoder.get_signature_runner(),
            quantiser.get_signature_runner("encode"),
            quantiser.get_signature_runner("decode"),
            decoder.get_signature_runner(),
        )
