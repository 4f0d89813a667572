"""All metrics of one clip at once, with whatever of them is installed here."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from codec.bench.metrics import intrusive
from codec.bench.metrics.intrusive import UnscoredError, Wave
from codec.bench.metrics.predicted import Opinion, load_distillmos, load_dnsmos
from codec.bench.metrics.speaker import load_similarity
from codec.bench.metrics.words import Recognise, WordErrors, word_errors
from codec.errors import SecoustiError

Metric = Callable[[Wave, Wave], float]

METRICS = ("pesq_wb", "pesq_nb", "stoi", "estoi", "wer", "spk_sim", "dnsmos", "distillmos")
PACKAGES = {
    "pesq_wb": "pesq",
    "pesq_nb": "pesq",
    "stoi": "pystoi",
    "estoi": "pystoi",
    "spk_sim": "resemblyzer",
    "dnsmos": "speechmos",
    "distillmos": "distillmos",
}


@dataclass(frozen=True)
class ClipScores:
    """The metrics of one clip: values, word errors if counted, and what had no value."""

    values: Mapping[str, float]
    words: WordErrors | None
    unscored: Sequence[str]


@dataclass(frozen=True)
class Scorer:
    """The wanted metrics that can run here, and a message for each that cannot."""

    metrics: Mapping[str, Metric]
    recognise: Recognise | None = None
    missing: Sequence[str] = field(default=())

    def score(self, reference: Wave, decoded: Wave, transcript: str) -> ClipScores:
        """Every metric of ``decoded`` against ``reference``, float32 ``[T]`` at 16 kHz, aligned.

        Words are counted against ``transcript``, unless that is empty.
        """
        values = {}
        unscored = []
        for name, metric in self.metrics.items():
            try:
                values[name] = metric(reference, decoded)
            except UnscoredError:
                unscored.append(name)
        return ClipScores(values, self._words(decoded, transcript), unscored)

    def _words(self, decoded: Wave, transcript: str) -> WordErrors | None:
        if self.recognise is None or not transcript:
            return None
        return word_errors(transcript, self.recognise(decoded))


def load_scorer(wanted: Sequence[str] = METRICS, recognise: Recognise | None = None) -> Scorer:
    """Load the ``wanted`` metrics; raises :class:`SecoustiError` for an unknown name.

    A metric whose package is not installed is named in ``missing`` and left out, and so is word
    error where no ``recognise`` is given.
    """
    unknown = [name for name in wanted if name not in METRICS]
    if unknown:
        raise SecoustiError(f"unknown metric {unknown[0]!r}: choose from {', '.join(METRICS)}")
    metrics: dict[str, Metric] = {}
    missing = []
    for name in wanted:
        metric = None if name == "wer" else _load(name)
        if metric is not None:
            metrics[name] = metric
        elif name != "wer":
            missing.append(f"{name} skipped: pip install {PACKAGES[name]}")
        elif recognise is None:
            missing.append("wer skipped: no recogniser is installed")
    return Scorer(metrics, recognise if "wer" in wanted else None, missing)


def _load(name: str) -> Metric | None:
    if importlib.util.find_spec(PACKAGES[name]) is None:
        return None
    if name == "spk_sim":
        return load_similarity()
    if name == "dnsmos":
        return _of_decoded(load_dnsmos())
    if name == "distillmos":
        return _of_decoded(load_distillmos())
    metric: Metric = getattr(intrusive, name)
    return metric


def _of_decoded(opinion: Opinion | None) -> Metric | None:
    """A metric of the decoded signal alone, in the shape of one that compares."""
    return opinion and (lambda _, decoded: opinion(decoded))
