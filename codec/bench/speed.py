"""How fast: seconds of work per second of speech, on one thread, ours and two peers in one run.

Ours is timed as it is used, one packet a step with streaming state. The peers' packages have no
streaming encoder, so theirs is timed twice, both times in their favour: the whole signal at once
for the real-time factor, and 80 ms pieces without any carried state for the time of a step. Weights
do not change the time, so the peers' are random.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from codec.codec import Codec
from codec.errors import SecoustiError
from codec.rates import SAMPLE_RATE_HZ

WARM_UP_STEPS = 5
PEER_STEP_MS = 80  # Mimi's frame; EnCodec gets pieces of the same length
PEERS = ("encodec", "mimi")
PARTS = ("encode", "decode", "both")


@dataclass(frozen=True)
class Steps:
    """Seconds of work per step in encoder and decoder, and the speech that one step carries."""

    step_ms: float
    encode: Sequence[float]
    decode: Sequence[float]

    def work(self, part: str) -> list[float]:
        """Seconds per step of ``encode``, ``decode`` or ``both``."""
        if part == "both":
            return [sum(pair) for pair in zip(self.encode, self.decode, strict=True)]
        return list(self.encode if part == "encode" else self.decode)

    def real_time_factor(self, part: str) -> float:
        """Seconds of work per second of speech."""
        return 1000 * float(np.mean(self.work(part))) / self.step_ms

    def percentile_ms(self, part: str, percent: float) -> float:
        """Milliseconds within which ``percent`` of the steps are done."""
        return 1000 * float(np.percentile(self.work(part), percent))


@dataclass(frozen=True)
class Timing:
    """One system: ``whole`` gives its real-time factor, ``steps`` the spread of single steps."""

    name: str
    parameters: int
    note: str
    whole: Steps
    steps: Steps


@contextmanager
def one_thread() -> Iterator[None]:
    """Run PyTorch on a single thread, whatever it is set to outside."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(before)


def time_codec(codec: Codec, seconds: int) -> Timing:
    """Time our codec packet by packet over ``seconds`` of a speech-like signal."""
    signal = speech_like(seconds, SAMPLE_RATE_HZ)
    pieces = signal[None].split(codec.rate.packet_samples, dim=1)[: _whole_steps(codec, signal)]
    encoder, decoder = codec.stream_encoder(1), codec.stream_decoder(1)
    steps = timed(
        pieces,
        codec.rate.packet_ms,
        lambda piece: encoder.step(piece, [0]),
        lambda packets: decoder.step(packets, [0]),
    )
    note = f"streaming, {codec.rate.packet_ms:g} ms packets"
    name = f"secousti-{codec.rate.name}"
    return Timing(name, codec.model.parameter_count(), note, whole=steps, steps=steps)


def time_peer(name: str, seconds: int) -> Timing:
    """Time the code of EnCodec or Mimi with random weights, at 1.5 and 1.1 kbps.

    Raises :class:`SecoustiError` for another name or without the package transformers.
    """
    if name not in PEERS:
        raise SecoustiError(f"unknown peer {name!r}: choose from {', '.join(PEERS)}")
    try:
        model, settings, note = _encodec() if name == "encodec" else _mimi()
    except ImportError:
        raise SecoustiError(f"{name} skipped: pip install transformers") from None
    signal = speech_like(seconds, model.config.sampling_rate)[None, None]

    def decode(sent: Any) -> Tensor:
        scales = (sent.audio_scales,) if name == "encodec" else ()
        decoded: Tensor = model.decode(sent.audio_codes, *scales)[0]
        return decoded

    def run(pieces: Sequence[Tensor], step_ms: float) -> Steps:
        return timed(pieces, step_ms, lambda piece: model.encode(piece, **settings), decode)

    step_samples = model.config.sampling_rate * PEER_STEP_MS // 1000
    steps = run(signal.split(step_samples, dim=2)[: 1000 * seconds // PEER_STEP_MS], PEER_STEP_MS)
    parameters = sum(weight.numel() for weight in model.parameters())
    return Timing(name, parameters, note, run([signal], 1000 * seconds), steps)


def timed(
    pieces: Sequence[Tensor],
    step_ms: float,
    encode: Callable[[Tensor], Any],
    decode: Callable[[Any], Tensor],
) -> Steps:
    """Encode and decode each piece; the first few are run once before, untimed."""
    for piece in pieces[:WARM_UP_STEPS]:
        decode(encode(piece))
    encoding, decoding = [], []
    for piece in pieces:
        start = time.perf_counter()
        sent = encode(piece)
        between = time.perf_counter()
        decode(sent)
        encoding.append(between - start)
        decoding.append(time.perf_counter() - between)
    return Steps(step_ms, encoding, decoding)


def speech_like(seconds: int, rate_hz: int) -> Tensor:
    """Noise ``[seconds * rate_hz]`` that swells and fades four times a second, as syllables do."""
    draw = torch.Generator().manual_seed(0)
    at = torch.arange(seconds * rate_hz) / rate_hz
    return 0.1 * torch.randn(len(at), generator=draw) * torch.sin(4 * torch.pi * at).square()


def _whole_steps(codec: Codec, signal: Tensor) -> int:
    return len(signal) // codec.rate.packet_samples


def _encodec() -> tuple[Any, dict[str, Any], str]:
    from transformers import EncodecConfig, EncodecModel

    model = _without_weight_norm(EncodecModel(EncodecConfig()))
    return model, {"bandwidth": 1.5}, "EnCodec 24 kHz at 1.5 kbps, random weights, no weight norm"


def _mimi() -> tuple[Any, dict[str, Any], str]:
    from transformers import MimiConfig, MimiModel

    model = MimiModel(MimiConfig()).eval()
    return model, {"num_quantizers": 8}, "Mimi 24 kHz at 1.1 kbps, random weights"


def _without_weight_norm(model: torch.nn.Module) -> torch.nn.Module:
    """Fold weight normalisation into plain weights, as one would for inference."""
    from torch.nn.utils import parametrize

    for module in model.eval().modules():
        if parametrize.is_parametrized(module):
            parametrize.remove_parametrizations(module, "weight")
    return model
