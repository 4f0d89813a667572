"""The command ``secousti``: one parser, one file per command, one way to tell a fault.

Exit status: 0 done; 2 a fault the person can mend, told in one line on standard error; 130
interrupted; 141 the reader of our output went away.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from secousti.commands.registry import add_all, version_line

FAULT, INTERRUPTED, BROKEN_PIPE = 2, 130, 141

DESCRIPTION = """\
Secousti: a spoken support agent that runs on your machine, and the 1 kbps speech codec it
talks through. Start with a whole call, shown as it happens:

  secousti call
"""
EPILOG = """\
'secousti COMMAND --help' explains a command, with examples. Settings come from flags, then
SECOUSTI_* environment variables, then secousti.toml in this folder.
"""


def build_parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The parser for the command line ``words``; rooms behind unnamed commands stay unloaded."""
    parser = argparse.ArgumentParser(
        prog="secousti",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=version_line())
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    wanted = next((word for word in words if not word.startswith("-")), None)
    add_all(subparsers, wanted)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status; see the module's table of statuses."""
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        args = build_parser(words).parse_args(words)
        status = int(args.run(args) or 0)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        silence_stdout()
        return BROKEN_PIPE
    except Exception as fault:
        if not can_be_mended(fault):
            raise
        print(f"secousti: {fault}", file=sys.stderr)
        return FAULT


def can_be_mended(fault: Exception) -> bool:
    """Whether the fault is the person's to mend, not ours.

    The class is looked up only now: its room brings torch, for which --help must not wait.
    """
    from codec.errors import SecoustiError

    return isinstance(fault, SecoustiError)


def silence_stdout() -> None:
    """Point standard output at nothing, so that the interpreter's last flush cannot complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
