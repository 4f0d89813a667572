"""Small multi-resolution STFT discriminators: what takes the buzz out, at a price a CPU can pay."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

WINDOWS = (256, 512, 1024)


class STFTDiscriminator(nn.Module):
    """Judges one resolution: waveform ``[B, T]`` -> feature maps, the last one the score."""

    window: Tensor

    def __init__(self, window: int, channels: int) -> None:
        super().__init__()
        self.samples = window
        self.register_buffer("window", torch.hann_window(window), persistent=False)
        sizes = [(2, (1, 2)), (channels, (1, 2)), (channels, (1, 2)), (channels, (1, 1))]
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(c_in, channels, (3, 9), stride, (1, 4))) for c_in, stride in sizes
        )
        self.score = weight_norm(nn.Conv2d(channels, 1, (3, 3), padding=(1, 1)))

    def forward(self, wav: Tensor) -> list[Tensor]:
        frames = wav.unfold(1, self.samples, self.samples // 4) * self.window
        spectrum = torch.view_as_real(torch.fft.rfft(frames)).permute(0, 3, 1, 2)
        size = (spectrum.square().sum(1, keepdim=True) + 1e-6).sqrt()
        x = spectrum * size.pow(-0.5)  # square-root compression: quiet parts are seen as well
        features = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.1)
            features.append(x)
        return [*features, self.score(x)]


class Discriminators(nn.Module):
    """One judge per window length: waveform ``[B, T]`` -> their feature maps."""

    def __init__(self, channels: int = 16) -> None:
        super().__init__()
        self.judges = nn.ModuleList(STFTDiscriminator(window, channels) for window in WINDOWS)

    def forward(self, wav: Tensor) -> list[list[Tensor]]:
        return [judge(wav) for judge in self.judges]


def discriminator_loss(real: list[list[Tensor]], fake: list[list[Tensor]]) -> Tensor:
    """Least-squares GAN: real scores towards 1, decoded ones towards 0."""
    terms = [
        (1 - r[-1].float()).square().mean() + f[-1].float().square().mean()
        for r, f in zip(real, fake, strict=True)
    ]
    return torch.stack(terms).mean()


def generator_loss(real: list[list[Tensor]], fake: list[list[Tensor]]) -> tuple[Tensor, Tensor]:
    """(adversarial, feature matching) for the decoder; real features are constants."""
    adversarial = torch.stack([(1 - f[-1].float()).square().mean() for f in fake]).mean()
    matching = [
        (a.float() - b.float()).abs().mean() / b.float().abs().mean().clamp(min=1e-3)
        for r, f in zip(real, fake, strict=True)
        for a, b in zip(f[:-1], r[:-1], strict=True)
    ]
    return adversarial, torch.stack(matching).mean()
