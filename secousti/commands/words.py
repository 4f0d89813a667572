"""Words that several commands share, so that an option means the same everywhere."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TypeAlias

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def describe(subparsers: Subparsers, name: str, summary: str, text: str) -> argparse.ArgumentParser:
    """A command's own parser: ``summary`` in the list, ``text`` (with examples) in its help."""
    return subparsers.add_parser(
        name,
        help=summary,
        description=f"{summary}.\n\n{text}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_rate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rate",
        choices=("low", "high"),
        help="operating point: low (about 273 bits per second) or high (about 1092, the default)",
    )


def add_weights(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--weights", type=Path, metavar="FILE", help="codec weights other than the packaged ones"
    )


def add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", type=Path, metavar="TOML", help="settings file (default: secousti.toml)"
    )


def add_server(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--server",
        metavar="URL",
        help="a running server, such as ws://127.0.0.1:8765 (default: one is started for the call)",
    )
    parser.add_argument("--token", help="the token that server asks for")
