"""The codec as a user meets it: whole signals in, tokens out, and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from codec.errors import SecoustiError
from codec.model import SecoustiModel
from codec.packets import Packet, pack
from codec.rates import SAMPLE_RATE_HZ, Rate, rate_named
from codec.runtime.backend import Backend, open_backend
from codec.stream import StreamDecoder, StreamEncoder
from codec.tokens import Tokens
from codec.weights import load_weights, packaged_weights
from codec.whole import WholeEncoder, decoded_blocks


class Codec:
    """One operating point with its weights. Whole-signal calls run the streaming steps themselves,
    so a streamed call and a whole file give the same bits.

    ``backend`` and ``device`` as in :func:`codec.runtime.backend.open_backend`; by itself the
    training graph, which needs nothing but PyTorch.
    """

    def __init__(self, model: SecoustiModel, backend: str = "torch", device: str = "cpu") -> None:
        self.model = model.eval().requires_grad_(False)
        self.backend: Backend = open_backend(model, backend, device)

    @property
    def rate(self) -> Rate:
        return self.model.rate

    def stream_encoder(self, slots: int = 1) -> StreamEncoder:
        return StreamEncoder(self.backend.encoder(slots), self.rate, slots)

    def stream_decoder(self, slots: int = 1) -> StreamDecoder:
        return StreamDecoder(self.backend.decoder(slots), self.rate, slots)

    def whole_encoder(self, batch: int = 1) -> WholeEncoder:
        """For signals too long to hold: takes them block by block."""
        return WholeEncoder(self.backend, self.rate, batch)

    def encode(self, wav: Tensor) -> Tokens:
        """Float32 ``[T]`` or ``[B, T]`` at 16 kHz -> :class:`Tokens`.

        Raises :class:`SecoustiError` for an empty signal, NaN or infinity.
        """
        batch = wav.reshape(-1, wav.shape[-1]) if wav.numel() else wav.reshape(1, 0)
        encoder = self.whole_encoder(len(batch))
        for block in torch.split(batch, SAMPLE_RATE_HZ, dim=1):
            encoder.push(block)
        return encoder.finish()

    def decode(self, tokens: Tokens) -> Tensor:
        """:class:`Tokens` -> float32 ``[B, tokens.samples]``, the codec's delay compensated.

        Raises :class:`SecoustiError` when the tokens belong to the other rate.
        """
        wav = torch.cat(list(self.decode_blocks(tokens)), dim=1)
        return F.pad(wav, (0, tokens.samples - wav.shape[1]))

    def decode_blocks(self, tokens: Tokens) -> Iterator[Tensor]:
        """As :meth:`decode`, in blocks ``[B, T]`` of up to one packet: for long signals."""
        if tokens.rate != self.rate.name:
            raise SecoustiError(f"tokens of rate {tokens.rate} given to the {self.rate.name} codec")
        return decoded_blocks(self.backend, self.rate, tokens)


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


def load_codec(
    rate: str, weights: Path | None = None, backend: str = "auto", device: str = "cpu"
) -> Codec:
    """The codec of ``rate`` with its packaged weights, or those of a safetensors file.

    ``backend`` and ``device`` as in :func:`codec.runtime.backend.open_backend`. Raises
    :class:`SecoustiError` for an unknown rate, missing or foreign weights, and a backend or device
    that is not there.
    """
    chosen = rate_named(rate)
    model = SecoustiModel(chosen)
    load_weights(model, weights or packaged_weights(chosen))
    return Codec(model, backend, device)
