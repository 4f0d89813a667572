"""``secousti mic``: talk to the agent with microphone and headphones."""

from __future__ import annotations

import argparse
from pathlib import Path

from secousti.commands.words import Subparsers, add_config, add_rate, add_server, describe

TEXT = """\
Speak; a pause hands the turn over, and speaking again interrupts the agent. Use headphones:
a loudspeaker would let the agent hear itself. Ctrl-C ends the call.

  secousti mic
  secousti mic --server ws://127.0.0.1:8765
  secousti mic --file talk.wav --save answers.wav     where there is no sound card

Needs the extra: pip install -e '.[mic]' (and PortAudio: apt-get install libportaudio2).
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "mic", "Talk to the agent yourself", TEXT)
    parser.add_argument("--file", type=Path, metavar="WAV", help="a recording as microphone")
    parser.add_argument("--save", type=Path, metavar="WAV", help="keep what the agent said")
    add_rate(parser)
    add_server(parser)
    add_config(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import asyncio

    from secousti.settings import load_settings
    from secousti.show import Show
    from secousti.talk import talk

    settings = load_settings(args.config, rate=args.rate, token=args.token)
    asyncio.run(talk(settings, args.server, args.file, args.save, Show()))
    return 0
