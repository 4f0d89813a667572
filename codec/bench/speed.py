"""How fast: seconds of work per second of speech, on one thread, ours and two peers in one run.

Each system is timed twice. *Whole*: a long signal in one call. *Steps*: piece by piece, as a live
call is coded; ours carries its streaming state, while the peers' packages have no streaming encoder
and get pieces of 80 ms without any state, which spares them some work. Weights do not change the
time, so the peers' are random.

Work is the processor time of the one thread, where the system can tell it: what else runs on the
machine does not count, but for the caches it empties.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from codec.codec import Codec
from codec.errors import SecoustiError
from codec.rates import SAMPLE_RATE_HZ

WARM_UP_STEPS = 2
WHOLE_RUNS = 3
FEWEST_STEPS = 5
PEER_STEP_MS = 80  # Mimi's frame; EnCodec gets pieces of the same length
PARTS = ("encode", "decode", "both")
BATCHES = (1, 8, 32)  # callers in one step
FINE_S = 1e-5  # a clock must tell steps of a millisecond apart
BY_PROCESSOR = time.get_clock_info("thread_time").resolution < FINE_S
clock: Callable[[], float] = time.thread_time if BY_PROCESSOR else time.perf_counter


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
        """Seconds of work per second of speech, by the median step."""
        return 1000 * float(np.median(self.work(part))) / self.step_ms

    def percentile_ms(self, part: str, percent: float) -> float:
        """Milliseconds within which ``percent`` of the steps are done."""
        return 1000 * float(np.percentile(self.work(part), percent))


@dataclass(frozen=True)
class Timing:
    """One system, the whole signal in one call and in steps.

    ``streams`` says for ours how many callers one core could carry, both directions, by the number
    of callers in a step.
    """

    name: str
    parameters: int
    note: str
    whole: Steps
    steps: Steps
    streams: Mapping[int, float] = field(default_factory=dict)


@contextmanager
def one_thread() -> Iterator[None]:
    """Run PyTorch on a single thread, whatever it is set to outside."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def time_codec(codec: Codec, seconds: int) -> Timing:
    """Time our codec over ``seconds`` of a speech-like signal; a step is one packet."""
    packet_ms, backend = codec.rate.packet_ms, codec.backend.name
    pieces = cut(speech_like(seconds, SAMPLE_RATE_HZ)[None], codec.rate.packet_samples)
    signal = torch.cat(pieces, dim=1)
    whole = timed([signal] * WHOLE_RUNS, packet_ms * len(pieces), codec.encode, codec.decode)
    steps = {batch: time_steps(codec, pieces, batch) for batch in BATCHES}
    return Timing(
        name=f"secousti-{codec.rate.name}" + ("" if backend == "onnx" else f" ({backend})"),
        parameters=codec.model.parameter_count(),
        note=f"streaming, {packet_ms:g} ms packets, {backend}",
        whole=whole,
        steps=steps[1],
        streams={batch: batch / each.real_time_factor("both") for batch, each in steps.items()},
    )


def time_steps(codec: Codec, pieces: Sequence[Tensor], batch: int) -> Steps:
    """Time steps that take one packet of each of ``batch`` callers; fewer for larger batches."""
    encoder, decoder = codec.stream_encoder(batch), codec.stream_decoder(batch)
    rows = range(batch)
    return timed(
        [piece.repeat(batch, 1) for piece in pieces[: max(FEWEST_STEPS, len(pieces) // batch)]],
        codec.rate.packet_ms,
        lambda piece: encoder.step(piece, rows),
        lambda packets: decoder.step(packets, rows),
    )


def time_peer(name: str, seconds: int) -> Timing:
    """Time the code of EnCodec or Mimi with random weights, at 1.5 and 1.1 kbps.

    Raises :class:`SecoustiError` for another name or without the package transformers.
    """
    if name not in PEERS:
        raise SecoustiError(f"unknown peer {name!r}: choose from {', '.join(PEERS)}")
    try:
        peer = PEERS[name]()
    except ImportError:
        raise SecoustiError(f"{name} skipped: pip install transformers") from None
    rate_hz = peer.model.config.sampling_rate
    signal = speech_like(seconds, rate_hz)[None, None]
    pieces = cut(signal, rate_hz * PEER_STEP_MS // 1000)
    steps = timed(pieces, PEER_STEP_MS, peer.encode, peer.decode)
    whole = timed([signal] * WHOLE_RUNS, 1000 * seconds, peer.encode, peer.decode)
    return Timing(name, peer.model.num_parameters(), peer.note, whole, steps)


@torch.inference_mode()
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
        start = clock()
        sent = encode(piece)
        between = clock()
        decode(sent)
        encoding.append(between - start)
        decoding.append(clock() - between)
    return Steps(step_ms, encoding, decoding)


def speech_like(seconds: int, rate_hz: int) -> Tensor:
    """Noise ``[seconds * rate_hz]`` that swells and fades four times a second, as syllables do."""
    draw = torch.Generator().manual_seed(0)
    at = torch.arange(seconds * rate_hz) / rate_hz
    return 0.1 * torch.randn(len(at), generator=draw) * torch.sin(4 * torch.pi * at).square()


def cut(signal: Tensor, samples: int) -> list[Tensor]:
    """``signal`` ``[..., T]`` in whole pieces ``[..., samples]``; what is left over is dropped."""
    starts = range(0, signal.shape[-1] - samples + 1, samples)
    return [signal[..., start : start + samples] for start in starts]


@dataclass(frozen=True)
class _Peer:
    """A network with random weights and how to call it: ``[1, 1, T]`` -> codes -> waveform."""

    model: Any
    encode: Callable[[Tensor], Any]
    decode: Callable[[Any], Tensor]
    note: str


def _encodec() -> _Peer:
    """EnCodec with its weight normalisation folded into plain weights, as one would to run it."""
    from torch.nn.utils import parametrize
    from transformers import EncodecConfig, EncodecModel

    model: Any = EncodecModel(EncodecConfig())
    model.eval()
    for module in model.modules():
        if parametrize.is_parametrized(module):
            parametrize.remove_parametrizations(module, "weight")
    return _Peer(
        model,
        lambda piece: model.encode(piece, bandwidth=1.5),
        lambda sent: model.decode(sent.audio_codes, sent.audio_scales)[0],
        "EnCodec 24 kHz at 1.5 kbps, random weights",
    )


def _mimi() -> _Peer:
    from transformers import MimiConfig, MimiModel

    model: Any = MimiModel(MimiConfig())
    model.eval()
    return _Peer(
        model,
        lambda piece: model.encode(piece, num_quantizers=8),
        lambda sent: model.decode(sent.audio_codes)[0],
        "Mimi 24 kHz at 1.1 kbps, random weights",
    )


PEERS: Mapping[str, Callable[[], _Peer]] = {"encodec": _encodec, "mimi": _mimi}
