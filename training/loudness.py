"""How much louder or quieter each moment sounds than it should: a psychoacoustic distance.

Perceived loudness (Zwicker's law over the threshold of hearing) in 49 bands of equal width in Bark,
of frames of 32 ms; what is added weighs more than what is missing. Form and constants follow ITU-T
P.862 (clauses 10.2.4 to 10.2.8) without its time alignment and with closed formulas in place of its
tables: Traunmueller's Bark scale and Terhardt's threshold.

**This imitates a measure that the codec is judged by.** PESQ can be bought with it, so it counts
only beside measures that are not imitated, and beside a twin trained without (research note in
training/NOTES.md).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from codec.rates import SAMPLE_RATE_HZ

WINDOW = 512  # 32 ms, hopping by half
BANDS = 49
SPEECH_DB_SPL = 79.0  # level at which speech is heard
QUIETEST = 1e-5  # mean square of a crop below which it is not turned up any further
ZWICKER_POWER = 0.23
LOUDNESS_SCALE = 0.1866
INTERVAL = 20  # frames that a listener judges together, 320 ms
WORST_FRAME = 45.0
# Opinion points lost for each unit: P.862 has .1 and .0309 for its own tables. Fitted to raw PESQ
# of 88 pairs (codec, noise, band limits, coarse steps), with which the sum correlates by .989.
SYMMETRIC, ASYMMETRIC = 0.178, 0.0289


class LoudnessLoss(nn.Module):
    """Opinion points lost, about 0 to 4, of a decoded waveform against its target."""

    window: Tensor
    bands: Tensor
    threshold: Tensor
    exponent: Tensor
    width: Tensor

    def __init__(self) -> None:
        super().__init__()
        hertz = torch.linspace(0, SAMPLE_RATE_HZ / 2, WINDOW // 2 + 1)
        bark = _bark(hertz).clamp(min=0)
        edges = torch.linspace(0, float(bark[-1]), BANDS + 1)
        member = ((bark[:, None] >= edges[:-1]) & (bark[:, None] < edges[1:])).float()
        member[hertz < 60] = 0  # a telephone's ear does not hear it
        centre = (edges[:-1] + edges[1:]) / 2
        self.register_buffer("window", torch.hann_window(WINDOW), persistent=False)
        self.register_buffer("bands", _shared(member, bark, centre), persistent=False)
        self.register_buffer("threshold", _threshold(_hertz(centre)), persistent=False)
        steeper = (6 / (centre + 2)).clamp(1, 2) ** 0.15
        self.register_buffer("exponent", ZWICKER_POWER * steeper, persistent=False)
        self.register_buffer("width", (edges[1:] - edges[:-1]), persistent=False)

    def forward(self, decoded: Tensor, target: Tensor) -> Tensor:
        """float32 ``[B, T]`` both, at 16 kHz, at least 0.4 s; returns the mean over the batch."""
        power = target.square().mean(1, keepdim=True).clamp(min=QUIETEST)
        gain = (10 ** (SPEECH_DB_SPL / 10) / power).sqrt()
        heard, meant = self._pitch_power(gain * decoded), self._pitch_power(gain * target)
        meant = meant * self._colour(heard, meant)
        heard = heard * self._swell(heard, meant)
        ours, theirs = self._loudness(heard), self._loudness(meant)
        off = ours - theirs
        off = off.sign() * (off.abs() - 0.25 * torch.minimum(ours, theirs)).clamp(min=0)
        added = ((heard + 50) / (meant + 50)) ** 1.2
        added = torch.where(added < 3, 0.0, added.clamp(max=12))
        weight = ((meant.sum(2) + 1e5) / 1e7) ** 0.04
        both = self.width.sum() * _norm(off * self.width, self.width, 2)
        more = ((off * added).abs() * self.width).sum(2)
        return (
            SYMMETRIC * _over_time(both / weight) + ASYMMETRIC * _over_time(more / weight)
        ).mean()

    def _pitch_power(self, wav: Tensor) -> Tensor:
        """Power in each band, ``[B, frames, 49]``; 1 is 0 dB SPL."""
        frames = wav.unfold(1, WINDOW, WINDOW // 2) * self.window
        spectrum = torch.view_as_real(torch.fft.rfft(frames)).square().sum(-1)
        return spectrum @ self.bands * (2 / (WINDOW * self.window.square().sum()))

    def _colour(self, heard: Tensor, meant: Tensor) -> Tensor:
        """A constant tint is forgiven up to 20 dB: factor on ``meant``, ``[B, 1, 49]``."""
        audible = (meant > 100 * self.threshold).float()
        ratio = ((heard * audible).mean(1) + 1000) / ((meant * audible).mean(1) + 1000)
        return ratio.clamp(0.01, 100)[:, None]

    def _swell(self, heard: Tensor, meant: Tensor) -> Tensor:
        """A slowly moving level is forgiven in part: factor on ``heard``, ``[B, frames, 1]``."""
        ratio = (_audible(meant, self.threshold) + 5e3) / (_audible(heard, self.threshold) + 5e3)
        slow = torch.cat([ratio[:, :1], 0.2 * ratio[:, :-1] + 0.8 * ratio[:, 1:]], 1)
        return slow.clamp(3e-4, 5)[..., None]

    def _loudness(self, power: Tensor) -> Tensor:
        """Sone in each band."""
        floor = (self.threshold / 0.5) ** self.exponent
        over = (0.5 + 0.5 * power / self.threshold) ** self.exponent - 1
        return LOUDNESS_SCALE * floor * over.clamp(min=0)


def _bark(hertz: Tensor) -> Tensor:
    return 26.81 * hertz / (1960 + hertz) - 0.53


def _hertz(bark: Tensor) -> Tensor:
    return 1960 * (bark + 0.53) / (26.28 - bark)


def _threshold(hertz: Tensor) -> Tensor:
    """Power that is just heard in quiet; 1 is 0 dB SPL."""
    khz = hertz.clamp(min=30) / 1000
    db = 3.64 * khz**-0.8 - 6.5 * torch.exp(-0.6 * (khz - 3.3) ** 2) + 1e-3 * khz**4
    return 10 ** (db / 10)


def _shared(member: Tensor, bark: Tensor, centre: Tensor) -> Tensor:
    """Bins x bands; a band too narrow for a bin of its own hears the nearest bin."""
    for band in range(member.shape[1]):
        if member[:, band].sum() == 0:
            nearest = int((bark - centre[band]).abs().argmin())
            member[nearest, band] = 0.5
    return member


def _audible(power: Tensor, threshold: Tensor) -> Tensor:
    return torch.where(power > threshold, power, 0.0).sum(2)


def _norm(values: Tensor, width: Tensor, order: int) -> Tensor:
    """The bands of a frame as one number."""
    return ((values.abs() ** order).sum(2) / width.sum() + 1e-12) ** (1 / order)


def _over_time(frames: Tensor) -> Tensor:
    """``[B, frames]`` to ``[B]``: worst moments within an interval, mean square between them."""
    frames = frames.clamp(max=WORST_FRAME)
    size = min(INTERVAL, frames.shape[1])
    intervals = frames.unfold(1, size, max(1, size // 2))
    judged = (intervals**6).mean(2).add(1e-12) ** (1 / 6)
    return judged.square().mean(1).sqrt()
