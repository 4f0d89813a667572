"""``secousti replay``: a token log becomes the call's audio again, bit for bit."""

from __future__ import annotations

import argparse
from pathlib import Path

from secousti.commands.words import Subparsers, add_weights, describe

TEXT = """\
Reads the token log of a call, as 'secousti call' and 'secousti serve --log-dir' leave it,
and writes what each side heard: greeting.wav and reply-1.wav ... for the caller, caller.wav
for the agent. With the same weights the samples equal those of the call.

  secousti replay calls/latest/call.jsonl --out again
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "replay", "Turn a call's token log back into audio", TEXT)
    parser.add_argument("log", type=Path, metavar="LOG.jsonl")
    parser.add_argument("--out", type=Path, required=True, help="folder for the sound files")
    add_weights(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from secousti.replay import replay

    for path in replay(args.log, args.out, args.weights):
        print(path)
    return 0
