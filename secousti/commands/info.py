"""``secousti info``: what a ``.sec`` file holds, as JSON."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from secousti.commands.words import Subparsers, describe

TEXT = """\
Prints one JSON object: seconds, rate, tokens, and what they cost. bits and bps are nominal, as
packets carry them; coded_bits and coded_bps as 'secousti encode --coded' writes them. All bits
of the token stream are counted, the voice codewords too; the header of 11 to 14 bytes is only
part of file_bytes.

  secousti info talk.sec
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "info", "Say what a token file holds", TEXT)
    parser.add_argument("tokens", type=Path, metavar="X.sec")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from codec.entropy.coding import coded_bits
    from codec.entropy.prior import prior_of
    from codec.file import read_sec
    from secousti.files import existing

    tokens = read_sec(existing(args.tokens, "a .sec file"))
    coded = coded_bits(tokens, prior_of(tokens.rate))
    facts = {
        "seconds": tokens.seconds,
        "rate": tokens.rate,
        "tokens": int(tokens.codes.shape[-1]),
        "bits": tokens.bits_sent,
        "bps": round(tokens.bps, 2),
        "coded_bits": round(coded),
        "coded_bps": round(coded / tokens.seconds, 2),
        "file_bytes": args.tokens.stat().st_size,
    }
    print(json.dumps(facts))
    return 0
