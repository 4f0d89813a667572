"""The codec as a user meets it: whole signals in, tokens out, and back."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from codec.errors import SecoustiError
from codec.model import SecoustiModel
from codec.packets import Packet, pack, unpack
from codec.rates import DELAY_SAMPLES, Rate, rate_named
from codec.stream import StreamDecoder, StreamEncoder, require_finite
from codec.tokens import Tokens, tokens_needed
from codec.weights import load_weights, packaged_weights


class Codec:
    """One operating point with its weights. Whole-signal calls run the streaming steps themselves,
    so a streamed call and a whole file give the same bits.
    """

    def __init__(self, model: SecoustiModel) -> None:
        self.model = model.eval().requires_grad_(False)

    @property
    def rate(self) -> Rate:
        return self.model.rate

    def stream_encoder(self, slots: int = 1) -> StreamEncoder:
        return StreamEncoder(self.model, slots)

    def stream_decoder(self, slots: int = 1) -> StreamDecoder:
        return StreamDecoder(self.model, slots)

    def encode(self, wav: Tensor) -> Tokens:
        """Float32 ``[T]`` or ``[B, T]`` at 16 kHz -> :class:`Tokens`.

        Raises :class:`SecoustiError` for an empty signal, NaN or infinity.
        """
        if wav.numel() == 0:
            raise SecoustiError("the audio is empty: give at least one sample")
        batch = require_finite(wav.reshape(-1, wav.shape[-1]).float())
        samples = batch.shape[1]
        wanted = tokens_needed(self.rate.name, samples)
        packets = -(-wanted // self.rate.tokens_per_packet)
        padded = F.pad(batch, (0, packets * self.rate.packet_samples - samples))
        encoder = self.stream_encoder(len(batch))
        rows = range(len(batch))
        stream = [
            encoder.step(piece, rows) for piece in torch.split(padded, self.rate.packet_samples, 1)
        ]
        content = [[unpack(self.rate, k, step[b]) for k, step in enumerate(stream)] for b in rows]
        codes = [[code for p in signal for code in p.codes][:wanted] for signal in content]
        voice = [[p.voice for p in signal if p.voice is not None] for signal in content]
        return Tokens(torch.tensor(codes), _codewords(voice), self.rate.name, samples)

    def decode(self, tokens: Tokens) -> Tensor:
        """:class:`Tokens` -> float32 ``[B, tokens.samples]``, the codec's delay compensated.

        Raises :class:`SecoustiError` when the tokens belong to the other rate.
        """
        if tokens.rate != self.rate.name:
            raise SecoustiError(f"tokens of rate {tokens.rate} given to the {self.rate.name} codec")
        decoder = self.stream_decoder(tokens.codes.shape[0])
        rows = range(tokens.codes.shape[0])
        signals = [packets_of(tokens, b) for b in rows]
        pieces = [decoder.step(step, rows) for step in zip(*signals, strict=True)]
        wav = torch.cat(pieces, dim=1)[:, DELAY_SAMPLES : DELAY_SAMPLES + tokens.samples]
        return F.pad(wav, (0, tokens.samples - wav.shape[1]))


def packets_of(tokens: Tokens, signal: int = 0) -> list[bytes]:
    """The packets of one signal of the batch; the last is filled up with its last token."""
    rate = rate_named(tokens.rate)
    codes = tokens.codes[signal].tolist()
    codes += codes[-1:] * (-len(codes) % rate.tokens_per_packet)
    voice = iter(tokens.voice[signal].tolist())
    packets = []
    for index, at in enumerate(range(0, len(codes), rate.tokens_per_packet)):
        carried = next(voice) if rate.carries_voice(index) else None
        content = Packet(tuple(codes[at : at + rate.tokens_per_packet]), carried)
        packets.append(pack(rate, index, content))
    return packets


def load_codec(rate: str, weights: Path | None = None) -> Codec:
    """The codec of ``rate`` with its packaged weights, or those of a safetensors file.

    Raises :class:`SecoustiError` for an unknown rate and for missing or foreign weights.
    """
    chosen = rate_named(rate)
    model = SecoustiModel(chosen)
    load_weights(model, weights or packaged_weights(chosen))
    return Codec(model)


def _codewords(voice: list[list[int]]) -> Tensor:
    return torch.tensor(voice, dtype=torch.int64).reshape(len(voice), -1)
