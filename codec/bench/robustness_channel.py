"""What a channel does to packets: losses alone and in bursts, and flipped bits.

A case is one channel with one way to conceal. All cases of a clip are decoded side by side, one
slot each, which costs a fraction of decoding them one after the other.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from codec.bench.metrics.intrusive import Wave
from codec.codec import Codec, packets_of
from codec.conceal import Continue, Fade, LossyDecoder, most_likely, repeat_last
from codec.entropy.prior import Prior
from codec.rates import DELAY_SAMPLES
from codec.tokens import Tokens

LOSS_PERCENTS = (5.0, 10.0, 20.0, 30.0)
BURST_PACKETS = 3.0  # mean length of a burst
BIT_ERRORS = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
CONCEALMENTS = ("prior", "repeat", "silence")
AT_ONCE = Fade(start_ms=0.0, end_ms=5.0, rise_ms=5.0)


@dataclass(frozen=True)
class Case:
    """One point of a plot: ``family`` names the plot, ``level`` its x, ``variant`` its line."""

    family: str
    level: float
    variant: str = ""

    def draw(self, clip: str) -> np.random.Generator:
        """The same random numbers at every level and rate, other ones for each clip and family.

        So what is lost at 5 % is lost at 10 % too, and one clip has one noise at all levels.
        """
        seed = zlib.crc32(f"{self.family} {clip}".encode())
        return np.random.default_rng(seed)


def channel_cases() -> list[Case]:
    """No loss; losses alone and in bursts under each concealment; flipped bits."""
    losses = [
        Case(family, percent, how)
        for family in ("loss", "bursts")
        for how in CONCEALMENTS
        for percent in LOSS_PERCENTS
    ]
    return [Case("clean", 0.0), *losses, *(Case("bits", share) for share in BIT_ERRORS)]


def random_loss(share: float, packets: int, draw: np.random.Generator) -> NDArray[np.bool_]:
    """Which of ``packets`` are lost, each on its own with probability ``share``."""
    lost: NDArray[np.bool_] = draw.random(packets) < share
    return lost


def burst_loss(share: float, packets: int, draw: np.random.Generator) -> NDArray[np.bool_]:
    """Losses of Gilbert's two-state channel: ``share`` in all, ``BURST_PACKETS`` at a time.

    Good packets all arrive and bad ones are all lost; the channel starts in its long-run mixture.
    """
    leave = 1 / BURST_PACKETS
    enter = min(1.0, leave * share / (1 - share))
    chances, lost = draw.random(packets + 1), np.zeros(packets, bool)
    bad = bool(chances[0] < share)
    for packet in range(packets):
        lost[packet] = bad
        chance = chances[packet + 1]
        bad = chance >= leave if bad else chance < enter
    return lost


def flip_bits(packet: bytes, share: float, draw: np.random.Generator) -> bytes:
    """``packet`` with each bit flipped with probability ``share``."""
    bits = np.unpackbits(np.frombuffer(packet, np.uint8))
    flipped = bits ^ (draw.random(len(bits)) < share)
    return np.packbits(flipped.astype(np.uint8)).tobytes()


def received(case: Case, clip: str, packets: Sequence[bytes]) -> list[bytes | None]:
    """What arrives of ``packets``; the first is never lost, a call does not begin without it."""
    draw = case.draw(clip)
    if case.family == "bits":
        return [flip_bits(packet, case.level, draw) for packet in packets]
    lose = burst_loss if case.family == "bursts" else random_loss
    lost = lose(case.level / 100, len(packets), draw)
    return [
        None if gone and place else packet
        for place, (gone, packet) in enumerate(zip(lost, packets, strict=True))
    ]


def decode_cases(
    codec: Codec, prior: Prior, tokens: Tokens, cases: Sequence[Case], clip: str
) -> list[Wave]:
    """Waveforms float32 ``[tokens.samples]`` of ``cases``, the codec's delay taken out."""
    packets = packets_of(tokens)
    arriving = [received(case, clip, packets) for case in cases]
    decoders, inner = [], codec.stream_decoder(len(cases))
    for how in CONCEALMENTS:
        slots = [slot for slot, case in enumerate(cases) if (case.variant or "prior") == how]
        go_on, fade = _concealment(how, prior)
        decoders.append((slots, LossyDecoder(inner, prior, go_on, fade)))
    wavs = torch.zeros(len(cases), len(packets) * codec.rate.packet_samples)
    for slots, decoder in decoders:
        for place in range(len(packets) if slots else 0):
            columns = slice(
                place * codec.rate.packet_samples, (place + 1) * codec.rate.packet_samples
            )
            wavs[slots, columns] = decoder.step([arriving[slot][place] for slot in slots], slots)
    cut = wavs[:, DELAY_SAMPLES : DELAY_SAMPLES + tokens.samples]
    return [np.asarray(wav, np.float32) for wav in cut.numpy()]


def _concealment(how: str, prior: Prior) -> tuple[Continue, Fade]:
    ways: dict[str, Callable[[], tuple[Continue, Fade]]] = {
        "prior": lambda: (most_likely(prior), Fade()),
        "repeat": lambda: (repeat_last, Fade()),
        "silence": lambda: (repeat_last, AT_ONCE),
    }
    return ways[how]()
