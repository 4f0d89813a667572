"""Which commands there are, and in what order a person reads them."""

from __future__ import annotations

from importlib.metadata import version

from secousti.commands import (
    bench,
    call,
    callers,
    chat,
    convert,
    decode,
    doctor,
    encode,
    eval,
    export,
    info,
    mic,
    personas,
    replay,
    say,
    serve,
    token,
    train,
)
from secousti.commands.words import Subparsers

# In the order a newcomer would want them.
LIGHT = (
    *(call, mic, serve, token, callers, chat, personas, replay),
    *(encode, decode, convert, say, info, export, doctor),
)
MOUNTED = (bench, eval, train)  # commands whose words another room describes


def add_all(subparsers: Subparsers, wanted: str | None) -> None:
    """Describe every command; a mounted room is imported only where ``wanted`` names it."""
    for command in LIGHT:
        command.add_parser(subparsers)
    for mounted in MOUNTED:
        if wanted == mounted.NAME:
            mounted.add_parser(subparsers)
        else:
            subparsers.add_parser(mounted.NAME, help=mounted.SUMMARY)


def version_line() -> str:
    """``secousti X.Y.Z`` as installed."""
    return f"secousti {version('secousti')}"
