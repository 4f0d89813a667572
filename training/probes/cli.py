"""The words of ``secousti bench tokens``, which the command ``secousti bench`` mounts."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import Any

TEXT = """\
Small networks read the tokens of speech: phones, text and speaker. They learn from the split
'train' of a speech table (columns file, split, speaker, source, transcript) and are tested on the
split 'valid'. Both need phone labels, made once:

  secousti train align --manifest speech.tsv --split train --cache runs/corpus
  secousti train align --manifest speech.tsv --split valid --cache runs/corpus
  secousti bench tokens --manifest speech.tsv --cache runs/corpus --json R.json

With the defaults a rate takes about five minutes of one core."""


def add_tokens_parser(subparsers: Any) -> None:
    """Mounts ``bench tokens`` under the given argparse sub-commands."""
    parser = subparsers.add_parser(
        "tokens",
        help="Measure what the tokens carry: phones, text, speaker, bits",
        description=f"Measure what the tokens carry.\n\n{TEXT}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--manifest", type=Path, required=True, metavar="TSV")
    parser.add_argument(
        "--cache", type=Path, default=Path("runs/corpus"), metavar="DIR", help="decoded speech"
    )
    parser.add_argument("--rates", type=_names, default=["low", "high"], help="low,high")
    parser.add_argument("--weights", type=Path, metavar="DIR", help="other weights of our codec")
    parser.add_argument(
        "--minutes", type=float, metavar="N", help="of speech to learn from (default: 75)"
    )
    parser.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="train every probe so often (default: 1)"
    )
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the numbers go")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Probes the rates; prints a table and writes the report."""
    import torch

    from codec.errors import SecoustiError
    from training.probes.data import Selection
    from training.probes.session import TokenBench, run_tokens

    if args.seeds < 1 or (args.minutes is not None and args.minutes <= 0) or not args.rates:
        raise SecoustiError("--seeds and --minutes must be positive, and --rates name a rate")
    torch.set_num_threads(max(1, args.threads))
    bench = TokenBench(
        manifest=args.manifest,
        cache=args.cache,
        rates=tuple(args.rates),
        weights=args.weights,
        seeds=args.seeds,
        selection=Selection(args.minutes) if args.minutes else Selection(),
        json=args.json,
        command=shlex.join(["secousti", *sys.argv[1:]]),
    )
    run_tokens(bench)
    return 0


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]
