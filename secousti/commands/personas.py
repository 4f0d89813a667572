"""``secousti personas``: who may speak, and who suits a caller."""

from __future__ import annotations

import argparse

from secousti.commands.words import Subparsers, describe

TEXT = """\
Every persona is a style of the same AI, fictional and announced as such. With --for the words of a
caller, they come in the order in which they suit, with the reason.

  secousti personas
  secousti personas --for "it is all too fast, I need somebody calm"
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "personas", "List the styles in which the agent speaks", TEXT)
    parser.add_argument("--for", dest="words", metavar="WORDS", help="what a caller said")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from voice_agent.think.persona import bank

    if args.words is None:
        for persona in bank().values():
            print(f"{persona.name:<8}{persona.style}: {persona.about}")
        return 0
    from voice_agent.contracts import UserTurn
    from voice_agent.think import Mind
    from voice_agent.think.matching import Wants

    mind = Mind.load()
    insight = mind.understander.understand(UserTurn(args.words), 0)
    wants = Wants(
        mind.wishes.wishes(args.words), insight.record.topic, insight.feeling, vector=insight.vector
    )
    for match in mind.matcher.rank(wants):
        print(f"{match.persona.name:<8}{match.score:6.2f}  {match.words}")
    return 0
