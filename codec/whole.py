"""Whole signals of any length, a packet at a time: memory grows by the tokens alone.

The steps are those of a live stream, so that a streamed call and a whole file give the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from codec.errors import SecoustiError
from codec.rates import DELAY_SAMPLES, Rate
from codec.runtime.backend import Backend
from codec.stream import NO_VOICE
from codec.tokens import Tokens, tokens_needed


class WholeEncoder:
    """Takes a signal, or a batch of equally long ones, block by block and gives its tokens."""

    def __init__(self, backend: Backend, rate: Rate, batch: int = 1) -> None:
        self._network, self._rate, self._rows = backend.encoder(batch), rate, range(batch)
        self._rest = torch.zeros(batch, 0)
        self._codes: list[Tensor] = []
        self._voice: list[Tensor] = []
        self._samples = self._packets = 0

    def push(self, block: Tensor) -> None:
        """The next float32 ``[B, T]`` (or ``[T]``, of one signal) at 16 kHz, T of any size.

        Raises :class:`SecoustiError` for NaN or infinity.
        """
        block = require_finite(block.reshape(len(self._rows), -1).float())
        self._samples += block.shape[1]
        self._step(torch.cat([self._rest, block], dim=1))

    def finish(self) -> Tokens:
        """The tokens of all that was pushed; raises :class:`SecoustiError` if that was nothing."""
        if not self._samples:
            raise SecoustiError("the audio is empty: give at least one sample")
        count = tokens_needed(self._rate.name, self._samples)
        packets = -(-count // self._rate.tokens_per_packet) - self._packets
        silence = packets * self._rate.packet_samples - self._rest.shape[1]
        self._step(F.pad(self._rest, (0, silence)))
        voice = torch.stack(self._voice, dim=1) if self._voice else torch.zeros(len(self._rows), 0)
        codes = torch.cat(self._codes, dim=1)[:, :count]
        return Tokens(codes, voice.long(), self._rate.name, self._samples)

    def _step(self, wav: Tensor) -> None:
        """Codes the whole packets of ``wav`` and keeps the rest."""
        size = self._rate.packet_samples
        starts = range(0, wav.shape[1] - size + 1, size)
        pieces = [wav[:, at : at + size].contiguous() for at in starts]
        self._rest = wav[:, size * len(pieces) :].clone()
        steps = [self._network.step(piece, self._rows) for piece in pieces]
        for index, (_, voice) in enumerate(steps, self._packets):
            if self._rate.carries_voice(index):
                self._voice.append(voice)
        self._packets += len(steps)
        if steps:  # joined at once: a tensor for each packet of hours would fill the memory
            self._codes.append(torch.cat([codes for codes, _ in steps], dim=1))


def decoded_blocks(backend: Backend, rate: Rate, tokens: Tokens) -> Iterator[Tensor]:
    """``tokens`` as float32 blocks ``[B, up to packet_samples]``, ``tokens.samples`` in all.

    The codec's delay is taken out.
    """
    batch, count = tokens.codes.shape
    network, voices = backend.decoder(batch), iter(tokens.voice.T)
    voice = torch.full((batch,), NO_VOICE)
    filled = -count % rate.tokens_per_packet  # the last packet repeats the last token
    codes = torch.cat([tokens.codes, tokens.codes[:, -1:].expand(batch, filled)], dim=1)
    begin, end = -DELAY_SAMPLES, tokens.samples
    for index, packet in enumerate(torch.split(codes, rate.tokens_per_packet, dim=1)):
        voice = next(voices) if rate.carries_voice(index) else voice
        wav = network.step(packet.contiguous(), voice.contiguous(), range(batch))
        yield wav[:, max(0, -begin) : max(0, end - begin)]
        begin += wav.shape[1]


def require_finite(wav: Tensor) -> Tensor:
    """``wav`` itself; raises :class:`SecoustiError` when it carries NaN or infinity."""
    if not torch.isfinite(wav).all():
        raise SecoustiError("the audio carries NaN or infinite samples: repair it before encoding")
    return wav
