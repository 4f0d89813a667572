"""One run of ``secousti bench tokens``: every probe on every rate, a report and a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from codec.bench.metrics.words import WordErrors
from codec.bench.peers.secousti import load_rate
from codec.bench.report import machine, write_json
from codec.model import SecoustiModel
from codec.rates import Rate
from training.prior_tokens import sender_hash
from training.probes import leakage, phones, retrieval
from training.probes.codebook import codebook
from training.probes.data import (
    Selection,
    Split,
    Spoken,
    View,
    choose,
    mel_view,
    open_split,
    spoken,
    token_view,
    voice_view,
)
from training.probes.leakage import Question, column_question, speaker_question
from training.probes.net import ProbeConfig

COLUMNS = ("gender", "emotion")
CONVENTIONS = {
    "split": "probes learn from the split 'train' and are tested on the speakers of 'valid'; "
    "leakage learns and is tested within 'train'",
    "phone_error_rate": "greedy CTC, no language model, against the aligner's phones without "
    "silence; compare with the same network on log-mel",
    "moments": "one token finds its 10-40 ms of text among n, or the text its token",
    "stretches": "1.28 s of tokens find their text among those of n utterances, or back",
    "leakage": "share of right answers from 4 s, every answer weighing the same",
    "ci95": "95 % percentile bootstrap, 1000 resamples; over utterances, leakage over speakers",
    "encoder": "hash of the weights that decide the tokens",
}


@dataclass(frozen=True)
class Probes:
    """Size and schedule of each kind of probe."""

    phones: ProbeConfig = phones.CONFIG
    retrieval: ProbeConfig = retrieval.CONFIG
    leakage: ProbeConfig = leakage.CONFIG


@dataclass(frozen=True)
class TokenBench:
    """What to probe and where the numbers go; the fields are the command's options."""

    manifest: Path
    cache: Path
    rates: tuple[str, ...] = ("low", "high")
    weights: Path | None = None
    seeds: int = 1
    selection: Selection = field(default_factory=Selection)
    probes: Probes = field(default_factory=Probes)
    json: Path | None = None
    command: str = ""


@dataclass(frozen=True)
class Speech:
    """What the probes of one rate learn from and are tested on."""

    learnt: list[Spoken]
    tested: list[Spoken]

    def questions(self, each: int) -> dict[str, Question | str]:
        """What the classifiers are asked, by name."""
        telling = [one for one in self.learnt if len(one.voice)]
        asked = {column: column_question(telling, column) for column in COLUMNS}
        return {"speaker": speaker_question(telling, each)} | asked


def run_tokens(bench: TokenBench) -> dict[str, Any]:
    """Run every probe; writes the file asked for and returns the report.

    Raises :class:`codec.errors.SecoustiError` for a malformed manifest, a split that is missing or
    without phone labels, an unknown rate or missing weights.
    """
    models = {rate: load_rate(rate, bench.weights).model for rate in bench.rates}
    splits = [open_split(bench.manifest, name, bench.cache) for name in ("train", "valid")]
    report: dict[str, Any] = {"rates": {}, "log_mel": None}
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        for rate, model in models.items():
            speech = _speech(bench, splits, model, _bar(progress, f"{rate}: coding speech"))
            if report["log_mel"] is None:
                report["log_mel"] = _ceiling(bench, speech, progress)
            report["rates"][rate] = _probed(bench, speech, model, progress)
    report |= {
        "seeds": list(range(bench.seeds)),
        "conventions": CONVENTIONS,
        "machine": machine(),
        "command": bench.command,
    }
    if bench.json:
        write_json(bench.json, report)
    Console().print(table(report))
    return report


def _bar(progress: Progress, text: str, runs: int = 1) -> Callable[[float], None]:
    """A bar that fills ``runs`` times over, each from 0 to 1."""
    task, finished = progress.add_task(text, total=runs), 0

    def report(done: float) -> None:
        nonlocal finished
        progress.update(task, completed=finished + done)
        finished += done >= 1

    return report


def _speech(
    bench: TokenBench,
    splits: Sequence[Split],
    model: SecoustiModel,
    report: Callable[[float], None],
) -> Speech:
    train, valid = splits
    how = bench.selection
    learnt = choose(train, how.learn_minutes, how.speakers, how.each)
    tested = choose(valid, how.test_minutes)
    speech = Speech(
        spoken(train, learnt, model, bench.cache, report),
        spoken(valid, tested, model, bench.cache, report),
    )
    report(1.0)
    return speech


def _ceiling(bench: TokenBench, speech: Speech, progress: Progress) -> dict[str, Any]:
    """The probes on log-mel, which are the same for every rate."""
    view = mel_view()
    return {
        "phones": _phones(bench, speech, view, _bar(progress, "log-mel: phones", bench.seeds)),
        "leakage": _leakage(bench, speech, view, progress, "log-mel"),
    }


def _probed(
    bench: TokenBench, speech: Speech, model: SecoustiModel, progress: Progress
) -> dict[str, Any]:
    """Everything that is asked of the tokens of one rate."""
    rate, view = model.rate, token_view(model.rate)
    bar = _bar(progress, f"{rate.name}: phones", bench.seeds)
    return {
        "encoder": sender_hash(model),
        "speech": {
            "learnt_minutes": _minutes(speech.learnt),
            "learnt_utterances": len(speech.learnt),
            "tested_minutes": _minutes(speech.tested),
            "tested_utterances": len(speech.tested),
            "tested_speakers": len({one.row["speaker"] for one in speech.tested}),
        },
        "phones": _phones(bench, speech, view, bar),
        "retrieval": _retrieval(bench, speech, rate, _bar(progress, f"{rate.name}: retrieval")),
        "leakage": {
            "tokens": _leakage(bench, speech, view, progress, f"{rate.name} tokens"),
            "voice": _leakage(bench, speech, voice_view(), progress, f"{rate.name} voice"),
        },
        "codebook": codebook(rate, [*speech.tested, *speech.learnt]),
    }


def _phones(
    bench: TokenBench, speech: Speech, view: View, report: Callable[[float], None]
) -> dict[str, Any]:
    errors: list[WordErrors] = []
    for seed in range(bench.seeds):
        errors += phones.phone_errors(
            view, speech.learnt, speech.tested, seed, report, bench.probes.phones
        )
    sources = [one.row["source"] for one in speech.tested if one.labelled]
    return phones.summary(errors, sources * bench.seeds)


def _retrieval(
    bench: TokenBench, speech: Speech, rate: Rate, report: Callable[[float], None]
) -> dict[str, Any]:
    return retrieval.retrieval(
        rate,
        token_view(rate),
        speech.learnt,
        speech.tested,
        seed=0,
        report=report,
        config=bench.probes.retrieval,
    )


def _leakage(
    bench: TokenBench, speech: Speech, view: View, progress: Progress, name: str
) -> dict[str, Any]:
    questions = speech.questions(bench.selection.each)
    report = _bar(progress, f"{name}: {', '.join(questions)}", bench.seeds * len(questions))
    seeds = range(bench.seeds)
    return {
        what: leakage.leakage(view, asked, seeds, report, bench.probes.leakage)
        for what, asked in questions.items()
    }


def _minutes(utterances: Sequence[Spoken]) -> float:
    return round(float(np.sum([one.seconds for one in utterances])) / 60, 1)


def table(report: dict[str, Any]) -> Table:
    """One line for each measure, one column for each rate, log-mel last."""
    grid = Table(box=None, pad_edge=False)
    grid.add_column("")
    for rate in (*report["rates"], "log-mel", "by chance"):
        grid.add_column(rate, justify="right")
    for name, path, scale in LINES:
        cells = [_cell(found, path, scale) for found in report["rates"].values()]
        mel = _cell(report["log_mel"], [key for key in path if key != "tokens"], scale)
        first = next(iter(report["rates"].values()))
        chance = _cell(first, [*path[:-1], "by_chance"], scale)
        grid.add_row(name, *cells, mel, chance)
    return grid


LINES: list[tuple[str, list[str], float]] = [
    ("phone error %", ["phones", "phone_error_rate"], 100),
    ("phones named each 20 ms %", ["retrieval", "phones_named_each_20_ms"], 100),
    ("text of a token, best 1 %", ["retrieval", "moments", "text_of_speech_top1", "share"], 100),
    ("text of a token, best 5 %", ["retrieval", "moments", "text_of_speech_top5", "share"], 100),
    ("text of 1.28 s, best 1 %", ["retrieval", "stretches", "text_of_speech_top1", "share"], 100),
    ("speaker from tokens %", ["leakage", "tokens", "speaker", "accuracy"], 100),
    ("speaker from voice %", ["leakage", "voice", "speaker", "accuracy"], 100),
    ("gender from tokens %", ["leakage", "tokens", "gender", "accuracy"], 100),
    ("gender from voice %", ["leakage", "voice", "gender", "accuracy"], 100),
    ("codes used %", ["codebook", "tokens", "share_used"], 100),
    ("entropy of a token, bits", ["codebook", "tokens", "entropy_bits"], 1),
    ("entropy of its digits, bits", ["codebook", "tokens", "digits_entropy_bits"], 1),
    ("bits per second, coded", ["codebook", "bits_per_second", "coded"], 1),
]


def _cell(found: Any, path: Sequence[str], scale: float) -> str:
    """The number at ``path``, or a dash where there is none."""
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return "-" if found is None else f"{scale * found:.1f}"
