"""``secousti chat``: the same agent by text, for people without a microphone and for tests."""

from __future__ import annotations

import argparse

from secousti.commands.words import Subparsers, add_config, describe

TEXT = """\
One line on standard input is one turn. With --json every answer is one JSON object a line:
said, stage, strategy, risk and thinking.

  secousti chat
  secousti chat --persona Mara
  echo "I cannot sleep since the new project" | secousti chat --json
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "chat", "Talk to the agent by text", TEXT)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--persona", metavar="NAME", help="who speaks; see secousti personas")
    add_config(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import sys

    from secousti.chat import run_chat
    from secousti.house import think_settings
    from secousti.settings import load_settings
    from voice_agent.think import Mind
    from voice_agent.think.persona import persona_named

    settings = load_settings(args.config, persona=args.persona)
    persona = persona_named(settings.persona)
    mind = Mind.load(think_settings(settings))
    if sys.stdin.isatty():
        print("Type a line and press Enter; Ctrl-D ends the conversation.", file=sys.stderr)
    return run_chat(
        sys.stdin, sys.stdout, args.json, mind=mind, locale=settings.locale, persona=persona
    )
