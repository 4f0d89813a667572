"""Stateful streaming of many callers at once: one packet per slot and step, batched.

Each slot is independent: a step touches only the slots named in it. Steps are always one packet
long, whatever the caller's chunking, so that the same audio gives the same bytes. Not thread-safe:
one owner steps (the server's engine thread).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from codec.errors import SecoustiError
from codec.model import SecoustiModel
from codec.packets import Packet, pack, unpack
from codec.streaming import fresh_state, gather, scatter

NO_VOICE = -1
VOICE_MEMORY = ("voice_encoder.",)  # state that outlives one utterance of the same speaker


class _Slots:
    """Streaming state and packet counters of ``slots`` independent streams."""

    def __init__(self, model: SecoustiModel, slots: int) -> None:
        self.model, self.rate = model, model.rate
        self.state = fresh_state(model, slots)
        self.index = [0] * slots

    def _clear(self, slot: int, keep: tuple[str, ...]) -> None:
        for key, value in self.state.items():
            if not key.startswith(keep):
                value[slot] = 0
        self.index[slot] = 0

    def _check(self, count: int, slots: Sequence[int]) -> None:
        if count != len(slots) or len(set(slots)) != len(slots):
            raise ValueError(f"{count} inputs for slots {list(slots)}: one input per distinct slot")


class StreamEncoder(_Slots):
    """Waveform -> packets, for ``slots`` independent callers."""

    @torch.inference_mode()
    def step(self, pcm: Tensor, slots: Sequence[int]) -> list[bytes]:
        """One packet from ``pcm`` float32 ``[A, packet_samples]`` for each of the A ``slots``."""
        self._check(pcm.shape[0], slots)
        if pcm.shape[1] != self.rate.packet_samples:
            raise ValueError(f"expected {self.rate.packet_samples} samples, got {pcm.shape[1]}")
        rows = gather(self.state, slots)
        codes, voice = self.model.encode_step(pcm, rows)
        scatter(self.state, slots, rows)
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
        self._clear(slot, VOICE_MEMORY if keep_voice else ())


class StreamDecoder(_Slots):
    """Packets -> waveform, 640 samples late, for ``slots`` independent callers."""

    def __init__(self, model: SecoustiModel, slots: int) -> None:
        super().__init__(model, slots)
        self.voice = [NO_VOICE] * slots

    @torch.inference_mode()
    def step(self, packets: Sequence[bytes], slots: Sequence[int]) -> Tensor:
        """Waveform float32 ``[A, packet_samples]`` of one packet for each of the A ``slots``.

        Raises :class:`SecoustiError`, before any state changes, when a packet has a wrong length.
        """
        self._check(len(packets), slots)
        content = [
            unpack(self.rate, self.index[slot], data)
            for slot, data in zip(slots, packets, strict=True)
        ]
        for slot, packet in zip(slots, content, strict=True):
            self.index[slot] += 1
            self.voice[slot] = self.voice[slot] if packet.voice is None else packet.voice
        rows = gather(self.state, slots)
        codes = torch.tensor([packet.codes for packet in content])
        wav = self.model.decode_step(codes, torch.tensor([self.voice[s] for s in slots]), rows)
        scatter(self.state, slots, rows)
        return wav

    def reset(self, slot: int, keep_voice: bool = False) -> None:
        """A fresh stream in ``slot``; ``keep_voice`` goes on with the last voice codeword."""
        self._clear(slot, ())
        if not keep_voice:
            self.voice[slot] = NO_VOICE


def require_finite(wav: Tensor) -> Tensor:
    """``wav`` itself; raises :class:`SecoustiError` when it carries NaN or infinity."""
    if not torch.isfinite(wav).all():
        raise SecoustiError("the audio carries NaN or infinite samples: repair it before encoding")
    return wav
