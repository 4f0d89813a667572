"""``secousti train``: from a manifest of speech to released weights in one command."""

from __future__ import annotations

import argparse
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from codec.errors import SecoustiError
from codec.rates import RATES, rate_named
from training.alignment import align_corpus
from training.batches import Batch, BatchConfig, Batches
from training.checkpoint import export_weights
from training.codec_trainer import CodecTrainer, jsonl_reporter
from training.corpus import Corpus, load_corpus
from training.librispeech import SUBSETS, write_manifest
from training.phones import PhoneLabels, open_labels
from training.recipe import CODEC_STAGES, stages_from


def add_parser(subparsers: Any) -> None:
    """Mounts ``train codec`` under the given argparse sub-commands."""
    train = subparsers.add_parser("train", help="train the codec on your own speech")
    kinds = train.add_subparsers(dest="kind", required=True)
    codec = kinds.add_parser("codec", help="one operating point of the codec")
    codec.add_argument("--rate", choices=sorted(RATES), default="high")
    codec.add_argument("--minutes", type=float, required=True, help="training time of all legs")
    codec.add_argument("--manifest", type=Path, required=True, help="TSV of speech")
    codec.add_argument("--out", type=Path, default=Path("runs/codec"), help="run folder")
    codec.add_argument("--cache", type=Path, help="decoded speech (default: OUT/corpus)")
    codec.add_argument("--resume", action="store_true", help="go on from OUT/checkpoint.pt")
    codec.add_argument("--start-from", type=Path, help="another run's checkpoint to begin with")
    codec.add_argument("--first-stage", default=CODEC_STAGES[0].name)
    codec.add_argument("--threads", type=int, default=0, help="CPU threads (default: all)")
    codec.add_argument("--seed", type=int, default=0)
    codec.set_defaults(run=run_codec)
    aligning = kinds.add_parser("align", help="label a corpus with phones, for the text losses")
    aligning.add_argument("--manifest", type=Path, required=True, help="TSV of speech")
    aligning.add_argument("--split", default="train")
    aligning.add_argument("--cache", type=Path, required=True, help="decoded speech, as for codec")
    aligning.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    aligning.set_defaults(run=run_align)
    listing = kinds.add_parser("manifest", help="list a LibriSpeech subset for training")
    listing.add_argument("--root", type=Path, required=True, help="folder that holds LibriSpeech/")
    listing.add_argument("--subset", choices=SUBSETS, required=True)
    listing.add_argument("--split", default="train")
    listing.add_argument("--out", type=Path, required=True, help="the manifest to write")
    listing.set_defaults(run=run_manifest)


def run_manifest(args: argparse.Namespace) -> int:
    """Writes the manifest of one LibriSpeech subset."""
    count = write_manifest(args.root, args.subset, args.split, args.out)
    print(f"{count} utterances in {args.out}")
    return 0


def run_align(args: argparse.Namespace) -> int:
    """Labels every utterance whose transcript allows it; ``train codec`` finds the labels."""
    outcome = align_corpus(args.manifest, args.split, args.cache, max(1, args.jobs))
    for what, count in outcome.most_common():
        print(f"{count:7d} {what}")
    return 0


def run_codec(args: argparse.Namespace) -> int:
    """Trains, then writes ``OUT/RATE.safetensors`` (averaged weights, float16)."""
    if args.minutes <= 0:
        raise SecoustiError(f"--minutes must be positive, got {args.minutes}")
    torch.manual_seed(args.seed)
    if args.threads:
        torch.set_num_threads(args.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    stages = stages_from(args.first_stage)
    trainer = CodecTrainer(rate_named(args.rate), stages, args.out, device)
    if args.resume and trainer.checkpoint_path.is_file():
        trainer.resume()
    elif args.start_from:
        trainer.start_from(args.start_from)
    cache = args.cache or args.out / "corpus"
    corpus = load_corpus(args.manifest, "train", cache)
    phones = open_labels(corpus, cache, "train")
    if phones is None and any(stage.phones or stage.contrast for stage in stages):
        print("no phone labels: training without text (make them with 'secousti train align')")
    _train(trainer, _batches(corpus, phones, args.seed), args)
    metadata = {
        "rate": args.rate,
        "steps": str(trainer.progress.step),
        "minutes": f"{trainer.progress.elapsed_s / 60:.1f}",
        "hours_of_speech": f"{corpus.hours:.2f}",
        "utterances_with_phones": str(phones.fitting if phones else 0),
    }
    export_weights(args.out / f"{args.rate}.safetensors", trainer.average.values, metadata)
    return 0


def _batches(corpus: Corpus, phones: PhoneLabels | None, seed: int) -> Callable[[int, int], Batch]:
    by_size: dict[int, Batches] = {}

    def batch(step: int, size: int) -> Batch:
        if size not in by_size:
            by_size[size] = Batches(corpus, BatchConfig(batch=size), seed, phones)
        return by_size[size](step)

    return batch


def _train(
    trainer: CodecTrainer, batches: Callable[[int, int], Batch], args: argparse.Namespace
) -> None:
    stopped: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda signum, _frame: stopped.append(signum))
    log = jsonl_reporter(args.out / "log.jsonl")
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns) as bar:
        task = bar.add_task("training", total=60 * args.minutes)
        shown = 0.0

        def report(values: dict[str, Any]) -> None:
            nonlocal shown
            log(values)
            if time.monotonic() - shown > 1:
                shown = time.monotonic()
                text = f"{values['stage']} step {values['step']} mel {values['mel']:.3f}"
                bar.update(task, completed=trainer.progress.elapsed_s, description=text)

        trainer.run(batches, args.minutes, report, lambda: bool(stopped))
