"""The network from phones to tokens: durations first, then every token at once, in a few rounds.

Not autoregressive. Phones are read as a whole, each gets a length, and its reading is laid out over
the tokens it lasts. A second stack then fills in the FSQ digits of the tokens, some of which may be
known already: with all unknown it says something plain, and in rounds that keep the surest tokens
(mask-predict, Ghazvininejad et al. 2019; MaskGIT, Chang et al. 2022) the rest falls into place.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from codec.entropy.shares import LEVELS
from codec.rates import HOP_SAMPLES, Rate
from codec.speaking.phones import PHONES
from codec.voice import VOICE_LEVELS

NOT_KNOWN = -1  # a digit that is still to be found


@dataclass(frozen=True)
class PhoneNetConfig:
    reading: int = 192  # channels over phones
    channels: int = 256  # over tokens
    reading_depth: int = 4
    depth: int = 8


class Block(nn.Module):
    """A ConvNeXt block that sees both sides: ``[B, T, C] -> [B, T, C]``, styled by the voice."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(channels, channels, kernel, padding=kernel // 2, groups=channels)
        self.norm = nn.LayerNorm(channels, elementwise_affine=False)
        self.style = nn.Linear(len(VOICE_LEVELS), 2 * channels)
        self.up = nn.Linear(channels, 3 * channels)
        self.down = nn.Linear(3 * channels, channels)

    def forward(self, x: Tensor, voice: Tensor, there: Tensor) -> Tensor:
        """``voice`` ``[B, 8]``; ``there`` ``[B, T, 1]`` is 0 behind the end of a sequence."""
        y = self.depthwise((x * there).transpose(1, 2)).transpose(1, 2)
        scale, shift = self.style(voice)[:, None].chunk(2, dim=-1)
        y = self.norm(y) * (1 + scale) + shift
        out: Tensor = x + self.down(F.gelu(self.up(y), approximate="tanh"))
        return out


class PhoneNet(nn.Module):
    """Phones int64 ``[B, P]`` and a voice ``[B, 8]`` -> lengths, and scores of token digits."""

    def __init__(self, rate: Rate, config: PhoneNetConfig | None = None) -> None:
        super().__init__()
        config = config or PhoneNetConfig()
        self.digits = len(rate.levels)
        self.frames_per_token = rate.token_samples // HOP_SAMPLES
        self.embed = nn.Embedding(len(PHONES), config.reading)
        self.reading = nn.ModuleList(Block(config.reading, 5) for _ in range(config.reading_depth))
        self.length = nn.Linear(config.reading, 1)
        nn.init.constant_(self.length.bias, 2.0)  # a phone lasts about 70 ms
        self.laid_out = nn.Linear(config.reading + 3, config.channels)
        self.known = nn.Parameter(0.1 * torch.randn(self.digits, LEVELS + 1, config.channels))
        self.stack = nn.ModuleList(Block(config.channels, 9) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.channels)
        self.score = nn.Linear(config.channels, self.digits * LEVELS)

    def read(self, phones: Tensor, voice: Tensor, there: Tensor) -> Tensor:
        """Readings ``[B, P, C]`` of phones int64 ``[B, P]``; ``there`` bool ``[B, P]``."""
        mask = there[..., None].float()
        x: Tensor = self.embed(phones)
        for block in self.reading:
            x = block(x, voice, mask)
        return x

    def log_lengths(self, readings: Tensor) -> Tensor:
        """Natural logarithm of each phone's length in frames of 10 ms, ``[B, P]``."""
        lengths: Tensor = self.length(readings)[..., 0]
        return lengths

    def lay_out(self, readings: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Readings over the tokens they last: ``[B, N, channels]``, and which tokens are there.

        ``frames`` int64 ``[B, P]``: how many frames of 10 ms each phone lasts, 0 behind the end.
        """
        factor = self.frames_per_token
        ends = frames.cumsum(1)
        tokens = -(-int(ends[:, -1].max()) // factor)
        at = torch.arange(tokens * factor, device=frames.device).expand(len(frames), -1)
        phone = torch.searchsorted(ends, at.contiguous(), right=True).clamp(max=frames.shape[1] - 1)
        lasts = frames.gather(1, phone).clamp(min=1)
        since = (at - (ends.gather(1, phone) - lasts)).float()
        place = torch.stack([since / lasts, since / 10, lasts.float().log() / 3], dim=-1)
        each = readings.gather(1, phone[..., None].expand(-1, -1, readings.shape[2]))
        each = torch.cat([each, place], dim=-1)
        joined = each.reshape(len(frames), tokens, factor, -1).mean(2)
        there = at[:, ::factor] < ends[:, -1:]
        out: Tensor = self.laid_out(joined)
        return out, there

    def scores(self, spread: Tensor, there: Tensor, voice: Tensor, digits: Tensor) -> Tensor:
        """Scores ``[B, N, D, 4]`` of all digits; ``digits`` int64 ``[B, N, D]``, -1: not known."""
        mask = there[..., None].float()
        x = spread
        for place in range(self.digits):
            x = x + self.known[place][digits[..., place]]  # -1 takes the last row
        for block in self.stack:
            x = block(x, voice, mask)
        scores: Tensor = self.score(self.norm(x))
        return scores.reshape(*digits.shape, LEVELS)
