"""Now and then a few unseen utterances go through the averaged weights: scores and samples."""

from __future__ import annotations

import copy
import time

import numpy as np
import torch
from numpy.typing import NDArray

from codec.bench.quick import score
from codec.errors import SecoustiError
from codec.model import SecoustiModel
from codec.rates import DELAY_SAMPLES
from training.checkpoint import Averaged
from training.corpus import Corpus
from training.journal import Journal
from training.losses import ReconstructionLoss

Wave = NDArray[np.float32]
CLIPS = 4
CLIP_SAMPLES = 61_440  # 3.84 s: whole packets of both rates
AUDIBLE = 0.003


class Watch:
    """Scores ``clips`` of the validation split each ``each_s`` seconds, and at the end.

    The whole clip tells the voice here, where a call hears it by and by: scores are a little above
    those of ``secousti bench codec``, and good for comparing one moment of a run with another.
    """

    def __init__(
        self, corpus: Corpus, journal: Journal, each_s: float = 300.0, clips: int = CLIPS
    ) -> None:
        self._clips = _clips(corpus, clips)
        self._journal, self._each_s = journal, each_s
        self._reconstruction = ReconstructionLoss()
        self._last = time.monotonic()
        self._originals_kept = False

    def look(
        self, model: SecoustiModel, average: Averaged, step: int, stage: str, at_once: bool = False
    ) -> dict[str, float] | None:
        """Scores the averaged weights, if it is time; None otherwise."""
        if not at_once and time.monotonic() - self._last < self._each_s:
            return None
        still = averaged_model(model, average)
        pairs = [(clip, decode(still, clip)) for clip in self._clips]
        scores = {"mel": self._mel(pairs), **_scored(pairs)}
        self._journal.scores(step, stage, scores)
        for number, (original, decoded) in enumerate(pairs):
            if not self._originals_kept:
                self._journal.sample(0, f"original-{number}", original)
            self._journal.sample(step, f"decoded-{number}", decoded)
        self._originals_kept = True
        self._last = time.monotonic()
        return scores

    def _mel(self, pairs: list[tuple[Wave, Wave]]) -> float:
        original, decoded = (torch.from_numpy(np.stack(side)) for side in zip(*pairs, strict=True))
        return float(self._reconstruction(decoded, original).mel)


def averaged_model(model: SecoustiModel, average: Averaged) -> SecoustiModel:
    """A copy of the model on the CPU with the averaged weights, ready to decode."""
    still = copy.deepcopy(model).cpu().eval()
    still.load_state_dict({k: v.cpu() for k, v in average.values.items()}, strict=False)
    return still


@torch.inference_mode()
def decode(model: SecoustiModel, wav: Wave) -> Wave:
    """A clip of whole packets, float32 ``[T]``, through tokens and back, the delay taken out."""
    later = torch.from_numpy(np.pad(wav, (0, model.rate.packet_samples)))[None]
    codes, voice = model.encode_step(later, None)
    decoded = model.decode_step(codes, voice, None)[0, DELAY_SAMPLES:]
    return np.asarray(decoded[: len(wav)].clamp(-1, 1))


def _clips(corpus: Corpus, count: int) -> list[Wave]:
    """The first ``CLIP_SAMPLES`` of utterances that are long enough and not silent, spread out."""
    fit = [u for u in corpus.utterances if u.length >= CLIP_SAMPLES]
    cut = (corpus.audio[u.start : u.start + CLIP_SAMPLES] / np.float32(32768) for u in fit)
    loud = [clip for clip in cut if np.abs(clip).max() > AUDIBLE]
    if not loud:
        seconds = CLIP_SAMPLES / 16_000
        raise SecoustiError(f"no validation utterance of {seconds} s or more to watch the run by")
    chosen = np.linspace(0, len(loud) - 1, min(count, len(loud))).round().astype(int)
    return [loud[number] for number in chosen]


def _scored(pairs: list[tuple[Wave, Wave]]) -> dict[str, float]:
    """PESQ and its kin, as far as they are installed."""
    try:
        return score(pairs)
    except ImportError:
        return {}
