"""Run systems over the clips of a manifest and sum up what came out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from codec.audio import read_audio
from codec.bench.manifest import Clip
from codec.bench.metrics.intrusive import Wave
from codec.bench.metrics.scorer import METRICS, ClipScores, Scorer
from codec.bench.metrics.statistics import bootstrap, mean
from codec.bench.metrics.words import word_error_rate
from codec.bench.peers.base import Coded, System
from codec.errors import SecoustiError
from codec.rates import SAMPLE_RATE_HZ

Interval = tuple[float, float]

PCM_BITS = 16


@dataclass(frozen=True)
class Original:
    """The clips themselves as 16-bit samples: the ceiling that every metric has on this set."""

    name: str = "original"
    family: str = "Original"
    streaming: bool = True
    delay_samples: int = 0
    sample_rate_hz: int = SAMPLE_RATE_HZ
    note: str = "uncoded"

    def code(self, wave: Wave) -> Coded:
        """See :meth:`codec.bench.peers.base.System.code`."""
        return Coded(wave, PCM_BITS * len(wave))


@dataclass(frozen=True)
class SystemResult:
    """One system over all clips; ``coded_bps`` is what lossless coding leaves of ``bps``.

    ``values`` holds a mean (word error: a rate) for each metric that has one, ``ci95`` its 95 %
    bootstrap interval over clips. ``n`` clips came out whole; ``failed`` are those that the codec
    refused or for which some metric had no value, counted by cause in ``unscored``.
    """

    system: System
    bps: float
    coded_bps: float | None
    values: dict[str, float]
    ci95: dict[str, Interval]
    n: int
    failed: int
    unscored: dict[str, int]


@dataclass(frozen=True)
class Outcome:
    """One clip through one system; ``scores`` is ``None`` where the codec refused it."""

    samples: int
    bits: int
    scores: ClipScores | None
    coded_bits: int | None = None


def run_clip(system: System, scorer: Scorer, clip: Clip) -> Outcome:
    """Code and score one clip; raises :class:`SecoustiError` if it cannot be read."""
    wave = read_audio(clip.file).numpy()
    try:
        coded = system.code(wave)
    except SecoustiError:
        return Outcome(len(wave), 0, None)
    scores = scorer.score(wave, coded.wave, clip.transcript)
    return Outcome(len(wave), coded.bits, scores, coded.coded_bits)


def summarise(system: System, outcomes: Sequence[Outcome]) -> SystemResult:
    """Means, intervals and counts over the clips; bits over seconds, all coded clips together."""
    scored = [outcome for outcome in outcomes if outcome.scores is not None]
    scores = [outcome.scores for outcome in scored if outcome.scores is not None]
    values, ci95 = _averages(scores)
    unscored = Counter(name for clip in scores for name in clip.unscored)
    unscored["code"] = len(outcomes) - len(scored)
    failed = unscored["code"] + sum(1 for clip in scores if clip.unscored)
    seconds = sum(outcome.samples for outcome in scored) / SAMPLE_RATE_HZ
    return SystemResult(
        system=system,
        bps=sum(outcome.bits for outcome in scored) / seconds if seconds else 0.0,
        coded_bps=_coded_bps(scored, seconds),
        values=values,
        ci95=ci95,
        n=len(outcomes) - failed,
        failed=failed,
        unscored={name: count for name, count in unscored.items() if count},
    )


def _coded_bps(outcomes: Sequence[Outcome], seconds: float) -> float | None:
    bits = [outcome.coded_bits for outcome in outcomes if outcome.coded_bits is not None]
    return sum(bits) / seconds if bits else None


def _averages(clips: Sequence[ClipScores]) -> tuple[dict[str, float], dict[str, Interval]]:
    values: dict[str, float] = {}
    ci95: dict[str, Interval] = {}
    for name in METRICS:
        scores = [clip.values[name] for clip in clips if name in clip.values]
        if scores:
            values[name], ci95[name] = mean(scores), bootstrap(scores, mean)
    words = [clip.words for clip in clips if clip.words is not None]
    if words:
        values["wer"] = word_error_rate(words)
        ci95["wer"] = bootstrap(words, word_error_rate)
    return values, ci95
