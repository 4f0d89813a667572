"""Lost packets: a stream decoder that can be told "this one did not come" and stays in step.

On a reliable carrier nothing is ever lost and this file is not needed. On a lossy one the carrier
must say *which* packet is missing (RTP's sequence number, for example); a packet's place in the
stream is then known, and with it whether it begins with a voice codeword. So a lost packet is one
call with ``None`` where its bytes would be: the packet count goes on, the voice stays what it was
until the next codeword (at most 1.28 s later), and the decoder is fed the tokens that the prior of
:mod:`codec.entropy` holds most likely. It needs nothing of the decoder but its public ``step`` and
``reset``, so that every backend is concealed alike. After a tenth of a second the made-up speech
fades out: what it would have been, nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codec.codec import Codec
from codec.entropy.prior import RECEPTIVE_TOKENS, UNKNOWN, Ints, Prior, prior_of
from codec.entropy.shares import codes_of, digits_of
from codec.packets import Packet, pack, unpack
from codec.rates import DELAY_SAMPLES, SAMPLE_RATE_HZ, Rate
from codec.stream import StreamEncoder
from codec.voice import VOICE_LEVELS

Continue: TypeAlias = Callable[[Ints, Ints, int], Ints]
"""Digits of past tokens ``[T, D]``, of the voice ``[8]`` (-1: unknown), count -> ``[count, D]``."""


class Decoding(Protocol):
    """What is asked of the decoder inside; :class:`codec.stream.StreamDecoder` has it."""

    def step(self, packets: Sequence[bytes], slots: Sequence[int]) -> Tensor: ...
    def reset(self, slot: int, keep_voice: bool = False) -> None: ...


@dataclass(frozen=True)
class Fade:
    """Made-up speech is whole until ``start_ms``, gone at ``end_ms``, back within ``rise_ms``."""

    start_ms: float = 100.0
    end_ms: float = 220.0
    rise_ms: float = 15.0

    def move(self, at_ms: float, lost: bool, samples: int) -> NDArray[np.float64]:
        """Places ``[samples]`` on the way from whole (0) to gone (``end_ms``), after ``at_ms``."""
        passed = 1000 * np.arange(1, samples + 1) / SAMPLE_RATE_HZ
        if lost:
            return np.minimum(at_ms + passed, self.end_ms)
        return np.maximum(at_ms - passed * self.end_ms / self.rise_ms, 0)

    def gain(self, at_ms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Amplitude 1 to 0 at each place, without a corner that could be heard as a click."""
        left = np.clip((self.end_ms - at_ms) / (self.end_ms - self.start_ms), 0, 1)
        return np.sin(np.pi / 2 * left) ** 2


@dataclass
class _Heard:
    """One slot: where its stream stands and what the prior needs to go on from there."""

    index: int = 0
    codes: list[int] = field(default_factory=list)  # of the last tokens, oldest first
    voice: int | None = None
    lost_last: bool = False
    fade_at_ms: float = 0.0


class LossyDecoder:
    """Packets, some of them ``None``, -> waveform, for independent slots of ``decoder``."""

    def __init__(
        self,
        decoder: Decoding,
        prior: Prior,
        go_on: Continue | None = None,
        fade: Fade | None = None,
    ) -> None:
        self._decoder, self._prior = decoder, prior
        self._go_on = go_on or most_likely(prior)
        self._fade = fade or Fade()
        self._slots: dict[int, _Heard] = {}

    @property
    def rate(self) -> Rate:
        return self._prior.rate

    def step(self, packets: Sequence[bytes | None], slots: Sequence[int]) -> Tensor:
        """Waveform float32 ``[A, packet_samples]`` of one packet, or of its loss, in each slot.

        Raises :class:`codec.errors.SecoustiError`, before any state changes, when a packet has a
        wrong length.
        """
        content = [
            self._guess(self._slot(slot)) if data is None else self._unpack(slot, data)
            for slot, data in zip(slots, packets, strict=True)
        ]
        sent = [
            pack(self.rate, self._slot(slot).index, packet) if data is None else data
            for slot, packet, data in zip(slots, content, packets, strict=True)
        ]
        wav = self._decoder.step(sent, slots)
        gains = [
            self._advance(self._slot(slot), packet, data is None)
            for slot, packet, data in zip(slots, content, packets, strict=True)
        ]
        if all(gain is None for gain in gains):
            return wav
        whole = np.ones(self.rate.packet_samples)
        scale = np.stack([whole if gain is None else gain for gain in gains])
        return wav * torch.from_numpy(scale).to(wav.dtype)

    def conceal(self, slots: Sequence[int]) -> Tensor:
        """One lost packet in each of ``slots``: float32 ``[A, packet_samples]``."""
        return self.step([None] * len(slots), slots)

    def reset(self, slot: int, keep_voice: bool = False) -> None:
        """A fresh stream in ``slot``; ``keep_voice`` goes on with the last voice codeword."""
        voice = self._slot(slot).voice if keep_voice else None
        self._decoder.reset(slot, keep_voice)
        self._slots[slot] = _Heard(voice=voice)

    def _slot(self, slot: int) -> _Heard:
        return self._slots.setdefault(slot, _Heard())

    def _unpack(self, slot: int, data: bytes) -> Packet:
        return unpack(self.rate, self._slot(slot).index, data)

    def _guess(self, heard: _Heard) -> Packet:
        """What the lost packet most likely held, in the form that its place asks for."""
        past = digits_of(np.array(heard.codes, np.int64), self._prior.digits)
        voice = np.full(len(VOICE_LEVELS), UNKNOWN)
        if heard.voice is not None:
            voice = digits_of(np.array(heard.voice), len(VOICE_LEVELS))
        codes = codes_of(self._go_on(past, voice, self.rate.tokens_per_packet))
        codeword = None
        if self.rate.carries_voice(heard.index):
            codeword = self._first_voice() if heard.voice is None else heard.voice
        return Packet(tuple(codes.tolist()), codeword)

    def _first_voice(self) -> int:
        """The commonest voice, for a stream whose first codeword is lost."""
        levels = [self._prior.voice_shares(d, UNKNOWN).argmax() for d in range(len(VOICE_LEVELS))]
        return int(codes_of(np.array(levels)))

    def _advance(self, heard: _Heard, packet: Packet, lost: bool) -> NDArray[np.float64] | None:
        """Moves on by one packet; returns the gain ``[packet_samples]`` of what comes out now, or
        None where all of it is whole, as it nearly always is.

        The decoder is 40 ms behind its input, so the first samples still belong to the packet
        before this one.
        """
        heard.index += 1
        heard.voice = heard.voice if packet.voice is None else packet.voice
        heard.codes = [*heard.codes, *packet.codes][-RECEPTIVE_TOKENS:]
        if not (lost or heard.lost_last or heard.fade_at_ms):
            return None
        places = np.empty(0)
        for was_lost, samples in (
            (heard.lost_last, DELAY_SAMPLES),
            (lost, self.rate.packet_samples - DELAY_SAMPLES),
        ):
            places = np.append(places, self._fade.move(heard.fade_at_ms, was_lost, samples))
            heard.fade_at_ms = float(places[-1])
        heard.lost_last = lost
        return self._fade.gain(places)


class ConcealingCodec:
    """A codec as a server needs it: its stream decoders take None where a packet is lost."""

    def __init__(self, codec: Codec) -> None:
        self._codec, self._prior = codec, prior_of(codec.rate.name)

    def stream_encoder(self, slots: int = 1) -> StreamEncoder:
        return self._codec.stream_encoder(slots)

    def stream_decoder(self, slots: int = 1) -> LossyDecoder:
        return LossyDecoder(self._codec.stream_decoder(slots), self._prior)


def most_likely(prior: Prior) -> Continue:
    """Goes on with the likeliest level of every digit, each given those before it."""

    def go_on(past: Ints, voice: Ints, count: int) -> Ints:
        before = np.concatenate([np.full((1, prior.digits), UNKNOWN), past])[-RECEPTIVE_TOKENS:]
        contexts, state = prior.contexts(before, np.tile(voice, (len(before), 1)), prior.begin())
        found = np.zeros((count, prior.digits), np.int64)
        for token in range(count):
            if token:
                last = found[token - 1 : token]
                contexts, state = prior.contexts(last, voice[None], state)
            context = contexts[-1:]
            for digit in range(prior.digits):
                found[token, digit] = prior.shares(context, digit)[0].argmax()
                context = prior.told(context, digit, found[token, digit : digit + 1])
        return found

    return go_on


def repeat_last(past: Ints, voice: Ints, count: int) -> Ints:
    """Goes on with the last token, or with a middling one where none has come: the plain way."""
    last = past[-1:] if len(past) else np.ones((1, past.shape[1]), np.int64)
    return np.repeat(last, count, axis=0)
