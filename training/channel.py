"""What lies between a caller's mouth and the sender: a noisy room, a telephone line.

In training the sender hears speech through a drawn channel while the receiver is asked for the
speech itself, so that tokens spend their bits on the voice and not on the line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.bench.robustness_sound import pink_noise, telephone, with_noise
from training.corpus import Corpus

Wave = NDArray[np.float32]


@dataclass(frozen=True)
class ChannelConfig:
    telephone: float = 0.15  # share of crops heard through 300-3400 Hz and G.711
    noise: float = 0.25  # share of crops with noise
    snr_db: tuple[float, float] = (3.0, 25.0)


@dataclass(frozen=True)
class Channel:
    """One drawn channel; the voice crop of an utterance passes the same one as its speech."""

    noise: Wave | None
    snr_db: float
    narrow: bool

    def __call__(self, speech: Wave, rng: np.random.Generator) -> Wave:
        """What the sender hears of ``speech``, float32 ``[T]`` both."""
        heard = speech
        if self.noise is not None:
            heard = with_noise(heard, self.noise, self.snr_db, rng)
        return telephone(heard) if self.narrow else heard


CLEAR = Channel(None, 0.0, False)


class Channels:
    """Draws channels; noise comes from a corpus of it, or is generated where there is none."""

    def __init__(self, config: ChannelConfig, noise: Corpus | None = None) -> None:
        self.config = config
        self._noises = _waves(noise) if noise else [pink_noise(5, seed) for seed in range(4)]

    def draw(self, rng: np.random.Generator) -> Channel:
        """The channel of one crop."""
        narrow = bool(rng.random() < self.config.telephone)
        if rng.random() >= self.config.noise:
            return Channel(None, 0.0, narrow)
        noise = self._noises[int(rng.integers(len(self._noises)))]
        return Channel(noise, float(rng.uniform(*self.config.snr_db)), narrow)


def _waves(corpus: Corpus) -> list[Wave]:
    """Every noise clip that is not silent."""
    cuts = (corpus.audio[u.start : u.start + u.length] for u in corpus.utterances)
    waves = [cut.astype(np.float32) / np.float32(32768) for cut in cuts if len(cut)]
    return [wave for wave in waves if float(np.abs(wave).max()) > 1e-3]
