"""``secousti decode``: a ``.sec`` file becomes speech again."""

from __future__ import annotations

import argparse
from pathlib import Path

from secousti.commands.words import Subparsers, add_weights, describe

TEXT = """\
The rate is read from the file. The output is 16 kHz mono, as long as what was encoded.

  secousti decode talk.sec talk-again.wav
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "decode", "Turn tokens back into a sound file", TEXT)
    parser.add_argument("tokens", type=Path, metavar="IN.sec")
    parser.add_argument("audio", type=Path, metavar="OUT.wav")
    add_weights(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from codec import load_codec
    from codec.file import read_sec
    from secousti.files import existing, replacing
    from secousti.recoding import decode_file

    tokens = read_sec(existing(args.tokens, "a .sec file"))
    codec = load_codec(tokens.rate, weights=args.weights)
    with replacing(args.audio) as draft:
        decode_file(codec, tokens, draft)
    print(f"{args.audio}: {tokens.seconds:.2f} s")
    return 0
