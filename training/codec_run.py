"""One training run of the codec as a command asks for it: data, trainer, journal, export."""

from __future__ import annotations

import argparse
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from codec.errors import SecoustiError
from codec.rates import rate_named
from training.ablation import ideas_named
from training.batches import Batch, BatchConfig, Batches
from training.channel import ChannelConfig, Channels
from training.checkpoint import export_weights
from training.codec_trainer import Budget, CodecTrainer
from training.corpus import Corpus, load_corpus, read_manifest
from training.journal import Journal
from training.phones import PhoneLabels, open_labels
from training.ranks import Ranks
from training.recipe import stages_from
from training.watch import Watch

Report = Callable[[dict[str, Any]], None]


def run_codec(args: argparse.Namespace) -> int:
    """Trains, then writes ``OUT/RATE.safetensors`` (averaged weights)."""
    budget = _budget(args)
    if args.batch < 0:
        raise SecoustiError(f"--batch must be positive, got {args.batch}")
    if args.threads:
        torch.set_num_threads(args.threads)
    ranks = Ranks.join()
    try:
        _run(args, budget, ranks)
    finally:
        ranks.leave()
    return 0


def _budget(args: argparse.Namespace) -> Budget:
    if args.steps:
        if args.steps < 0:
            raise SecoustiError(f"--steps must be positive, got {args.steps}")
        return Budget(steps=args.steps)
    if args.minutes <= 0:
        raise SecoustiError(f"--minutes must be positive, got {args.minutes}: or give --steps")
    return Budget(minutes=args.minutes)


def _run(args: argparse.Namespace, budget: Budget, ranks: Ranks) -> None:
    torch.manual_seed(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    stages, without = stages_from(args.first_stage), ideas_named(args.without)
    trainer = CodecTrainer(rate_named(args.rate), stages, args.out, device, without, ranks)
    if args.resume and trainer.checkpoint_path.is_file():
        trainer.resume()
    elif args.start_from:
        trainer.start_from(args.start_from)
    corpus, noise, phones = _data(args, ranks)
    if phones is None and any(stage.phones or stage.contrast for stage in trainer.stages):
        _tell(ranks, "no phone labels: training without text ('secousti train align' makes them)")
    batches = _batches(args, corpus, noise, phones, args.seed * ranks.count + ranks.rank)
    stop = _stop_signal()
    if ranks.leads:
        with Shown(args, budget, trainer) as shown:
            trainer.run(batches, budget, shown.step, stop)
            shown.end()
        _export(args, trainer, corpus, phones)
    else:
        trainer.run(batches, budget, _ignore, stop)


class Shown:
    """What a person sees of a run, and what it leaves to read."""

    def __init__(self, args: argparse.Namespace, budget: Budget, trainer: CodecTrainer) -> None:
        self._trainer, self._budget = trainer, budget
        self._journal = Journal(args.out)
        self._watch = _watch(args, self._journal)
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns)
        self._task = self._bar.add_task("training", total=1.0)
        self._shown = 0.0

    def __enter__(self) -> Shown:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def step(self, values: dict[str, Any]) -> None:
        """One step is done."""
        self._journal.step(values)
        self._look(values["stage"])
        if time.monotonic() - self._shown > 1:
            self._shown = time.monotonic()
            text = f"{values['stage']} step {values['step']} mel {values['mel']:.3f}"
            done = self._budget.share(self._trainer.progress)
            self._bar.update(self._task, completed=done, description=text)

    def end(self) -> None:
        """The last look, at what is exported."""
        self._look(self._trainer.progress.stage, at_once=True)

    def _look(self, stage: str, at_once: bool = False) -> None:
        if self._watch is None:
            return
        trainer = self._trainer
        scores = self._watch.look(
            trainer.model, trainer.average, trainer.progress.step, stage, at_once
        )
        if scores:
            told = ", ".join(f"{name} {value:.3f}" for name, value in scores.items())
            self._bar.console.print(f"step {trainer.progress.step}, unseen: {told}")


def _data(
    args: argparse.Namespace, ranks: Ranks
) -> tuple[Corpus, Corpus | None, PhoneLabels | None]:
    """Speech, noise and phones to train with; decoded by rank 0 where they were not before."""
    cache = args.cache or args.out / "corpus"
    if not ranks.leads:
        ranks.wait()
    corpus = load_corpus(args.manifest, "train", cache)
    noise = load_corpus(args.noise, "train", cache / "noise") if args.noise else None
    if ranks.leads:
        ranks.wait()
    return corpus, noise, open_labels(corpus, cache, "train")


def _watch(args: argparse.Namespace, journal: Journal) -> Watch | None:
    if not any(row["split"] == "valid" for row in read_manifest(args.manifest)):
        print("no rows of split 'valid': the run is not scored on the way")
        return None
    cache = args.cache or args.out / "corpus"
    return Watch(load_corpus(args.manifest, "valid", cache), journal)


def _batches(
    args: argparse.Namespace,
    corpus: Corpus,
    noise: Corpus | None,
    phones: PhoneLabels | None,
    seed: int,
) -> Callable[[int, int], Batch]:
    """Crops of step and stage; ``--batch`` overrules the stage's own number."""
    by_size: dict[int, Batches] = {}
    channels = Channels(ChannelConfig(), noise)

    def batch(step: int, planned: int) -> Batch:
        crops = args.batch or planned
        if crops not in by_size:
            by_size[crops] = Batches(corpus, BatchConfig(batch=crops), seed, phones, channels)
        return by_size[crops](step)

    return batch


def _export(
    args: argparse.Namespace, trainer: CodecTrainer, corpus: Corpus, phones: PhoneLabels | None
) -> None:
    metadata = {
        "rate": args.rate,
        "steps": str(trainer.progress.step),
        "minutes": f"{trainer.progress.elapsed_s / 60:.1f}",
        "hours_of_speech": f"{corpus.hours:.2f}",
        "utterances_with_phones": str(phones.fitting if phones else 0),
        "without": ",".join(sorted(trainer.without)),
    }
    path: Path = args.out / f"{args.rate}.safetensors"
    export_weights(path, trainer.average.values, metadata)


def _stop_signal() -> Callable[[], bool]:
    """Whether Ctrl-C or a termination signal has come; the run then ends with a checkpoint."""
    stopped: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda signum, _frame: stopped.append(signum))
    return lambda: bool(stopped)


def _tell(ranks: Ranks, text: str) -> None:
    if ranks.leads:
        print(text)


def _ignore(values: dict[str, Any]) -> None:
    """The other ranks' report: rank 0 tells."""
