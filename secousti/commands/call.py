"""``secousti call``: a whole call on this machine, shown as it happens."""

from __future__ import annotations

import argparse
from pathlib import Path

from secousti.commands.words import Subparsers, add_config, add_rate, add_server, describe

TEXT = """\
Starts a server on this machine (unless --server names one), plays the caller's recording to
it as a live client would, in real time, through the codec and the websocket, and shows what
was heard, what was answered, what it cost in bits and how long the caller had to wait.

  secousti call
  secousti call --rate low --out calls/low
  secousti call --audio first.wav second.wav --json
  secousti call --server wss://help.example.org --token SECRET

One --audio file is one caller turn; without --audio a bundled recording calls. The folder
of --out then holds greeting.wav, reply-1.wav ... as the caller heard them, and call.jsonl,
the token log that 'secousti replay' turns back into the same audio, bit for bit.
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "call", "Make a whole call and watch it happen", TEXT)
    parser.add_argument(
        "--audio", type=Path, nargs="+", metavar="WAV", help="the caller, one file per turn"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("calls/latest"), help="folder for replies and token log"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a show")
    add_rate(parser)
    add_server(parser)
    add_config(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import asyncio
    import json

    from secousti.demo import bundled_turns, make_call
    from secousti.recording import read_turn
    from secousti.settings import load_settings
    from secousti.show import Show

    settings = load_settings(args.config, rate=args.rate, token=args.token)
    turns = [read_turn(path) for path in args.audio or bundled_turns()]
    show = Show(quiet=args.json)
    call = asyncio.run(make_call(settings, args.server, turns, args.out, show))
    if args.json:
        print(json.dumps(call, indent=1))
    else:
        show.farewell(str(args.out), call["log"])
    return 0
