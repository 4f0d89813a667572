"""SecoustiCodec as one module: the graph that training sees and that streaming steps.

Paths, with A the continuous acoustic embedding (50 Hz), S the semantic tokens, G the voice::

    wav -> mel -> encoder -> A                         -> decoder -> head -> wav   (stage 1)
                          -> S = FSQ(VAE)  connector(S, G) = A^  -> decoder -> head -> wav
    mel -> voice encoder -> G
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from codec.frontend import N_MELS, LogMel
from codec.head import ISTFTHead
from codec.layers import CausalConv, ConvNeXtStack, Lengthen, Shorten
from codec.rates import Rate
from codec.semantic import Semantic, SemanticVAE
from codec.streaming import State, name_states
from codec.voice import VoiceCondition, VoiceEncoder

FRAME_SAMPLES = 320  # the trunk runs at 50 Hz


@dataclass(frozen=True)
class ModelConfig:
    """Sizes; about 12 M parameters, small enough for two streams on one core."""

    encoder_channels: int = 320
    encoder_depth: int = 6
    acoustic_dims: int = 256  # the paper's ablation: 256 beats 64 by 0.17 PESQ
    decoder_channels: int = 384
    connector_depth: int = 3
    decoder_depth: int = 6
    token_depth: int = 2  # blocks at the token rate, where that is below 50 Hz
    voice_condition: int = 128


class Encoder(nn.Module):
    """Log-mel ``[B, 2 * T, 80]`` -> frames ``[B, T, C]`` at 50 Hz."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.shorten = Shorten(N_MELS, config.encoder_channels, 2)
        self.mix = CausalConv(config.encoder_channels, config.encoder_channels, 3)
        self.stack = ConvNeXtStack(config.encoder_channels, config.encoder_depth)

    def forward(self, mel: Tensor, state: State | None) -> Tensor:
        frames: Tensor = self.stack(self.mix(self.shorten(mel), state), state)
        return frames


class TokenHead(nn.Module):
    """Frames ``[B, T, C]`` at 50 Hz -> semantic tokens ``[B, N]`` at the token rate."""

    def __init__(self, config: ModelConfig, rate: Rate) -> None:
        super().__init__()
        factor = rate.token_samples // FRAME_SAMPLES
        channels = config.encoder_channels
        self.shorten = Shorten(channels, channels, factor) if factor > 1 else None
        self.stack = ConvNeXtStack(channels, config.token_depth if factor > 1 else 0)
        self.bottleneck = SemanticVAE(channels, rate)

    def forward(self, frames: Tensor, state: State | None) -> Semantic:
        if self.shorten is not None:
            frames = self.shorten(frames)
        semantic: Semantic = self.bottleneck(self.stack(frames, state))
        return semantic


class Connector(nn.Module):
    """Quantised tokens ``[B, N, dims]`` and voice ``[B, 1, V]`` -> A^ ``[B, T, acoustic_dims]``."""

    def __init__(self, config: ModelConfig, rate: Rate) -> None:
        super().__init__()
        factor = rate.token_samples // FRAME_SAMPLES
        channels, cond = config.decoder_channels, config.voice_condition
        self.embed = nn.Linear(len(rate.levels), channels)
        self.token_stack = ConvNeXtStack(channels, config.token_depth if factor > 1 else 0, cond)
        self.lengthen = Lengthen(channels, channels, factor) if factor > 1 else None
        self.stack = ConvNeXtStack(channels, config.connector_depth, cond)
        self.project = nn.Linear(channels, config.acoustic_dims)

    def forward(self, quantised: Tensor, voice: Tensor, state: State | None) -> Tensor:
        x = self.token_stack(self.embed(quantised), state, voice)
        if self.lengthen is not None:
            x = self.lengthen(x)
        acoustic: Tensor = self.project(self.stack(x, state, voice))
        return acoustic


class Decoder(nn.Module):
    """Acoustic embedding ``[B, T, acoustic_dims]`` and voice -> waveform ``[B, 320 * T]``."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.embed = nn.Linear(config.acoustic_dims, config.decoder_channels)
        self.stack = ConvNeXtStack(
            config.decoder_channels, config.decoder_depth, config.voice_condition
        )
        self.head = ISTFTHead(config.decoder_channels)

    def forward(self, acoustic: Tensor, voice: Tensor, state: State | None) -> Tensor:
        wav: Tensor = self.head(self.stack(self.embed(acoustic), state, voice), state)
        return wav


class SecoustiModel(nn.Module):
    """All networks of one operating point."""

    def __init__(self, rate: Rate, config: ModelConfig | None = None) -> None:
        super().__init__()
        config = config or ModelConfig()
        self.rate, self.config = rate, config
        self.mel = LogMel()
        self.encoder = Encoder(config)
        self.acoustic = nn.Linear(config.encoder_channels, config.acoustic_dims)
        self.tokens = TokenHead(config, rate)
        self.voice_encoder = VoiceEncoder()
        self.voice_condition = VoiceCondition(config.voice_condition)
        self.connector = Connector(config, rate)
        self.decoder = Decoder(config)
        name_states(self)

    def encode_step(self, wav: Tensor, state: State | None) -> tuple[Tensor, Tensor]:
        """Waveform ``[B, packets * packet_samples]`` -> codes ``[B, N]``, codeword ``[B]``."""
        mel = self.mel(wav, state)
        semantic = self.tokens(self.encoder(mel, state), state)
        _, voice_code = self.voice_encoder(mel, state)
        return semantic.codes, voice_code

    def decode_step(self, codes: Tensor, voice_code: Tensor, state: State | None) -> Tensor:
        """Codes ``[B, N]`` and codeword in force ``[B]`` (-1: none yet) -> waveform, 40 ms late."""
        voice = self.voice_condition.from_codes(voice_code)
        quantised = self.tokens.bottleneck.from_codes(codes)
        wav: Tensor = self.decoder(self.connector(quantised, voice, state), voice, state)
        return wav

    def parameter_count(self) -> int:
        return sum(p.numel() for p in self.parameters())


def seeded_model(rate: Rate, seed: int = 0) -> SecoustiModel:
    """An untrained model with reproducible weights, for tests and speed measurements."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return SecoustiModel(rate).eval()
