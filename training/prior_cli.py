"""``secousti train prior``: tokens of the training speech, then a prior fitted to them."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from codec.codec import load_codec
from codec.entropy.prior import packaged_prior
from codec.errors import SecoustiError
from codec.rates import RATES, rate_named
from training.batches import BatchConfig
from training.corpus import load_corpus
from training.prior import Fitted, PriorConfig, fit_prior, save_prior
from training.prior_tokens import TokenCorpus, load_tokens, sender_hash

TOKENS_SHARE = 0.4  # of the time may go into coding speech; what the cache holds costs none


def add_prior_parser(kinds: Any) -> None:
    """Mounts ``train prior`` under the given argparse sub-commands."""
    prior = kinds.add_parser("prior", help="the prior that codes files smaller and conceals losses")
    prior.add_argument("--rate", choices=sorted(RATES), required=True)
    prior.add_argument("--manifest", type=Path, required=True, help="TSV of speech")
    prior.add_argument("--minutes", type=float, default=4.0, help="CPU time (default: 4)")
    prior.add_argument("--cache", type=Path, default=Path("runs/corpus"), help="decoded speech")
    prior.add_argument("--weights", type=Path, help="codec weights (default: the packaged ones)")
    prior.add_argument("--out", type=Path, help="where it goes (default: beside the weights)")
    prior.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    prior.set_defaults(run=run_prior)


def run_prior(args: argparse.Namespace) -> int:
    """Fits and writes the prior; prints what it saves on utterances it has not seen."""
    if args.minutes <= 0:
        raise SecoustiError(f"--minutes must be positive, got {args.minutes}")
    torch.manual_seed(0)
    torch.set_num_threads(max(1, args.threads))
    rate = rate_named(args.rate)
    began = time.process_time()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns) as bar:
        task = bar.add_task("coding speech", total=1.0)
        tokens, sender = _tokens(args, lambda done: bar.update(task, completed=TOKENS_SHARE * done))
        left_s = max(1.0, 60 * args.minutes - (time.process_time() - began))

        def report(done: float, step: int, bits: float) -> None:
            whole = TOKENS_SHARE + (1 - TOKENS_SHARE) * done
            bar.update(task, completed=whole, description=f"step {step} {bits:.2f} bits a token")

        fitted = fit_prior(tokens, rate, PriorConfig(), left_s, report)
    out = args.out or packaged_prior(rate)
    save_prior(out, fitted, {"rate": rate.name, "sender": sender, "tokens": str(len(tokens.codes))})
    print(f"{out}: {_summary(fitted)}")
    return 0


def _tokens(args: argparse.Namespace, report: Any) -> tuple[TokenCorpus, str]:
    model = load_codec(args.rate, args.weights, backend="torch").model
    corpus = load_corpus(args.manifest, "train", args.cache)
    seconds = TOKENS_SHARE * 60 * args.minutes
    weights = BatchConfig().source_weights
    return load_tokens(corpus, model, args.cache, seconds, report, weights), sender_hash(model)


def _summary(fitted: Fitted) -> str:
    return (
        f"{fitted.nominal_bps:.0f} -> {fitted.coded_bps:.0f} bits per second, "
        f"{100 * fitted.saved:.1f} % saved on unseen utterances, {fitted.steps} steps"
    )
