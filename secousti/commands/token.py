"""``secousti token``: who may call this server, one token or more for each tenant."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path

from secousti.commands.words import Subparsers, add_config, describe

TEXT = """\
A server can be open to several teams, each with tokens of its own: calls and limits are then
counted by tenant. The file ('tokens' in the settings, or --file) keeps hashes; a token is
shown once, when it is made. A running server notices every change.

  secousti token add north-clinic --file tokens.json
  secousti token rotate north-clinic --days 7     a new one; the old ones work for a week more
  secousti token revoke north-clinic              now, all of them
  secousti token revoke north-clinic --id x8Fq2a  only the one that begins so
  secousti token list
"""
DEFAULT_DAYS = 7  # a new token reaches every place that uses it within a week


def add_parser(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "token", "Give out and take back the tokens of callers", TEXT)
    parser.add_argument("action", choices=("add", "rotate", "revoke", "list"))
    parser.add_argument("tenant", nargs="?", help="whose: small letters, digits and hyphens")
    parser.add_argument("--file", type=Path, metavar="JSON", help="the file of tokens")
    parser.add_argument("--id", help="revoke: only the token that begins so")
    parser.add_argument(
        "--days", type=float, help="add: until it ends; rotate: until the old ones do (default: 7)"
    )
    add_config(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from secousti.tokens import list_tokens, token_file

    path, now = token_file(args.file, args.config), datetime.now(UTC)
    if args.action == "list":
        print("\n".join(list_tokens(path, now)))
        return 0
    return _change(args, path, now)


def _change(args: argparse.Namespace, path: Path, now: datetime) -> int:
    from codec.errors import SecoustiError
    from secousti import tokens

    if args.tenant is None:
        raise SecoustiError(f"say whose: secousti token {args.action} TENANT")
    if args.action == "revoke":
        tokens.revoke(path, args.tenant, args.id, now)
        return 0
    if args.action == "add":
        token = tokens.add(path, args.tenant, now, args.days)
    else:
        token = tokens.rotate(path, args.tenant, now, args.days or DEFAULT_DAYS)
    print(token)
    return 0
