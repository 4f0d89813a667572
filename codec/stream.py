"""Stateful streaming of many callers at once: one packet per slot and step, batched.

Each slot is independent: a step touches only the slots named in it. Steps are always one packet
long, whatever the caller's chunking, so that the same audio gives the same bytes. Not thread-safe:
one owner steps (the server's engine thread).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from codec.packets import Packet, pack, unpack
from codec.rates import Rate
from codec.runtime.backend import DecoderNetwork, EncoderNetwork

NO_VOICE = -1
VOICE_MEMORY = ("voice_encoder.",)  # state that outlives one utterance of the same speaker


class StreamEncoder:
    """Waveform -> packets, for ``slots`` independent callers."""

    def __init__(self, network: EncoderNetwork, rate: Rate, slots: int) -> None:
        self.rate = rate
        self.index = [0] * slots  # of each slot's next packet
        self._network = network

    def step(self, pcm: Tensor, slots: Sequence[int]) -> list[bytes]:
        """One packet from ``pcm`` float32 ``[A, packet_samples]`` for each of the A ``slots``."""
        _check(pcm.shape[0], slots)
        if pcm.shape[1] != self.rate.packet_samples:
            raise ValueError(f"expected {self.rate.packet_samples} samples, got {pcm.shape[1]}")
        codes, voice = self._network.step(pcm, slots)
        return [
            self._pack(s, c, v)
            for s, c, v in zip(slots, codes.tolist(), voice.tolist(), strict=True)
        ]

    def _pack(self, slot: int, codes: list[int], voice: int) -> bytes:
        index = self.index[slot]
        self.index[slot] += 1
        carried = voice if self.rate.carries_voice(index) else None
        return pack(self.rate, index, Packet(tuple(codes), carried))

    def reset(self, slot: int, keep_voice: bool = False) -> None:
        """A fresh stream in ``slot``; ``keep_voice`` keeps what is known of the speaker."""
        self._network.clear(slot, VOICE_MEMORY if keep_voice else ())
        self.index[slot] = 0


class StreamDecoder:
    """Packets -> waveform, 640 samples late, for ``slots`` independent callers."""

    def __init__(self, network: DecoderNetwork, rate: Rate, slots: int) -> None:
        self.rate = rate
        self.index = [0] * slots  # of each slot's next packet
        self.voice = [NO_VOICE] * slots  # each slot's codeword in force
        self._network = network

    def step(self, packets: Sequence[bytes], slots: Sequence[int]) -> Tensor:
        """Waveform float32 ``[A, packet_samples]`` of one packet for each of the A ``slots``.

        Raises :class:`SecoustiError`, before any state changes, when a packet has a wrong length.
        """
        _check(len(packets), slots)
        content = [
            unpack(self.rate, self.index[slot], data)
            for slot, data in zip(slots, packets, strict=True)
        ]
        for slot, packet in zip(slots, content, strict=True):
            self.index[slot] += 1
            self.voice[slot] = self.voice[slot] if packet.voice is None else packet.voice
        codes = torch.tensor([packet.codes for packet in content])
        return self._network.step(codes, torch.tensor([self.voice[s] for s in slots]), slots)

    def reset(self, slot: int, keep_voice: bool = False) -> None:
        """A fresh stream in ``slot``; ``keep_voice`` goes on with the last voice codeword."""
        self._network.clear(slot)
        self.index[slot] = 0
        if not keep_voice:
            self.voice[slot] = NO_VOICE


def _check(count: int, slots: Sequence[int]) -> None:
    if count != len(slots) or len(set(slots)) != len(slots):
        raise ValueError(f"{count} inputs for slots {list(slots)}: one input per distinct slot")
