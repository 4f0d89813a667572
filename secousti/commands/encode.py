"""``secousti encode``: a sound file becomes a ``.sec`` file of tokens."""

from __future__ import annotations

import argparse
from pathlib import Path

from secousti.commands.words import Subparsers, add_config, add_rate, add_weights, describe

TEXT = """\
Reads WAV, FLAC, Ogg or Opus at any sample rate, mono or mixed down to mono, up to four hours;
what lasts longer than a minute shows a progress bar.

  secousti encode talk.wav talk.sec
  secousti encode talk.wav talk.sec --rate low
  secousti encode talk.wav talk.sec --coded

--coded writes the same tokens in fewer bytes (range coding by a small prior); only a secousti with
the same prior reads such a file, so keep archives plain.
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "encode", "Turn a sound file into tokens", TEXT)
    parser.add_argument("audio", type=Path, metavar="IN.wav")
    parser.add_argument("tokens", type=Path, metavar="OUT.sec")
    parser.add_argument("--coded", action="store_true", help="a shorter file of the same tokens")
    add_rate(parser)
    add_weights(parser)
    add_config(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from codec import load_codec
    from codec.file import write_sec
    from secousti.files import existing, replacing
    from secousti.recoding import encode_file
    from secousti.settings import load_settings

    settings = load_settings(args.config, rate=args.rate, weights=args.weights)
    audio = existing(args.audio, "a sound file")
    tokens = encode_file(load_codec(settings.rate, weights=settings.weights), audio)
    with replacing(args.tokens) as draft:
        size = write_sec(draft, tokens, coded=args.coded)
    cost = f"{tokens.bps:.0f} bits per second ({tokens.rate})"
    print(f"{args.tokens}: {tokens.seconds:.2f} s at {cost}, {size:,} bytes")
    return 0
