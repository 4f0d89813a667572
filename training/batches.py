"""Random crops for one training step, reproducible from (seed, step) so that resuming is exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codec.rates import HOP_SAMPLES
from codec.speaking.phones import SILENCE
from training.channel import CLEAR, Channels
from training.corpus import Corpus
from training.phones import UNKNOWN, PhoneLabels

VOICE_CROP_SAMPLES = (5120, 10240, 20480, 40960)  # 0.32 to 2.56 s, as the running voice will have


@dataclass(frozen=True)
class BatchConfig:
    batch: int = 12
    crop_samples: int = 20480  # 1.28 s: eight low-rate packets
    gain_db: float = 8.0  # uniform +-; phones and rooms differ
    far: float = 0.1  # share of crops up to 20 dB quieter: a telephone on the table
    lead_silence: float = 0.15  # share of crops that begin with silence, as calls do
    voice_dropout: float = 0.12  # share decoded without any voice codeword, as a call begins
    # Non-native and child speech is half of what is not LibriSpeech: keep it, but lighter. The
    # agent's own voice (python -m voice_agent.lines) is half of every call: more of it.
    source_weights: Mapping[str, float] = field(
        default_factory=lambda: {"speechocean762": 0.4, "commonvoice_fa": 0.5, "agent": 4.0}
    )


@dataclass(frozen=True)
class Batch:
    speech: Tensor  # float32 [B, crop_samples]: what the receiver is asked for
    heard: Tensor  # float32 [B, crop_samples]: the same as the sender hears it
    voice: Tensor  # float32 [B, L]: elsewhere in the same utterance, so it cannot carry the words
    voice_known: Tensor  # bool [B]
    phones: Tensor  # uint8 [B, crop_samples / 160]: what is spoken each 10 ms; 255: unknown


class Batches:
    """Batch number ``step`` of a corpus, always the same for the same seed."""

    def __init__(
        self,
        corpus: Corpus,
        config: BatchConfig,
        seed: int = 0,
        phones: PhoneLabels | None = None,
        channels: Channels | None = None,
    ) -> None:
        self.corpus, self.config, self.seed, self.phones = corpus, config, seed, phones
        self.channels = channels
        self.cumulative = np.cumsum(corpus.of_sources(config.source_weights))

    def __call__(self, step: int) -> Batch:
        rng = np.random.default_rng((self.seed, step))
        draws = np.searchsorted(self.cumulative, rng.random(self.config.batch))
        chosen = [min(int(i), len(self.cumulative) - 1) for i in draws]
        voice_samples = int(rng.choice(VOICE_CROP_SAMPLES))
        speech, heard, voice, phones = [], [], [], []
        for number in chosen:
            gain, channel = self._gain(rng), self.channels.draw(rng) if self.channels else CLEAR
            wav, labels = self._speech_crop(number, rng)
            speech.append(gain * wav)
            heard.append(channel(gain * wav, rng))
            phones.append(labels)
            voice.append(channel(gain * self._crop(number, voice_samples, rng)[0], rng))
        known = rng.random(len(chosen)) >= self.config.voice_dropout
        return Batch(
            _tensor(speech),
            _tensor(heard),
            _tensor(voice),
            torch.from_numpy(known),
            torch.from_numpy(np.stack(phones)),
        )

    def _gain(self, rng: np.random.Generator) -> float:
        """Amplitude factor of one crop."""
        far_db = rng.uniform(-20, 0) if rng.random() < self.config.far else 0.0
        return float(10 ** ((rng.uniform(-1, 1) * self.config.gain_db + far_db) / 20))

    def _speech_crop(
        self, number: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """A crop and its phone labels; some begin with silence, as calls do."""
        samples = self.config.crop_samples
        crop, first = self._crop(number, samples, rng)
        labels = np.full(samples // HOP_SAMPLES, UNKNOWN, np.uint8)
        if self.phones is not None:
            length = self.corpus.utterances[number].length
            labels = self.phones.crop(number, length, first, samples)
        if rng.random() < self.config.lead_silence:
            quiet = int(rng.integers(1600, samples // 2))
            crop[:quiet] *= 0.001
            labels[: quiet // HOP_SAMPLES] = SILENCE
        return crop, labels

    def _crop(
        self, number: int, samples: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], int]:
        """A piece of the utterance, padded with silence, and where in it the piece begins."""
        utterance = self.corpus.utterances[number]
        room = max(0, utterance.length - samples)
        first = int(rng.integers(0, room + 1))
        begin = utterance.start + first
        end = min(begin + samples, utterance.start + utterance.length)
        piece = self.corpus.audio[begin:end].astype(np.float32) / 32768
        return np.pad(piece, (0, samples - len(piece))), first


def _tensor(pieces: list[NDArray[np.float32]]) -> Tensor:
    return torch.from_numpy(np.stack(pieces)).float().clamp(-1, 1)
