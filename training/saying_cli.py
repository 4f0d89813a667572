"""``secousti train say``: a voice out of the codec's own tokens, from an aligned corpus."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from codec.codec import load_codec
from codec.errors import SecoustiError
from codec.rates import RATES, rate_named
from codec.speaking.speaker import packaged_speaker
from training.batches import BatchConfig
from training.corpus import load_corpus
from training.phones import open_labels
from training.prior_tokens import drawn_order, load_tokens, sender_hash
from training.saying import Line, SayTrainer, lines_of, steady_voice

TOKENS_SHARE = 0.3  # of the time may go into coding speech; what the cache holds costs none


def add_say_parser(kinds: Any) -> None:
    """Mounts ``train say`` under the given argparse sub-commands."""
    say = kinds.add_parser("say", help="a speaker from phones to tokens, for 'secousti say'")
    say.add_argument("--rate", choices=sorted(RATES), required=True)
    say.add_argument("--manifest", type=Path, required=True, help="TSV of speech")
    say.add_argument("--minutes", type=float, default=40.0, help="CPU time (default: 40)")
    say.add_argument("--cache", type=Path, default=Path("runs/corpus"), help="aligned speech")
    say.add_argument("--weights", type=Path, help="codec weights (default: the packaged ones)")
    say.add_argument("--speaker", default="", help="whose voice it has (default: who says most)")
    say.add_argument("--checkpoint", type=Path, default=Path("runs/say.pt"))
    say.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    say.add_argument("--out", type=Path, help="where it goes (default: beside the weights)")
    say.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    say.set_defaults(run=run_say)


def run_say(args: argparse.Namespace) -> int:
    """Trains, then writes the speaker."""
    if args.minutes <= 0:
        raise SecoustiError(f"--minutes must be positive, got {args.minutes}")
    torch.manual_seed(0)
    torch.set_num_threads(max(1, args.threads))
    rate = rate_named(args.rate)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns) as bar:
        task = bar.add_task("coding speech", total=1.0)
        lines, sender = _lines(args, lambda done: bar.update(task, completed=TOKENS_SHARE * done))
        voice = steady_voice(lines, args.speaker)
        trainer = SayTrainer(rate, lines)
        if args.resume and args.checkpoint.is_file():
            trainer.resume(args.checkpoint)

        def report(done: float, values: dict[str, float]) -> None:
            told = " ".join(f"{name} {value:.3f}" for name, value in values.items())
            whole = TOKENS_SHARE + (1 - TOKENS_SHARE) * done
            bar.update(task, completed=whole, description=f"step {trainer.step} {told}")

        trainer.run((1 - TOKENS_SHARE) * 60 * args.minutes, args.checkpoint, report)
    out = args.out or packaged_speaker(rate)
    trainer.export(out, voice, {"sender": sender, "lines": str(len(lines))})
    print(f"{out}: {trainer.step} steps on {len(lines)} utterances")
    return 0


def _lines(args: argparse.Namespace, report: Any) -> tuple[list[Line], str]:
    model = load_codec(args.rate, args.weights, backend="torch").model
    corpus = load_corpus(args.manifest, "train", args.cache)
    phones = open_labels(corpus, args.cache, "train")
    if phones is None:
        raise SecoustiError(f"{args.cache} holds no phone labels: run 'secousti train align' first")
    weights, seconds = BatchConfig().source_weights, TOKENS_SHARE * 60 * args.minutes
    tokens = load_tokens(corpus, model, args.cache, seconds, report, weights)
    return lines_of(corpus, phones, tokens, drawn_order(corpus, weights)), sender_hash(model)
