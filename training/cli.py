"""``secousti train``: from a manifest of speech to released weights in one command."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from codec.rates import RATES
from training.ablation import IDEAS
from training.alignment import align_corpus
from training.codec_run import run_codec
from training.librispeech import SUBSETS, write_manifest
from training.prior_cli import add_prior_parser
from training.recipe import CODEC_STAGES
from training.saying_cli import add_say_parser


def add_parser(subparsers: Any) -> None:
    """Mounts ``train`` and its kinds under the given argparse sub-commands."""
    train = subparsers.add_parser("train", help="train the codec on your own speech")
    kinds = train.add_subparsers(dest="kind", required=True)
    _add_codec(kinds)
    _add_align(kinds)
    _add_manifest(kinds)
    add_prior_parser(kinds)
    add_say_parser(kinds)


def _add_codec(kinds: Any) -> None:
    codec = kinds.add_parser("codec", help="one operating point of the codec")
    codec.add_argument("--rate", choices=sorted(RATES), default="high")
    length = codec.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, default=0.0, help="training time of all legs")
    length.add_argument("--steps", type=int, default=0, help="their steps, to compare runs by")
    codec.add_argument("--manifest", type=Path, required=True, help="TSV of speech")
    codec.add_argument("--out", type=Path, default=Path("runs/codec"), help="run folder")
    codec.add_argument("--cache", type=Path, help="decoded speech (default: OUT/corpus)")
    codec.add_argument("--noise", type=Path, help="TSV of noise to train with (default: made)")
    codec.add_argument("--resume", action="store_true", help="go on from OUT/checkpoint.pt")
    codec.add_argument(
        "--start-from", type=Path, help="another run's checkpoint.pt, or released weights"
    )
    names = [stage.name for stage in CODEC_STAGES]
    codec.add_argument("--first-stage", default=names[0], help=f"one of {', '.join(names)}")
    codec.add_argument("--batch", type=int, default=0, help="crops a step (default: the recipe's)")
    codec.add_argument(
        "--without", default="", metavar="IDEAS", help=f"for ablations, some of {','.join(IDEAS)}"
    )
    codec.add_argument("--threads", type=int, default=0, help="CPU threads (default: all)")
    codec.add_argument("--seed", type=int, default=0)
    codec.set_defaults(run=run_codec)


def _add_align(kinds: Any) -> None:
    aligning = kinds.add_parser("align", help="label a corpus with phones, for the text losses")
    aligning.add_argument("--manifest", type=Path, required=True, help="TSV of speech")
    aligning.add_argument("--split", default="train")
    aligning.add_argument("--cache", type=Path, required=True, help="decoded speech, as for codec")
    aligning.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    aligning.set_defaults(run=run_align)


def _add_manifest(kinds: Any) -> None:
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
