"""What the probes read: utterances with their tokens, phones and facts, as rows of features.

Speech comes from the training split to learn from and from the validation split, whose speakers
are others, to be tested on. Of one speaker many utterances are needed to test who speaks, of many
speakers a few each for all else: a selection takes both, and takes the same
ones every time.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codec.entropy.shares import LEVELS, digits_of
from codec.errors import SecoustiError
from codec.frontend import N_MELS, LogMel
from codec.model import SecoustiModel
from codec.rates import HOP_SAMPLES, SAMPLE_RATE_HZ, VOICE_PERIOD_MS, Rate
from codec.voice import VOICE_LEVELS
from training.batches import BatchConfig
from training.corpus import Corpus, Row, Utterance, in_reading_order, load_corpus, read_manifest
from training.phones import UNKNOWN, WORST_SCORE, PhoneLabels, open_labels
from training.prior_tokens import drawn_order, load_tokens

LABEL_MS = 1000 * HOP_SAMPLES // SAMPLE_RATE_HZ
LONGEST_S = 8  # of an utterance; more voices are worth more than longer stretches of one


@dataclass(frozen=True)
class Selection:
    """How much speech; with the defaults a rate takes about five minutes of one core."""

    learn_minutes: float = 75.0
    test_minutes: float = 20.0
    speakers: int = 24  # of whom who speaks is asked
    each: int = 15  # utterances of each of them


@dataclass(frozen=True)
class Spoken:
    """One utterance: codes int64 ``[N]``, codewords int64 ``[V]``, phones uint8 ``[T]`` at 10 ms
    (all unknown where the transcript does not fit), samples int16, its line of the manifest."""

    codes: NDArray[np.int64]
    voice: NDArray[np.int64]
    phones: NDArray[np.uint8]
    pcm: NDArray[np.int16]
    row: Row

    @property
    def labelled(self) -> bool:
        return bool((self.phones != UNKNOWN).any())

    @property
    def seconds(self) -> float:
        return len(self.pcm) / SAMPLE_RATE_HZ


@dataclass(frozen=True)
class Split:
    """One split of a manifest, decoded and labelled."""

    corpus: Corpus
    phones: PhoneLabels
    rows: list[Row]  # one for each utterance

    def labelled(self, number: int) -> bool:
        return bool(self.phones.scores[number] > WORST_SCORE)


def open_split(manifest: Path, name: str, cache: Path) -> Split:
    """Split ``name`` of ``manifest``, decoded into ``cache`` where that was not done before.

    Raises :class:`SecoustiError` where there is no such split, the cache holds another corpus or
    the phones were never aligned.
    """
    corpus = load_corpus(manifest, name, cache)
    rows = in_reading_order([row for row in read_manifest(manifest) if row["split"] == name])
    if [row["speaker"] for row in rows] != [u.speaker for u in corpus.utterances]:
        raise SecoustiError(f"{cache} holds another corpus than {manifest}: give another --cache")
    phones = open_labels(corpus, cache, name)
    if phones is None or not phones.fitting:
        raise SecoustiError(
            f"no phone labels for the split {name!r} in {cache}: make them with 'secousti train "
            f"align --manifest {manifest} --split {name} --cache {cache}'"
        )
    return Split(corpus, phones, rows)


def choose(split: Split, minutes: float, speakers: int = 0, each: int = 0) -> list[int]:
    """Numbers of utterances: ``each`` of every one of ``speakers``, then others as drawn.

    The speakers are of one source, so that the microphone alone does not tell them apart.
    """
    order = drawn_order(split.corpus, BatchConfig().source_weights)
    chosen = [n for group in familiar(split, order, speakers, each) for n in group]
    seconds = sum(_seconds(split, n) for n in chosen)
    taken = set(chosen)
    for number in order:
        if seconds >= 60 * minutes:
            break
        if number not in taken and split.labelled(number):
            chosen.append(number)
            seconds += _seconds(split, number)
    return chosen


def familiar(split: Split, order: Sequence[int], speakers: int, each: int) -> list[list[int]]:
    """``each`` utterances of up to ``speakers`` speakers, of the source that has most of them."""
    sources: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number in order:
        utterance = split.corpus.utterances[number]
        sources[utterance.source][utterance.speaker].append(number)
    full = [
        [numbers[:each] for numbers in voices.values() if len(numbers) >= each][:speakers]
        for voices in sources.values()
    ]
    return max(full, key=lambda groups: sum(_seconds(split, n) for g in groups for n in g))


def _seconds(split: Split, number: int) -> float:
    return _cut(split, number).length / SAMPLE_RATE_HZ


def _cut(split: Split, number: int) -> Utterance:
    """The utterance up to the length that the probes take."""
    whole = split.corpus.utterances[number]
    return replace(whole, length=min(whole.length, LONGEST_S * SAMPLE_RATE_HZ))


def spoken(
    split: Split,
    numbers: Sequence[int],
    model: SecoustiModel,
    cache: Path,
    report: Callable[[float], None],
) -> list[Spoken]:
    """The utterances ``numbers`` with their tokens, which ``cache`` keeps; ``report`` hears 1."""
    some = Corpus(split.corpus.audio, [_cut(split, n) for n in numbers])
    name = hashlib.sha256(repr([(u.start, u.length) for u in some.utterances]).encode()).hexdigest()
    tokens = load_tokens(some, model, cache / "probes" / name[:16], math.inf, report, {})
    pairs = dict(zip(drawn_order(some, {}), tokens.utterances(), strict=True))
    return [_spoken(split, number, *pairs[place]) for place, number in enumerate(numbers)]


def _spoken(
    split: Split, number: int, codes: NDArray[np.int32], voice: NDArray[np.int32]
) -> Spoken:
    utterance = _cut(split, number)
    pcm = split.corpus.audio[utterance.start : utterance.start + utterance.length]
    phones = split.phones.crop(number, utterance.length, 0, utterance.length)
    return Spoken(codes.astype(np.int64), voice.astype(np.int64), phones, pcm, split.rows[number])


@dataclass(frozen=True)
class View:
    """One way to see an utterance: rows of ``channels`` features, one each ``row_ms``."""

    name: str
    channels: int
    row_ms: int
    rows: Callable[[Spoken], Tensor]  # float32 [N, channels]

    def count(self, ms: int) -> int:
        """Rows in that time, at least one."""
        return max(1, ms // self.row_ms)


def token_view(rate: Rate) -> View:
    """The semantic tokens as the vectors that the decoder sees."""
    digits = len(rate.levels)
    row_ms = 1000 * rate.token_samples // SAMPLE_RATE_HZ
    return View("tokens", digits, row_ms, lambda one: vectors(one.codes, digits))


def voice_view() -> View:
    """The voice codewords, as vectors."""
    digits = len(VOICE_LEVELS)
    return View("voice", digits, VOICE_PERIOD_MS, lambda one: vectors(one.voice, digits))


def mel_view() -> View:
    """Log-mel, of which tokens and voice are made: the ceiling of what either can tell."""
    mel = LogMel()

    def rows(one: Spoken) -> Tensor:
        whole = len(one.pcm) // HOP_SAMPLES * HOP_SAMPLES
        wav = torch.from_numpy(one.pcm[:whole].astype(np.float32) / 32768)
        features: Tensor = mel(wav[None], None)[0]
        return features

    return View("log-mel", N_MELS, LABEL_MS, rows)


def vectors(codes: NDArray[np.int64], digits: int) -> Tensor:
    """Codes ``[N]`` -> their FSQ vectors float32 ``[N, digits]`` in [-1, 1]."""
    levels = digits_of(codes, digits).astype(np.float32)
    return torch.from_numpy(levels / ((LEVELS - 1) / 2) - 1)
