"""Random crops for one training step, reproducible from (seed, step) so that resuming is exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.corpus import Corpus, Utterance

VOICE_CROP_SAMPLES = (5120, 10240, 20480, 40960)  # 0.32 to 2.56 s, as the running voice will have


@dataclass(frozen=True)
class BatchConfig:
    batch: int = 12
    crop_samples: int = 20480  # 1.28 s: eight low-rate packets
    gain_db: float = 8.0  # uniform +-; phones and rooms differ
    lead_silence: float = 0.15  # share of crops that begin with silence, as calls do
    voice_dropout: float = 0.12  # share decoded without any voice codeword, as a call begins
    # Non-native and child speech is half of what is not LibriSpeech: keep it, but lighter.
    source_weights: Mapping[str, float] = field(
        default_factory=lambda: {"speechocean762": 0.4, "commonvoice_fa": 0.5}
    )


@dataclass(frozen=True)
class Batch:
    speech: Tensor  # float32 [B, crop_samples]
    voice: Tensor  # float32 [B, L]: elsewhere in the same utterance, so it cannot carry the words
    voice_known: Tensor  # bool [B]


class Batches:
    """Batch number ``step`` of a corpus, always the same for the same seed."""

    def __init__(self, corpus: Corpus, config: BatchConfig, seed: int = 0) -> None:
        self.corpus, self.config, self.seed = corpus, config, seed
        self.cumulative = np.cumsum(corpus.of_sources(config.source_weights))

    def __call__(self, step: int) -> Batch:
        rng = np.random.default_rng((self.seed, step))
        draws = np.searchsorted(self.cumulative, rng.random(self.config.batch))
        chosen = [self.corpus.utterances[min(int(i), len(self.cumulative) - 1)] for i in draws]
        voice_samples = int(rng.choice(VOICE_CROP_SAMPLES))
        speech, voice = [], []
        for utterance in chosen:
            gain = 10 ** (rng.uniform(-1, 1) * self.config.gain_db / 20)
            speech.append(gain * self._speech_crop(utterance, rng))
            voice.append(gain * self._crop(utterance, voice_samples, rng))
        known = rng.random(len(chosen)) >= self.config.voice_dropout
        return Batch(_tensor(speech), _tensor(voice), torch.from_numpy(known))

    def _speech_crop(self, utterance: Utterance, rng: np.random.Generator) -> NDArray[np.float32]:
        crop = self._crop(utterance, self.config.crop_samples, rng)
        if rng.random() < self.config.lead_silence:
            crop[: int(rng.integers(1600, self.config.crop_samples // 2))] *= 0.001
        return crop

    def _crop(
        self, utterance: Utterance, samples: int, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        room = max(0, utterance.length - samples)
        first = utterance.start + int(rng.integers(0, room + 1))
        last = min(first + samples, utterance.start + utterance.length)
        piece = self.corpus.audio[first:last].astype(np.float32) / 32768
        return np.pad(piece, (0, samples - len(piece)))


def _tensor(pieces: list[NDArray[np.float32]]) -> Tensor:
    return torch.from_numpy(np.stack(pieces)).float().clamp(-1, 1)
