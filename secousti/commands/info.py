"""``secousti info``: what a ``.sec`` file holds, as JSON."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from secousti.commands.words import Subparsers, describe

TEXT = """\
Prints one JSON object: seconds, rate, tokens, bits and bps. All bits of the token stream
are counted, the voice codewords too; the file's own header is not part of the stream.

  secousti info talk.sec
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "info", "Say what a token file holds", TEXT)
    parser.add_argument("tokens", type=Path, metavar="X.sec")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from codec.file import read_sec
    from secousti.files import existing

    tokens = read_sec(existing(args.tokens, "a .sec file"))
    facts = {
        "seconds": tokens.seconds,
        "rate": tokens.rate,
        "tokens": int(tokens.codes.shape[-1]),
        "bits": tokens.bits_sent,
        "bps": round(tokens.bps, 2),
    }
    print(json.dumps(facts))
    return 0
