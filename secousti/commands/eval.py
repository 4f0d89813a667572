"""``secousti eval``: the words are the agent's own; see ``voice_agent.evaluate``."""

from __future__ import annotations

import argparse

from secousti.commands.words import Subparsers, describe

NAME = "eval"
SUMMARY = "Measure the agent: strategy, stages, crisis, boundaries and more"


def add_parser(subparsers: Subparsers) -> None:
    from secousti.session_suite import SESSION
    from voice_agent.evaluate.cli import add_eval_arguments, describe_suites

    parser = describe(subparsers, NAME, SUMMARY, describe_suites([SESSION]))
    add_eval_arguments(parser, [SESSION])
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from voice_agent.evaluate.cli import run as run_eval

    return run_eval(args)
