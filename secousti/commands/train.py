"""``secousti train``: the words and the work are the room ``training``'s own."""

from __future__ import annotations

from secousti.commands.words import Subparsers

NAME = "train"
SUMMARY = "Train the codec on your own speech"


def add_parser(subparsers: Subparsers) -> None:
    from training.cli import add_parser as mount

    mount(subparsers)
